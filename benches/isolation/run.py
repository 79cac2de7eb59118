#!/usr/bin/env python3
"""Times the live matrix of many services against a plain client making the same logins, on one throwaway server.

    benches/isolation/run.py [--services 100] [--rounds 3] [--floor PROGRAM] [--martydb PROGRAM] [--pg-bin DIR]

See README.md beside this file. Only the standard library and psql are needed. Exits with 1 if a bar is missed.
"""

import argparse, json, os, pathlib, statistics, subprocess, sys, tempfile, threading, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from throwaway import PASSWORD, Server, high_water, program, server_programs

JOBS = 8
MAX_CONNECTIONS = 100
MEGABYTES = 100


class CountedServer(Server):
    """One that knows how many clients it has."""

    own = 0

    def backends(self):
        """Processes that the server has for clients now, those that are still logging in included."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return max(0, len(children) - self.own)

    def settle(self):
        """What the server starts for itself is not a connection."""
        time.sleep(1)
        self.own = len(pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split())

    def refusals(self):
        """How often it had no connection to give, in all its log."""
        text = (self.folder / "log").read_text(errors="replace")
        return sum(text.count(words) for words in ("too many clients", "too many connections", "remaining connection slots"))


class Bench:
    def __init__(self, args, server):
        self.args, self.server = args, server
        self.folder = server.folder / "project"
        self.folder.mkdir()
        names = [f"s{n:03d}" for n in range(1, args.services + 1)]
        (self.folder / "martydb.yaml").write_text(
            "version: 1\nproject: bench\nservers:\n  main:\n    url: postgresql://bench@127.0.0.1:"
            f"{server.port}/postgres?sslmode=disable\nservices:\n" + "".join(f"  {name}:\n" for name in names))
        self.martydb("apply", "--all", "-y")
        connections = json.loads(self.martydb("test-connections", "-o", "json")["out"])["connections"]
        stored = {}
        for line in (self.folder / ".martydb/secrets/development.yaml").read_text().splitlines():
            role, _, password = line.strip().partition(":")
            stored[role.strip("\"'")] = password.strip().strip("\"'")
        self.logins, self.databases = server.folder / "logins", server.folder / "databases"
        self.logins.write_text("".join(f"{one['role']} {stored[one['role']]}\n" for one in connections))
        rooms = names + (["postgres", "template1"] if not args.services_only else [])
        self.databases.write_text("".join(f"{name}\n" for name in rooms))
        self.count = len(connections) * len(rooms)
        server.settle()

    def program(self, command, codes=(0,)):
        """Runs it; how long it took, its memory, and the most connections that the server had meanwhile."""
        peak, memory, done, process = 0, 0, threading.Event(), None

        def watch():
            nonlocal peak, memory
            while not done.wait(0.01):
                peak = max(peak, self.server.backends())
                memory = max(memory, high_water(process.pid))

        watcher = threading.Thread(target=watch)
        with tempfile.TemporaryFile() as out:
            started = time.perf_counter()
            process = subprocess.Popen(command, env={**os.environ, "PGPASSWORD": PASSWORD}, cwd=self.folder,
                                       stdout=out, stderr=subprocess.PIPE)
            watcher.start()
            errors = process.stderr.read().decode(errors="replace")
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - started
            done.set()
            watcher.join()
            out.seek(0)
            text = out.read().decode()
        if process.returncode not in codes:
            raise SystemExit(f"{command} ended with {process.returncode}:\n{text[-1500:]}\n{errors[-1500:]}")
        return {"seconds": seconds, "mb": memory, "connections": peak, "out": text,
                "cpu": usage.ru_utime + usage.ru_stime}

    def martydb(self, *words):
        return self.program([self.args.martydb, *words])

    def verify(self, probes):
        refusals = self.server.refusals()
        result = self.martydb("verify-isolation", "--probes", probes, "-j", str(JOBS), "-o", "json")
        result["refusals"] = self.server.refusals() - refusals
        document = json.loads(result["out"])
        result["summary"], result["bytes"] = document["summary"], len(result["out"])
        if probes == "full":
            matrix = [(one["role"], one["database"]) for one in document["matrix"]]
            wanted = [line.split(" ")[0] for line in self.logins.read_text().splitlines()]
            rooms = self.databases.read_text().splitlines()
            missing = {(role, room) for role in wanted for room in rooms} - set(matrix)
            if missing or len(matrix) != len(set(matrix)):
                raise SystemExit(f"not the same logins: {len(missing)} of the floor's are missing")
        return result

    def floor(self):
        return self.program([self.args.floor, str(self.server.port), str(JOBS), str(self.logins), str(self.databases)])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--services", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--services-only", action="store_true",
                        help="the floor leaves out the maintenance database and template1, which martydb tries")
    parser.add_argument("--floor", help="another program with the arguments of floor/; default: built here")
    parser.add_argument("--martydb", help="the binary; default: built here")
    parser.add_argument("--pg-bin")
    args = parser.parse_args()
    args.pg_bin = server_programs(args.pg_bin)
    args.martydb = program(args.martydb, "martydb")
    args.floor = program(args.floor, "floor", HERE / "floor/Cargo.toml")
    return args


def main():
    args, missed = arguments(), []

    def judge(name, value, bar, unit, more=""):
        good = value <= bar
        print(f"{name:34} {value:9.2f} {unit:4} bar {bar:9.2f}  {'ok' if good else 'MISSED'}{more}", flush=True)
        if not good:
            missed.append(name)

    server = CountedServer(args.pg_bin, [f"max_connections={MAX_CONNECTIONS}"])
    try:
        bench = Bench(args, server)
        version = server.sql("SHOW server_version").stdout.strip()
        print(f"PostgreSQL {version}, {os.cpu_count()} cores, {bench.count} logins, {JOBS} at a time, load {os.getloadavg()[0]:.1f}",
              flush=True)
        ours, theirs = [], []
        for number in range(args.rounds):
            # The other one goes first in every second round, so that nobody always comes after the same one.
            for who in ("martydb", "floor") if number % 2 == 0 else ("floor", "martydb"):
                result = bench.verify("full") if who == "martydb" else bench.floor()
                (ours if who == "martydb" else theirs).append(result)
                print(f"  round {number + 1}: {who:8} {result['seconds']:7.2f} s  {result['cpu']:6.2f} s of its own  "
                      f"{result['mb']:4.0f} MB  {result['connections']:3d} connections at most  load {os.getloadavg()[0]:.1f}  "
                      f"{result.get('summary') or result['out'].strip()}", flush=True)
        best = lambda results: min(result["seconds"] for result in results)
        median = lambda results: statistics.median(result["seconds"] for result in results)
        judge("full matrix, best", best(ours), best(theirs), "s", f"  {best(ours) / best(theirs):.2f} of the floor")
        judge("full matrix, median", median(ours), median(theirs), "s", f"  {median(ours) / median(theirs):.2f} of the floor")
        judge("memory", max(result["mb"] for result in ours), MEGABYTES, "MB")
        judge("connections at most", max(result["connections"] for result in ours), MAX_CONNECTIONS, "")
        judge("probes that proved nothing", sum(result["summary"]["inconclusive"] for result in ours), 0, "")
        judge("refused for want of a connection", sum(result["refusals"] for result in ours), 0, "")
        for probes in ("sample", "none"):
            result = bench.verify(probes)
            # Seconds, on a machine where the floor takes a minute.
            judge(f"--probes {probes}", result["seconds"], best(theirs) / 10, "s", f"  {result['mb']:.0f} MB")
    finally:
        server.stop()
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
