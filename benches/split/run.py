#!/usr/bin/env python3
"""Times `split copy` and `split verify` against pgcopydb and `pg_dump -Fd -j2 -Z0` with `pg_restore -j2`, on one throwaway server.

    benches/split/run.py [--mb 1000] [--rounds 3] [--martydb PROGRAM] [--pg-bin DIR]

See README.md beside this file. Only the standard library is needed; pgcopydb (`apt-get install pgcopydb`) is timed if it is there.
"""

import argparse, os, pathlib, shutil, subprocess, sys, tempfile, threading, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from throwaway import PASSWORD, Server, high_water, program, server_programs

# The tables of three services, by the service.
TABLES = {
    "orders": """
CREATE TABLE orders (id bigint PRIMARY KEY, customer int, amount numeric(12, 2), at timestamptz, note text);
CREATE INDEX orders_customer ON orders (customer);
CREATE INDEX orders_at ON orders (at);
CREATE TABLE order_lines (order_id bigint REFERENCES orders, line int, what text, PRIMARY KEY (order_id, line));
""",
    "people": """
CREATE TABLE people (id int PRIMARY KEY, {columns});
CREATE INDEX people_name ON people (c0);
CREATE TABLE people_visits (id bigint PRIMARY KEY, person int REFERENCES people, at timestamptz);
CREATE INDEX people_visits_person ON people_visits (person);
""".format(columns=", ".join(f"c{n} text" for n in range(20))),
    "papers": """
CREATE TABLE papers (id int PRIMARY KEY, what jsonb, data bytea);
CREATE TABLE paper_words (paper int REFERENCES papers, word text, PRIMARY KEY (paper, word));
CREATE INDEX paper_words_word ON paper_words (word);
""",
}

ROWS = """
INSERT INTO orders SELECT n, n % 50000, n / 7.0, timestamptz '2026-01-01' + n * interval '1 second', md5(n::text) || md5((n + 1)::text) FROM generate_series(1, {orders}) n;
INSERT INTO order_lines SELECT n, 1, 'line ' || n FROM generate_series(1, {orders}) n;
INSERT INTO people SELECT n, {values} FROM generate_series(1, {people}) n;
INSERT INTO people_visits SELECT n, n % {people} + 1, timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, {visits}) n;
INSERT INTO papers SELECT n, jsonb_build_object('n', n, 'text', repeat(md5(n::text), 20)), decode(repeat(md5(n::text), 60), 'hex') FROM generate_series(1, {papers}) n;
INSERT INTO paper_words SELECT n % {papers} + 1, md5(n::text) FROM generate_series(1, {words}) n;
CHECKPOINT;
VACUUM ANALYZE;
"""

PGCOPYDB, DUMP = "pgcopydb clone, 2 jobs", "pg_dump -Fd -j2 -Z0 | pg_restore -j2"
ONE, THREE, VERIFY = "split copy, one target", "split copy, three targets", "split verify"


def rows(mb):
    values = ", ".join(f"md5((n + {n})::text)" if n % 3 == 0 else f"'v{n}'" for n in range(20))
    return ROWS.format(values=values, orders=mb * 2000, people=mb * 800, visits=mb * 1500, papers=mb * 90, words=mb * 900)


def timed(command, **options):
    """Seconds, and the largest resident set in MB."""
    began, high = time.monotonic(), [0]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def watch():
        while child.poll() is None:
            high[0] = max(high[0], high_water(child.pid))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = child.communicate()
    watcher.join()
    if child.returncode:
        raise SystemExit(f"{command} failed: {out}{err}")
    return time.monotonic() - began, high[0]


