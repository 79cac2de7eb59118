#!/usr/bin/env python3
"""Times martydb against other migration runners on one generated workload, on one throwaway server.

    benches/migrate/run.py [--shape 4x50]... [--rounds 5] [--tools a,b] [--out FILE] [--pg-bin DIR]

See README.md beside this file. Only the standard library is needed; tools that are not found are left out, and named.
"""

import argparse, concurrent.futures, json, os, pathlib, shutil, statistics, subprocess, sys, threading, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from throwaway import PASSWORD, Server, high_water, program, server_programs

JOBS = 4
NOUNS = ["account", "order", "invoice", "payment", "shipment", "product", "session", "address", "ticket", "audit"]


def migration(n):
    """Name, up and down of the n-th file: table / index / column and check / foreign key or unique index / rows."""
    k, step = divmod(n - 1, 5)
    t, previous = f"{NOUNS[k % 10]}_{k}", f"{NOUNS[(k - 1) % 10]}_{k - 1}"
    if step == 0:
        up = f"""CREATE TABLE {t} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  name text NOT NULL,
  status text NOT NULL DEFAULT 'new',
  amount numeric(12,2),
  payload jsonb NOT NULL DEFAULT '{{}}',
  created_at timestamptz NOT NULL DEFAULT now()
);"""
        return f"create_{t}", up, f"DROP TABLE {t};"
    if step == 1:
        return f"index_{t}", f"CREATE INDEX {t}_tenant_idx ON {t} (tenant_id, created_at);", f"DROP INDEX {t}_tenant_idx;"
    if step == 2:
        up = f"ALTER TABLE {t} ADD COLUMN version integer NOT NULL DEFAULT 1;\nALTER TABLE {t} ADD CONSTRAINT {t}_ck CHECK (version > 0);"
        return f"alter_{t}", up, f"ALTER TABLE {t} DROP COLUMN version;"
    if step == 3 and k % 2:
        up = f"ALTER TABLE {t} ADD COLUMN parent_id bigint REFERENCES {previous}(id);\nCREATE INDEX {t}_parent_idx ON {t} (parent_id);"
        return f"link_{t}", up, f"ALTER TABLE {t} DROP COLUMN parent_id;"
    if step == 3:
        return f"unique_{t}", f"CREATE UNIQUE INDEX {t}_name_key ON {t} (tenant_id, name);", f"DROP INDEX {t}_name_key;"
    up = f"INSERT INTO {t} (tenant_id, name) SELECT '00000000-0000-0000-0000-000000000000'::uuid, 'n' || g FROM generate_series(1, 20) g;"
    return f"seed_{t}", up, f"DELETE FROM {t};"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


ALEMBIC_ENV = """from alembic import context
from sqlalchemy import create_engine, pool
engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def generate(folder, services, files, server):
    """The workload in every tool's own layout, and a manifest for martydb."""
    lines = []
    for s in range(1, services + 1):
        db, previous = f"svc_{s:03d}", None
        url = server.url(db)
        lines.append(f"{url} {folder}/plain/{db}")
        for n in range(1, files + 1):
            name, up, down = migration(n)
            write(folder / "plain" / db / f"V{n}__{name}.sql", up + "\n")
            write(folder / "marty" / db / "migrations" / f"V{n}__{name}.sql", up + "\n")
            write(folder / "marty" / db / "migrations" / f"V{n}__{name}.down.sql", down + "\n")
            write(folder / "sqlx" / db / f"{n:04d}_{name}.up.sql", up + "\n")
            write(folder / "sqlx" / db / f"{n:04d}_{name}.down.sql", down + "\n")
            write(folder / "dbmate" / db / f"{n:04d}_{name}.sql", f"-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n")
            write(folder / "npm" / db / f"{1700000000000 + n}_{name}.sql", f"-- Up Migration\n{up}\n-- Down Migration\n{down}\n")
            write(folder / "alembic" / db / "versions" / f"{n:04d}_{name}.py",
                  f'from alembic import op\nrevision = "{n:04d}"\ndown_revision = {previous!r}\nbranch_labels = depends_on = None\n'
                  f'def upgrade():\n    op.execute(r"""{up}""")\ndef downgrade():\n    op.execute(r"""{down}""")\n')
            previous = f"{n:04d}"
        write(folder / "alembic" / db / "env.py", ALEMBIC_ENV)
        write(folder / "alembic" / db / "alembic.ini", "[alembic]\nscript_location = %(here)s\nsqlalchemy.url = "
              + url.replace("postgres://", "postgresql+psycopg://") + "\n")
    write(folder / "services", "".join(line + "\n" for line in lines))
    listed = "".join(f"  svc_{s:03d}: {{ database: m_{s:03d} }}\n" for s in range(1, services + 1))
    write(folder / "marty" / "martydb.yaml", "version: 1\nproject: bench\nservers:\n  main:\n    url: postgresql://bench@127.0.0.1:"
          f"{server.port}/postgres?sslmode=disable\nservices:\n{listed}")
    return [line.split(" ")[0] for line in lines]


