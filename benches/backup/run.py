#!/usr/bin/env python3
"""Times backup, verify and restore against plain pg_dump and pg_restore, on one throwaway server.

    benches/backup/run.py [--mb 1000] [--rounds 3] [--martydb PROGRAM] [--pg-bin DIR]

See README.md beside this file. Only the standard library is needed.
"""

import argparse, os, pathlib, re, shutil, subprocess, sys, tempfile, threading, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from throwaway import PASSWORD, Server, high_water, program, server_programs

# Rows of each shape; `mb` of them all together, as the server counts them.
SHAPES = """
CREATE TABLE narrow (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b int, at timestamptz DEFAULT '2020-01-01');
INSERT INTO narrow (a, b) SELECT n, n % 1000 FROM generate_series(1, {narrow}) n;
CREATE INDEX ON narrow (b);
CREATE TABLE wide (id int PRIMARY KEY, {columns});
INSERT INTO wide SELECT n, {values} FROM generate_series(1, {wide}) n;
CREATE TABLE document (id int PRIMARY KEY, what jsonb, data bytea);
INSERT INTO document SELECT n, jsonb_build_object('n', n, 'text', repeat(md5(n::text), 20)), decode(repeat(md5(n::text), 60), 'hex') FROM generate_series(1, {document}) n;
SELECT count(lo_from_bytea(0, decode(repeat(md5(n::text), 3000), 'hex'))) FROM generate_series(1, {objects}) n;
"""


# What is timed.
DUMP, LOAD = "pg_dump -Fd -j2 -Z1", "pg_restore -j2, ANALYZE"
COUNTED, HASHED, RESTORED = "martydb backup --no-hashes", "martydb backup", "martydb restore --as"
HASHES = "  its hashes alone"

# A statement that hashes rows, as the server logs it; a tab begins each further line of it.
HASHING = re.compile(r"^\S+ \S+ UTC .*LOG:  duration: [0-9.]+ ms  (?:statement|execute [^:]*): (SELECT pg_catalog\.count.*hash.*(?:\n\t.*)*)", re.M)


def hashing(server, mark, database):
    """Seconds that the statements take by which `restore` hashed rows, as `verify` does, with nothing beside them: two sessions share them."""
    with (server.folder / "log").open() as text:
        text.seek(mark)
        waiting = iter([match[1] for match in HASHING.finditer(text.read())])
    turn = threading.Lock()

    def session():
        while True:
            with turn:
                statement = next(waiting, None)
            if statement is None:
                return
            server.sql(f"SET search_path = ''; SET jit = off; SET max_parallel_workers_per_gather = 0; {statement}", database)

    began, sessions = time.monotonic(), [threading.Thread(target=session) for _ in range(2)]
    for one in sessions:
        one.start()
    for one in sessions:
        one.join()
    return time.monotonic() - began


def shapes(mb):
    columns = ", ".join(f"c{n} text" for n in range(50))
    values = ", ".join(f"md5((n + {n})::text)" if n % 5 == 0 else f"'v{n}'" for n in range(50))
    return SHAPES.format(columns=columns, values=values, narrow=mb * 5400, wide=mb * 630, document=mb * 90,
                         objects=max(1, mb * 9 // 25))


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
    return time.monotonic() - began, high[0], out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--martydb")
    parser.add_argument("--pg-bin")
    given = parser.parse_args()
    bin_dir, martydb = server_programs(given.pg_bin), program(given.martydb, "martydb")
    server = Server(bin_dir, ["max_wal_size=4GB", "shared_buffers=256MB", "log_min_duration_statement=0", "log_timezone=UTC",
                              "log_line_prefix=%m %p "])
    home = pathlib.Path(tempfile.mkdtemp(prefix="martydb-bench-project-", dir="/tmp"))
    try:
        measure(given, server, home, martydb)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def measure(given, server, home, martydb):
    url = server.url("postgres").replace("?sslmode", "?sslmode").replace("postgres://", "postgresql://")
    (home / "martydb.yaml").write_text(
        f"version: 1\nproject: bench\nservers:\n  main:\n    url: {url}\n"
        "services:\n  shop:\n    settings: { temp_file_limit: '-1' }\nbackup:\n  to: kept\n  jobs: 2\n")
    folder = home / "shop/migrations"
    folder.mkdir(parents=True)
    (folder / "V1__shapes.sql").write_text(shapes(given.mb))
    (folder / "V1__shapes.down.sql").write_text("-- martydb: irreversible: a benchmark\n")
    env = {**os.environ, "PGPASSWORD": PASSWORD}

    def run(*words):
        return timed([martydb, *words], cwd=home, env=env)

    run("apply", "--all", "-y")
    run("upgrade", "--all")
    size = int(server.sql("SELECT pg_database_size('shop')").stdout) / 1e6
    print(f"{size:.0f} MB")
    login = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "bench"]
    best = {}

    def keep(name, seconds, memory=0):
        best[name] = min(best.get(name, (1e9, 0)), (seconds, memory))
        print(f"  {name:32} {seconds:8.2f} s  {memory:5.0f} MB", flush=True)

    for number in range(given.rounds):
        print(f"round {number + 1}")
        plain = home / "plain"
        shutil.rmtree(plain, ignore_errors=True)
        keep(DUMP, timed(["pg_dump", *login, "-Fd", "-j2", "-Z1", "-f", plain, "shop"], env=env)[0])
        keep(COUNTED, *run("backup", "shop", "--no-hashes")[:2])
        seconds, memory, out = run("backup", "shop", "-o", "name")
        keep(HASHED, seconds, memory)
        backup = out.strip()
        server.sql("CREATE DATABASE plain")
        began = time.monotonic()
        timed(["pg_restore", *login, "-j2", "-d", "plain", plain], env=env)
        server.sql("ANALYZE", "plain")
        keep(LOAD, time.monotonic() - began)
        server.sql("DROP DATABASE plain")
        keep("martydb backup verify", *run("backup", "verify", backup)[:2])
        mark = (server.folder / "log").stat().st_size
        keep(RESTORED, *run("restore", "shop", "--from", backup, "--as", "beside", "-y")[:2])
        keep(HASHES, hashing(server, mark, "beside"))
        server.sql("DROP DATABASE beside")
        for folder in (home / "kept").glob("2*"):
            shutil.rmtree(folder)
    ratio = lambda one, other: best[one][0] / best[other][0]
    missed = 0
    for what, value, bar in [
        ("backup without hashes, to pg_dump", ratio(COUNTED, DUMP), 1.05),
        ("backup, hashes beside it, to pg_dump", ratio(HASHED, DUMP), 1.4),
        ("restore, hashes included, to pg_restore", ratio(RESTORED, LOAD), 1.15),
        ("hashes alone, to pg_dump", ratio(HASHES, DUMP), 0.35),
        ("memory in MB", max(memory for _, memory in best.values()), 100),
    ]:
        missed += value > bar
        print(f"{what:44} {value:8.2f}  bar {bar:6.2f}  {'MISSED' if value > bar else 'ok'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
