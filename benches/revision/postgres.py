"""The server of the measurements: databases, their dumps, and which differences of a dump count.

Reads PGHOST, PGPORT and PGUSER, and PG_BIN: the folder of psql and pg_dump, which is to be of the server's major.
"""
import os, re, subprocess
from pathlib import Path

BIN = Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
HOST, PORT = os.environ.get("PGHOST", "/tmp"), os.environ.get("PGPORT", "5432")
EXTENSIONS = ["citext", "hstore", "pg_trgm", "pgcrypto"]


def run(command, text=None, **more):
    return subprocess.run([str(part) for part in command], input=text, text=True, capture_output=True, **more)


def psql(database, text, *flags):
    return run([BIN / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *flags, "-d", database], text)


def dump(database):
    done = run([BIN / "pg_dump", "-s", "--no-owner", "--no-acl", "-d", database])
    assert not done.returncode, done.stderr
    return done.stdout


def drop(database):
    psql("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE);")


def fresh(database, schema):
    """Makes a database of a schema, and returns why that cannot be."""
    drop(database)
    psql("postgres", f"CREATE DATABASE {database} TEMPLATE template0;")
    psql(database, "".join(f'CREATE EXTENSION "{one}" SCHEMA public;' for one in EXTENSIONS))
    done = psql(database, usable(schema))
    return done.stderr if done.returncode else None


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