def run_one(command, env=None, cwd=None):
    """Seconds, peak memory in MB, exit code."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **(env or {})}, cwd=cwd, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    errors, memory = [], [0]
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    reader.start()
    while reader.is_alive():
        memory.append(high_water(process.pid))
        reader.join(0.004)
    process.wait()
    if process.returncode:
        sys.stderr.write(f"FAILED {command}: {errors[0].decode(errors='replace')[-600:]}\n")
    return time.perf_counter() - started, max(memory), process.returncode


def run_many(commands):
    """JOBS processes at a time; the memory is that of one process."""
    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        done = list(pool.map(lambda c: run_one(*c), commands))
    return time.perf_counter() - started, max(d[1] for d in done), max(abs(d[2]) for d in done)


class Bench:
    def __init__(self, args, folder, server, urls):
        self.folder, self.server, self.urls, self.args = folder, server, urls, args
        self.dbs = [url.split("/")[-1].split("?")[0] for url in urls]
        tools = pathlib.Path(args.tools_dir)
        self.found = {
            "martydb": args.martydb, "floor": args.floor, "sqlx": tools / "bin/sqlx", "refinery": tools / "bin/refinery",
            "dbmate": tools / "node_modules/.bin/dbmate", "npgm": tools / "node_modules/node-pg-migrate/bin/node-pg-migrate.js",
            "alembic": tools / "venv/bin/alembic", "psql": shutil.which("psql") or "",
        }

    def have(self, tool):
        return self.found[tool] and pathlib.Path(self.found[tool]).exists()

    def fresh(self, tool):
        if tool == "martydb":
            names = [f"m_{db[4:]}" for db in self.dbs]
            self.server.sql("".join(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);\n" for name in names))
            self.marty("apply", "--all", "-y")
        else:
            self.server.sql("".join(f"DROP DATABASE IF EXISTS {db} WITH (FORCE);\nCREATE DATABASE {db} TEMPLATE template0;\n"
                                    for db in self.dbs))
        self.server.sql("CHECKPOINT")

    def marty(self, *words):
        result = run_one([self.found["martydb"], *words], {"PGPASSWORD": PASSWORD}, self.folder / "marty")
        if result[2]:
            raise SystemExit(f"martydb {words} failed")
        return result

    def time(self, tool, what):
        """One measurement: `apply` (also the no-op, the second time) or `status`; None where a tool has no such thing."""
        f, found = self.folder, self.found
        if tool == "martydb":
            words = ["upgrade", "--all", "-j", str(JOBS), "-q"] if what == "apply" else ["status", "-j", str(JOBS), "-q"]
            return self.marty(*words)
        if tool == "floor":
            return run_one([found["floor"], "apply" if what == "apply" else "bare", str(f), str(JOBS)])
        make = {
            ("sqlx", "apply"): lambda u, d: [found["sqlx"], "migrate", "run", "--no-dotenv", "--source", f / "sqlx" / d, "--database-url", u],
            ("sqlx", "status"): lambda u, d: [found["sqlx"], "migrate", "info", "--no-dotenv", "--source", f / "sqlx" / d, "--database-url", u],
            ("refinery", "apply"): lambda u, d: ["sh", "-c", 'U="$1" exec "$2" migrate -e U -d -m -p "$3"', "x", u, found["refinery"], f / "plain" / d],
            ("dbmate", "apply"): lambda u, d: [found["dbmate"], "--url", u, "-d", f / "dbmate" / d, "--no-dump-schema", "migrate"],
            ("dbmate", "status"): lambda u, d: [found["dbmate"], "--url", u, "-d", f / "dbmate" / d, "status"],
            ("npgm", "apply"): lambda u, d: ["node", found["npgm"], "up", "-m", f / "npm" / d],
            ("npgm", "status"): lambda u, d: ["node", found["npgm"], "up", "-m", f / "npm" / d, "--dry-run"],
            ("alembic", "apply"): lambda u, d: [found["alembic"], "-c", f / "alembic" / d / "alembic.ini", "upgrade", "head"],
            ("alembic", "status"): lambda u, d: [found["alembic"], "-c", f / "alembic" / d / "alembic.ini", "current"],
            ("psql", "apply"): self.psql,
        }.get((tool, what))
        if make is None:
            return None
        env = lambda u: {"DATABASE_URL": u} if tool == "npgm" else {}
        return run_many([([str(word) for word in make(u, d)], env(u)) for u, d in zip(self.urls, self.dbs)])

    def psql(self, url, db):
        files = sorted((self.folder / "plain" / db).iterdir(), key=lambda p: int(p.name[1:].split("__")[0]))
        words = [word for file in files for word in ("-c", "BEGIN", "-f", str(file), "-c", "COMMIT")]
        return [self.found["psql"], "-Xq", "-v", "ON_ERROR_STOP=1", *words, url]

    def round(self, tool, samples):
        self.fresh(tool)
        steps = [("apply", "apply"), ("no-op", "apply"), ("status", "status")]
        if tool == "psql":  # it keeps no history, so a second time would fail
            steps = steps[:1]
        for key, what in steps:
            result = self.time(tool, what)
            if result and result[2] == 0:
                samples.setdefault((tool, key), []).append(result[:2])
            elif result:
                samples.setdefault((tool, key + " FAILED"), []).append(result[:2])


def table(samples, order, shape):
    def cell(tool, key):
        found = samples.get((tool, key))
        return f"{statistics.median(s[0] for s in found):.3f} ({min(s[0] for s in found):.3f})" if found else "-"

    def ratio(tool, key, base):
        mine, floor = samples.get((tool, key)), samples.get(base)
        return f"{min(s[0] for s in mine) / min(s[0] for s in floor):.2f}" if mine and floor else "-"

    bare = ("floor", "status")
    lines = [f"### {shape}", "", "| | apply | no-op | status | apply / floor | no-op / bare | status / bare | peak MB |",
             "|---|---|---|---|---|---|---|---|"]
    for tool in order:
        peak = max((s[1] for (t, _), all in samples.items() if t == tool for s in all), default=0)
        status = "status" if tool != "floor" else "none"
        lines.append(f"| {tool} | {cell(tool, 'apply')} | {cell(tool, 'no-op')} | {cell(tool, status)} | "
                     f"{ratio(tool, 'apply', ('floor', 'apply'))} | {ratio(tool, 'no-op', bare)} | {ratio(tool, status, bare)} | {peak:.0f} |")
    lines.append(f"| bare connections | - | - | {cell('floor', 'status')} | - | - | 1.00 | - |")
    failed = sorted({f"{t} {k}" for t, k in samples if "FAILED" in k})
    return "\n".join(lines) + ("\n\nFailed: " + ", ".join(failed) if failed else "") + "\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", action="append", help="services x files, such as 4x50; may be repeated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tools", default="floor,martydb,refinery,sqlx,dbmate,psql,alembic,npgm")
    parser.add_argument("--tools-dir", default="/tmp/h-tools", help="where README.md has them installed")
    parser.add_argument("--martydb", help="the binary; default: built here")
    parser.add_argument("--floor", help="the floor program; default: built here")
    parser.add_argument("--pg-bin", default=None)
    parser.add_argument("--setting", action="append", default=[], help="a setting of the server, such as max_connections=50")
    parser.add_argument("--out", help="also writes the samples there, as JSON")
    args = parser.parse_args()
    args.pg_bin = server_programs(args.pg_bin)
    args.martydb = program(args.martydb, "martydb")
    args.floor = program(args.floor, "floor", HERE / "floor/Cargo.toml")
    return args


def main():
    args, kept = arguments(), {}
    for shape in args.shape or ["4x50", "50x10"]:
        services, files = map(int, shape.split("x"))
        server = Server(args.pg_bin, args.setting)
        folder = server.folder / "work"
        try:
            folder.mkdir()
            urls = generate(folder, services, files, server)
            bench, samples = Bench(args, folder, server, urls), {}
            tools = [tool for tool in args.tools.split(",") if bench.have(tool)]
            for tool in set(args.tools.split(",")) - set(tools):
                print(f"note: {tool} is not installed: left out", file=sys.stderr)
            for number in range(args.rounds):
                # Another order each round, so that nobody always comes after the same one.
                for tool in tools[number % len(tools):] + tools[:number % len(tools)]:
                    bench.round(tool, samples)
                print(f"round {number + 1} of {args.rounds} done, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
            version = server.sql("SHOW server_version").stdout.strip()
            print(f"PostgreSQL {version}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {args.rounds} rounds; "
                  f"seconds, median (best)\n\n{table(samples, tools, shape)}")
            kept[shape] = {f"{t} {k}": v for (t, k), v in samples.items()}
        finally:
            server.stop()
    if args.out:
        pathlib.Path(args.out).write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
