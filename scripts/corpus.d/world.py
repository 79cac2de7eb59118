"""The server of a worker, and the commands that are run on it."""

import os
import re
import shlex
import signal
import subprocess
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class Ended(Exception):
    """A cell that is not right: the command, its exit code and its output, so that it can be repeated by hand."""

    def __init__(self, command, code, output, why=""):
        super().__init__(why or command)
        self.command, self.code, self.output, self.why = command, code, output, why


class Absent(Exception):
    """A cell that cannot be run, with the reason."""


def run(command, cwd, env=None, given=None, seconds=180):
    """Returns exit code, standard output, and both outputs together. A command that does not end is killed: code 124."""
    child = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **(env or {})}, text=True, errors="replace", start_new_session=True,
        stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = child.communicate(given, timeout=seconds)
        return child.returncode, out, out + err
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, err = child.communicate()
        return 124, out, f"{out}{err}\nkilled after {seconds} s"


def shown(command):
    return shlex.join(str(word) for word in command)


class World:
    """An embedded server of martydb, whose `pg_hba.conf` is what a service needs."""

    def __init__(self, folder, martydb):
        self.folder, self.martydb, self.lock = Path(folder), martydb, threading.Lock()
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        (self.folder / "martydb.yaml").write_text("version: 1\nservers:\n  main: { embedded: true }\nservices:\n  base: {}\n")
        (self.folder / "base/migrations").mkdir(parents=True)
        self.base("dev", "up")
        query = parse_qs(urlsplit(self.base("url", "--admin", "--server", "main").strip()).query)
        self.host, self.port = query["host"][0], query["port"][0]
        # The rows' services log in by TCP alone, and the admin of their manifests where they do.
        self.sql("postgres", "ALTER ROLE postgres PASSWORD 'of-the-corpus'")
        self.url = f"postgresql://postgres:of-the-corpus@127.0.0.1:{self.port}/postgres"
        self.major = int(self.sql("postgres", "SHOW server_version_num")) // 10000

    def base(self, *words):
        command = [self.martydb, *words]
        code, out, both = run(command, self.folder)
        if code:
            raise SystemExit(f"error: {shown(command)}: exit {code}\n{both}")
        return out

    def stop(self):
        run([self.martydb, "dev", "destroy", "-y"], self.folder)

    def login(self, user="postgres", password=None, options=None):
        env = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": user, "PGCLIENTENCODING": "UTF8"}
        if password:
            env.update(PGHOST="127.0.0.1", PGPASSWORD=password)
        # What a row leaves for every login must not hold up the corpus itself.
        if options or user == "postgres":
            env["PGOPTIONS"] = options or "-c default_transaction_read_only=off -c quote_all_identifiers=off"
        return env

    def psql(self, database, statements, user="postgres", password=None, options=None, flags=()):
        """Returns exit code and both outputs."""
        code, _, both = self.psql_apart(database, statements, user, password, options, flags)
        return code, both

    def psql_apart(self, database, statements, user="postgres", password=None, options=None, flags=()):
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *flags, "-d", database, "-f", "-"]
        return run(command, self.folder, self.login(user, password, options), statements)

    def sql(self, database, statements, **login):
        """Returns what the statements print; one that fails is a fault of the corpus."""
        code, out, both = self.psql_apart(database, statements, **login)
        if code:
            raise Ended(f"psql {database}: {statements[:2000]}", code, both, "a statement of the corpus fails")
        return out.strip("\n")

    def dump(self, database):
        """Returns the schema as `pg_dump -s` shows it, without what differs between two equal schemas."""
        command = ["pg_dump", "-s", "-O", "-x", "-N", "martydb", "-T", "*.refinery_schema_history", "-d", database]
        code, out, both = run(command, self.folder, self.login())
        if code:
            raise Ended(shown(command), code, both)
        return normalised(out)

    def declared(self, database):
        """Returns the schema as people keep it in a file, with owners and privileges."""
        command = ["pg_dump", "-s", "-d", database]
        code, out, both = run(command, self.folder, self.login())
        if code:
            raise Ended(shown(command), code, both)
        return out

    def counts(self, database):
        """Returns the number of rows of each ordinary table of the database."""
        out = self.sql(database, COUNTS)
        return dict(line.rsplit("|", 1) for line in out.splitlines())

    def clean(self):
        """Removes every setting, database and role that a row made."""
        self.psql("postgres", "ALTER ROLE ALL RESET ALL")
        for database in self.sql("postgres", "SELECT quote_ident(datname) FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')").splitlines():
            self.psql("postgres", f"UPDATE pg_database SET datistemplate = false WHERE datname = '{database}'; DROP DATABASE {database} WITH (FORCE)")
        for role in self.sql("postgres", "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND oid <> 10").splitlines():
            self.psql("postgres", f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")
        self.psql("postgres", "DROP SCHEMA IF EXISTS martydb CASCADE")
        for place in self.sql("postgres", "SELECT quote_ident(spcname) FROM pg_tablespace WHERE spcname !~ '^pg_'").splitlines():
            self.psql("postgres", f"DROP TABLESPACE {place}")


COUNTS = """
SELECT format('%I.%I', nspname, relname) || '|' ||
  (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM ONLY %I.%I', nspname, relname), false, true, '')))[1]::text
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname !~ '^pg_|^information_schema$|^martydb' AND relname <> 'refinery_schema_history'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1"""

NOISE = re.compile(r"^(--.*|\\(un)?restrict .*|SET [a-z_]+ = .*;|SELECT pg_catalog\.set_config\(.*|)$")


def normalised(dump):
    return [line for line in dump.splitlines() if not NOISE.match(line)]


def difference(left, right):
    """Returns the lines that one side alone has, at most forty."""
    ours, theirs = set(left), set(right)
    lines = [f"- {line}" for line in left if line not in theirs] + [f"+ {line}" for line in right if line not in ours]
    return "\n".join(lines[:40]) or "the order of the lines differs"
