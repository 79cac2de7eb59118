"""Revisions between pairs of schemas, each judged by `pg_dump -s` and by rows that were there before.

    python3 pairs.py PAIRS OUT.json [--tool martydb|migra|pgkit|apgdiff] [--every N] [--only TEXT]

PAIRS is a folder whose folders hold states (000.sql, 001.sql, ...): each state and the next one are a pair. Needs PGHOST,
PGPORT and PGUSER of a server, PG_BIN with its programs, and MARTYDB with the binary. A pair counts as equal if the dump
after up is that of the declared schema, line by line, and the dump after down that of the former one; columns within a
table may have another order, since PostgreSQL has no statement that moves one.
"""
import argparse, json, os, re, shutil, subprocess, sys, tempfile, time
from collections import Counter
from pathlib import Path

BIN = Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
MARTYDB = os.environ.get("MARTYDB", "martydb")
HOST, PORT = os.environ.get("PGHOST", "/tmp"), os.environ.get("PGPORT", "5432")
EXTENSIONS = ["citext", "hstore", "pg_trgm", "pgcrypto"]


def run(command, text=None, **more):
    return subprocess.run([str(part) for part in command], input=text, text=True, capture_output=True, **more)


def psql(database, text, *flags):
    program = BIN / "psql"
    return run([program if program.exists() else "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *flags, "-d", database], text)


def usable(dump):
    """The dump without the lines about what the manifest and the runner decide."""
    dump = re.sub(r"^\\(un)?restrict .*$", "", dump, flags=re.M)
    dump = re.sub(r"^SET (statement|lock|idle_in|transaction|client|standard|row|default_table_access).*;$", "", dump, flags=re.M)
    dump = re.sub(r"^(CREATE|COMMENT ON) EXTENSION .*;$", "", dump, flags=re.M)
    dump = re.sub(r"^COMMENT ON SCHEMA public .*;$", "", dump, flags=re.M)
    return re.sub(r"^CREATE SCHEMA public;$", "", dump, flags=re.M)


def lines(dump):
    """Statements of a dump, sorted, since pg_dump orders equal ones by age; so are the lines of a table's columns."""
    dump = usable(dump)
    sort = lambda found: found[1] + "\n".join(sorted(line.rstrip(",") for line in found[2].splitlines())) + found[3]
    dump = "\n--\n".join(sorted(dump.split("\n--\n")))
    return re.sub(r"(CREATE (?:UNLOGGED )?(?:TABLE|TYPE) [^\n]*\(\n)(.*?)(\n\))", sort, dump, flags=re.S)


def dump(database):
    done = run([BIN / "pg_dump", "-s", "--no-owner", "--no-acl", "-d", database])
    assert not done.returncode, done.stderr
    return done.stdout


def fresh(name, schema):
    psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE);")
    psql("postgres", f"CREATE DATABASE {name} TEMPLATE template0;")
    psql(name, "".join(f'CREATE EXTENSION "{one}" SCHEMA public;' for one in EXTENSIONS))
    done = psql(name, usable(schema))
    return done.stderr if done.returncode else None


FILL = """
DO $$ DECLARE t record; BEGIN
  SET session_replication_role = replica;
  FOR t IN SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') LOOP
    BEGIN EXECUTE format('INSERT INTO %s DEFAULT VALUES', t.name); EXCEPTION WHEN OTHERS THEN NULL; END;
  END LOOP; END $$;
"""


def filled(database):
    """Puts a row into each table that takes one without values, and returns the number of rows of each."""
    psql(database, FILL)
    return counts(database)


def counts(database):
    query = """SELECT c.oid::regclass, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || c.oid::regclass, false, true, '')))[1]
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)'"""
    done = psql(database, query, "-At")
    return dict(line.rsplit("|", 1) for line in done.stdout.splitlines())


class Martydb:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="martydb-pairs-"))
        names = ", ".join(EXTENSIONS)
        host = f"postgresql://postgres@localhost:{PORT}/postgres?host={HOST}" if HOST.startswith("/") else f"postgresql://postgres@{HOST}:{PORT}/postgres"
        (self.folder / "martydb.yaml").write_text(
            f"version: 1\nproject: pairs\nservers:\n  main:\n    url: {host}\nservices:\n  pairs:\n    extensions: [{names}]\n")
        (self.folder / "pairs/migrations").mkdir(parents=True)
        done = self("apply", "--all", "-y", "--reset-passwords")
        assert not done.returncode, done.stderr + done.stdout

    def __call__(self, *arguments):
        return run([MARTYDB, *arguments], cwd=self.folder)

    def scripts(self, former, declared):
        """Up and down, or why there are none."""
        migrations = self.folder / "pairs/migrations"
        shutil.rmtree(migrations)
        migrations.mkdir()
        (migrations / "V1__former.sql").write_text("-- martydb: irreversible: the start\n" + usable(former))
        (self.folder / "schema.sql").write_text(declared)
        done = self("revision", "-s", "pairs", "--from", "schema.sql", "-m", "pair", "--with-drops", *os.environ.get("FLAGS", "").split())
        if done.returncode:
            left = [path.name for path in migrations.iterdir() if "pair" in path.name]
            return None, None, (f"WROTE {left}: " if left else "") + done.stderr
        part = lambda suffix: "\n".join(path.read_text() for path in sorted(migrations.glob("V*__pair*.sql"), key=lambda p: int(p.name[1:].split("__")[0]), reverse=suffix == ".down.sql")
                                        if path.name.endswith(".down.sql") == (suffix == ".down.sql"))
        return part(".sql"), part(".down.sql"), None