class SplitProject:
    """A manifest whose services have the tables already, and no rows."""

    def __init__(self, home, server, martydb, services):
        self.home, self.server, self.martydb, self.services = home, server, martydb, services
        self.env = {**os.environ, "PGPASSWORD": PASSWORD, "HOME": str(home)}
        home.mkdir()
        url = server.url("postgres").replace("postgres://", "postgresql://").replace(f":{PASSWORD}@", "@")
        listed = "".join(f"  {name}: {{ database: {name} }}\n" for name in services)
        (home / "martydb.yaml").write_text(f"version: 1\nproject: {home.name}\nservers:\n  main:\n    url: {url}\nservices:\n{listed}")
        parts = {name: [f"public.{table}" for table in tables] for name, (_, tables) in services.items()}
        text = "".join(f"  {name}: {{ tables: {tables} }}\n".replace("'", "") for name, tables in parts.items())
        (home / "split.yaml").write_text(f"source: {{ server: main, database: shared }}\nservices:\n{text}")
        for name, (ddl, _) in services.items():
            folder = home / name / "migrations"
            folder.mkdir(parents=True)
            (folder / "V1__tables.sql").write_text("-- martydb: irreversible: a benchmark\n" + ddl)
        self.run("apply", "--all", "-y")
        self.run("upgrade", "--all")

    def run(self, *words):
        return timed([self.martydb, *words], cwd=self.home, env=self.env)

    def give_up(self):
        for name in self.services:
            self.run("split", "rollback", "--service", name)
        self.server.sql("DROP SCHEMA martydb_split CASCADE", "shared")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--martydb")
    parser.add_argument("--pg-bin")
    given = parser.parse_args()
    bin_dir, martydb = server_programs(given.pg_bin), program(given.martydb, "martydb")
    server = Server(bin_dir, ["max_wal_size=4GB", "shared_buffers=256MB"])
    home = pathlib.Path(tempfile.mkdtemp(prefix="martydb-bench-project-", dir="/tmp"))
    try:
        measure(given, server, home, martydb)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def measure(given, server, home, martydb):
    server.sql("CREATE DATABASE shared")
    server.sql("".join(TABLES.values()) + rows(given.mb), "shared")
    print(f"{int(server.sql('SELECT pg_database_size($$shared$$)').stdout) / 1e6:.0f} MB")
    table = lambda ddl: [line.split()[2] for line in ddl.splitlines() if line.startswith("CREATE TABLE")]
    whole = "".join(TABLES.values())
    one = SplitProject(home / "one", server, martydb, {"all_of_it": (whole, table(whole))})
    three = SplitProject(home / "three", server, martydb, {name: (ddl, table(ddl)) for name, ddl in TABLES.items()})
    env = {**os.environ, "PGPASSWORD": PASSWORD}
    login = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "bench"]
    best = {}

    def keep(name, seconds, memory=0):
        best[name] = min(best.get(name, (1e9, 0)), (seconds, memory))
        print(f"  {name:40} {seconds:8.2f} s  {memory:5.0f} MB", flush=True)

    def plain():
        folder = home / "plain"
        began = time.monotonic()
        timed(["pg_dump", *login, "-Fd", "-j2", "-Z0", "-f", folder, "shared"], env=env)
        timed(["pg_restore", *login, "-j2", "-d", "plain", folder], env=env)
        keep(DUMP, time.monotonic() - began)
        shutil.rmtree(folder)

    def pgcopydb():
        keep(PGCOPYDB, *timed(["pgcopydb", "clone", "--source", server.url("shared"), "--target", server.url("plain"), "--table-jobs", "2",
                               "--index-jobs", "2", "--dir", home / "pgcopydb", "--restart"], env=env))
        shutil.rmtree(home / "pgcopydb", ignore_errors=True)

    for number in range(given.rounds):
        print(f"round {number + 1}")
        for other in [plain, *([pgcopydb] if shutil.which("pgcopydb") else [])]:
            server.sql("CREATE DATABASE plain")
            other()
            server.sql("DROP DATABASE plain")
            server.sql("CHECKPOINT")
        for name, project in [(ONE, one), (THREE, three)]:
            keep(name, *project.run("split", "copy", "--jobs", given.jobs))
            keep(VERIFY, *project.run("split", "verify"))
            project.give_up()
            server.sql("CHECKPOINT")
    others = [best[name][0] for name in (PGCOPYDB, DUMP) if name in best]
    missed = 0
    for what, value, bar in [
        ("copy, to the faster of the others", best[ONE][0] / min(others), 1.0),
        ("three targets, to one", best[THREE][0] / best[ONE][0], 1.25),
        ("seconds of verify for 1 GB", best[VERIFY][0] * 1000 / given.mb, 3.5),
        ("memory in MB", max(memory for name, (_, memory) in best.items() if name.startswith("split")), 100),
    ]:
        missed += value > bar
        print(f"{what:44} {value:8.2f}  bar {bar:6.2f}  {'MISSED' if value > bar else 'ok'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
