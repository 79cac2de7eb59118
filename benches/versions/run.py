#!/usr/bin/env python3
"""Times one build of martydb against another, in pairs: migrations, the look at schemas, isolation and the relay.

    benches/versions/run.py [--pairs 7] [--bench migrate,schemas,isolation,relay] [--old-templates DIR] [--out FILE] OLD NEW

See README.md beside this file. Exits with 1 if a median is over the limit.
"""

import argparse, contextlib, importlib.util, json, os, pathlib, statistics, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from throwaway import PASSWORD, Server, server_programs

SIDES = ("old", "new")


def bench(name):
    """The other benchmark of that name, as a module."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", HERE.parent / name / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Pairs:
    """Samples of each measurement, in the order in which they were taken."""

    def __init__(self, count):
        self.count, self.samples = count, {}

    def run(self, measure):
        """`measure` takes a side and gives the seconds of each measurement by name."""
        for number in range(self.count):
            # The other side begins in every second pair.
            for side in SIDES if number % 2 == 0 else SIDES[::-1]:
                for name, seconds in measure(side).items():
                    self.samples.setdefault(name, {}).setdefault(side, []).append(seconds)
            print(f"pair {number + 1} of {self.count}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def a_server_each(start):
    """A server of each side, stopped at the end."""
    with contextlib.ExitStack() as stopped:
        servers = {}
        for side in SIDES:
            servers[side] = start()
            stopped.callback(servers[side].stop)
        yield servers


def migrate(args, pairs):
    module = bench("migrate")
    for shape in ("4x50", "50x10"):
        services, files = map(int, shape.split("x"))
        with a_server_each(lambda: Server(args.pg_bin)) as servers:
            benches = {}
            for side, server in servers.items():
                folder = server.folder / "work"
                folder.mkdir()
                options = argparse.Namespace(martydb=args.binary[side], floor="", tools_dir="/nowhere")
                benches[side] = module.Bench(options, folder, server, module.generate(folder, services, files, server))

            def measure(side):
                samples = {}
                benches[side].round("martydb", samples)
                return {f"migrate {shape} {step}": found[0][0] for (_, step), found in samples.items()}

            pairs.run(measure)


TABLES = "".join(
    f"CREATE TABLE thing_{n} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT '', made timestamptz, CHECK (id > 0));\n"
    f"CREATE INDEX thing_{n}_name ON thing_{n} (name);\n"
    for n in range(200)
)


def schemas(args, pairs):
    """`status --check` of 50 services with 200 tables each."""
    with a_server_each(lambda: Server(args.pg_bin)) as servers:
        folders = {}
        for side, server in servers.items():
            folder = folders[side] = server.folder / "work"
            names = [f"s{n}" for n in range(50)]
            for name in names:
                (folder / name / "migrations").mkdir(parents=True)
                (folder / name / "migrations/V1__tables.sql").write_text(TABLES)
                (folder / name / "migrations/V1__tables.down.sql").write_text("-- martydb: irreversible: a benchmark\n")
            listed = "".join(f"  {name}:\n" for name in names)
            url = f"postgresql://bench@127.0.0.1:{server.port}/postgres?sslmode=disable"
            (folder / "martydb.yaml").write_text(f"version: 1\nproject: bench\nservers:\n  main: {{ url: '{url}' }}\nservices:\n{listed}")
            timed(args.binary[side], folder, "init-all", "-y")
        pairs.run(lambda side: {"status --check 50x200": timed(args.binary[side], folders[side], "status", "--check")})


def timed(binary, folder, *words):
    """Seconds of a command that has to end with 0."""
    begun = time.perf_counter()
    done = subprocess.run([binary, *words], cwd=folder, env={**os.environ, "PGPASSWORD": PASSWORD}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: {words} exited with {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    return time.perf_counter() - begun


def isolation(args, pairs):
    module = bench("isolation")
    with a_server_each(lambda: module.CountedServer(args.pg_bin, [f"max_connections={module.MAX_CONNECTIONS}"])) as servers:
        benches = {}
        for side, server in servers.items():
            options = argparse.Namespace(martydb=args.binary[side], services=args.services, services_only=False)
            benches[side] = module.Bench(options, server)

        def measure(side):
            return {f"isolation {probes}": benches[side].verify(probes)["seconds"] for probes in args.probes.split(",")}

        pairs.run(measure)


def relay(args, pairs):
    module = bench("relay")
    benches = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for side in SIDES:
                place = pathlib.Path(folder) / side
                place.mkdir()
                options = argparse.Namespace(binary=args.binary[side], events=args.events, idle=4)
                benches[side] = module.Bench(options, place, args.templates[side])

            def measure(side):
                events = {f"relay {services} services": benches[side].throughput(services)["events_per_s"] for services in (1, 4)}
                found = {name: args.events / rate for name, rate in events.items()}
                found["relay p99"] = benches[side].latency(seconds=10)["p99_ms"] / 1000
                return found

            pairs.run(measure)
        finally:
            for one in benches.values():
                one.close()


def table(samples, limit):
    """Rows of the report, and the names of those over the limit."""
    rows, over = ["| | old, s | new, s | new / old, median | least | most |", "|---|---|---|---|---|---|"], []
    for name, sides in samples.items():
        ratios = sorted(new / old for old, new in zip(sides["old"], sides["new"]))
        median = statistics.median(ratios)
        old, new = (statistics.median(sides[side]) for side in SIDES)
        rows.append(f"| {name} | {old:.3f} | {new:.3f} | {median:.2f} | {ratios[0]:.2f} | {ratios[-1]:.2f} |")
        if median > limit:
            over.append(name)
    return "\n".join(rows), over


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--bench", default="migrate,schemas,isolation,relay")
    parser.add_argument("--limit", type=float, default=1.1, help="the largest median of the ratios")
    parser.add_argument("--services", type=int, default=100, help="of isolation")
    parser.add_argument("--probes", default="full,sample,none", help="of isolation")
    parser.add_argument("--events", type=int, default=100_000, help="of the relay")
    templates = HERE.parent.parent / "templates"
    parser.add_argument("--old-templates", type=pathlib.Path, default=templates, help="templates/ of the old build's commit")
    parser.add_argument("--pg-bin")
    parser.add_argument("--out", help="also writes the samples there, as JSON")
    args = parser.parse_args()
    args.pg_bin = server_programs(args.pg_bin)
    args.binary = {side: str(pathlib.Path(getattr(args, side)).resolve()) for side in SIDES}
    args.templates = {"old": args.old_templates, "new": templates}
    pairs = Pairs(args.pairs)
    for name in args.bench.split(","):
        {"migrate": migrate, "schemas": schemas, "isolation": isolation, "relay": relay}[name](args, pairs)
    rows, over = table(pairs.samples, args.limit)
    print(rows)
    if args.out:
        pathlib.Path(args.out).write_text(json.dumps(pairs.samples, indent=1))
    sys.exit(f"over {args.limit}: {', '.join(over)}" if over else 0)


if __name__ == "__main__":
    main()