class Other:
    """Tools that compare two databases, or two dumps, in one direction."""
    def __init__(self, tool):
        self.tool = tool

    def one(self, before, after):
        if self.tool == "apgdiff":
            a, b = Path("/tmp/apg_a.sql"), Path("/tmp/apg_b.sql")
            a.write_text(usable(before)), b.write_text(usable(after))
            done = run(["apgdiff", "--ignore-start-with", a, b])
            return done.stdout, done.stderr if done.returncode else None
        fresh("pairs_a", before), fresh("pairs_b", after)
        url = lambda name: f"postgresql:///{name}?host={HOST}&port={PORT}&user=postgres"
        command = [os.environ.get("MIGRA", "migra"), "--unsafe", url("pairs_a"), url("pairs_b")]
        done = run(command)
        return done.stdout, done.stderr if done.returncode not in (0, 2) else None

    def scripts(self, former, declared):
        up, error = self.one(former, declared)
        if error:
            return None, None, error
        down, error = self.one(declared, former)
        return up, down, error


def apply(database, text):
    """In one transaction where the text allows it."""
    if "no-transaction" not in text and "CONCURRENTLY" not in text:
        return psql(database, text, "-1")
    return psql(database, text)


def judge(tool, former, declared):
    started = time.time()
    up, down, error = tool.scripts(former, declared)
    took = time.time() - started
    if error is not None:
        return {"outcome": "refused" if "WROTE" not in error else "WRONG", "why": error[-1500:], "seconds": took}
    bad = fresh("pairs_to", declared) or fresh("pairs_from", former)
    if bad:
        return {"outcome": "unusable", "why": bad, "seconds": took}
    expected, before = lines(dump("pairs_to")), lines(dump("pairs_from"))
    rows = filled("pairs_from")
    done = apply("pairs_from", up)
    result = {"seconds": took, "up": up, "down": down}
    if done.returncode:
        fresh("pairs_from", former)
        result["with_rows"] = done.stderr[-400:]
        done = apply("pairs_from", up)
        rows = None
    if done.returncode:
        return {**result, "outcome": "WRONG", "why": "up fails: " + done.stderr[-600:]}
    result["exact"] = usable(dump("pairs_from")) == usable(dump("pairs_to"))
    if lines(dump("pairs_from")) != expected:
        return {**result, "outcome": "WRONG", "why": "up: " + difference(expected, lines(dump("pairs_from")))}
    if rows is not None:
        now = counts("pairs_from")
        result["lost"] = {t: n for t, n in rows.items() if t in now and now[t] != n}
    psql("pairs_from", "") if rows is None else fresh("pairs_from", former) or apply("pairs_from", up)
    done = apply("pairs_from", down)
    if done.returncode:
        return {**result, "outcome": "WRONG", "why": "down fails: " + done.stderr[-600:]}
    if lines(dump("pairs_from")) != before:
        return {**result, "outcome": "WRONG", "why": "down: " + difference(before, lines(dump("pairs_from")))}
    return {**result, "outcome": "equal"}


def difference(expected, found):
    a, b = Counter(expected.splitlines()), Counter(found.splitlines())
    return f"missing {list((a - b))[:6]}, more {list((b - a))[:6]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs"), parser.add_argument("out")
    parser.add_argument("--tool", default="martydb"), parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    tool = Martydb() if options.tool == "martydb" else Other(options.tool)
    found, number = {}, 0
    for folder in sorted(path for path in Path(options.pairs).iterdir() if path.is_dir()):
        states = sorted(folder.glob("*.sql"))
        for one, other in zip(states, states[1:]):
            number += 1
            name = f"{folder.name}/{one.stem}-{other.stem}"
            if number % options.every or options.only not in name:
                continue
            found[name] = judge(tool, one.read_text(), other.read_text())
            if found[name]["outcome"] != "equal" or found[name].get("lost"):
                print(name, found[name]["outcome"], found[name].get("why", "")[:700], found[name].get("lost"), flush=True)
            Path(options.out).write_text(json.dumps(found, indent=1))
    total = Counter(one["outcome"] for one in found.values())
    print(options.tool, dict(total), "of", len(found), "exact", sum(1 for one in found.values() if one.get("exact")),
          "median s", sorted(one["seconds"] for one in found.values())[len(found) // 2] if found else None,
          "applied with rows", sum(1 for one in found.values() if "lost" in one), "lost rows", sum(1 for one in found.values() if one.get("lost")))


main()
