"""Time of a revision for a schema of many tables.

    python3 big.py [TABLES]      default: 500; the server is that of postgres.py, and MARTYDB names the binary

Each table has eight columns, a primary key, a check, two indexes, a foreign key to the table before it, a comment and, one
in five, a view and a trigger. A tenth of the tables changes: a column, an index and a check more. Prints the seconds of
revisions without a difference and with one.
"""
import os, sys, time

from tools import Martydb


def schema(tables, changed):
    out = ["CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"]
    for number in range(tables):
        name, more = f"public.t{number}", changed and number % 10 == 0
        out.append(f"""CREATE TABLE {name} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, before bigint, name text NOT NULL, state text DEFAULT 'new',
            amount numeric(12,2) DEFAULT 0, at timestamptz NOT NULL DEFAULT now(), data jsonb DEFAULT '{{}}', code varchar(20){', added integer DEFAULT 1' if more else ''},
            CONSTRAINT t{number}_amount CHECK (amount >= 0){f", CONSTRAINT t{number}_name CHECK (name <> '')" if more else ''});""")
        out.append(f"CREATE INDEX t{number}_at ON {name} (at);\nCREATE UNIQUE INDEX t{number}_code ON {name} (lower(code));\nCOMMENT ON TABLE {name} IS 'table {number}';")
        if more:
            out.append(f"CREATE INDEX t{number}_state ON {name} (state);")
        if number:
            out.append(f"ALTER TABLE {name} ADD CONSTRAINT t{number}_before FOREIGN KEY (before) REFERENCES public.t{number - 1} (id);")
        if number % 5 == 0:
            out.append(f"CREATE VIEW public.v{number} AS SELECT id, name, amount FROM {name} WHERE state = 'new';")
            out.append(f"CREATE TRIGGER touched BEFORE UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION public.touch();")
    return "\n".join(out) + "\n"


def main(tables=500):
    martydb = Martydb()
    former = schema(int(tables), False)
    for name, declared in [("without a difference", former), ("with a tenth changed", schema(int(tables), True))]:
        started = time.time()
        _, _, error = martydb.scripts(former, declared)
        print(f"{tables} tables, {name}: {time.time() - started:.1f} s", error or "")


if __name__ == "__main__":
    main(*sys.argv[1:])
