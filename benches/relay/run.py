#!/usr/bin/env python3
"""The relay's speed, latency and cost, against a plain publisher.

    benches/relay/run.py [--events 100000] [--rounds 3] [--services 4] BINARY PLAIN

BINARY is martydb, PLAIN the example `relay-plain`. It starts a PostgreSQL server (embedded) and a nats-server of its own on loopback and
prints one JSON document. Needs nats-server, psql and nats-py.
"""

import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAD = 200


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid, key="VmHWM"):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key + ":"))


def cpu_of_server(postmaster):
    """Of all its processes, also those that ended."""
    fields = pathlib.Path(f"/proc/{postmaster}/stat").read_text().rsplit(")", 1)[1].split()
    ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return cpu(postmaster) + ended + sum(cpu_of_child(child) for child in children)


def cpu_of_child(pid):
    """None of one that has ended since it was listed."""
    try:
        return cpu(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Bench:
    def __init__(self, arguments, folder, templates=ROOT / "templates"):
        self.arguments, self.folder, self.port = arguments, folder, free_port()
        self.names = [f"s{number}" for number in range(arguments.idle)]
        self.cpu_of_plain = {}
        self.nats = subprocess.Popen(
            ["nats-server", "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(folder / "store")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.env = {**os.environ, "PATH": os.environ["PATH"]}
        time.sleep(1)
        services = "".join(
            f"  {name}: {{ outbox: {{ to: {{ nats: \"nats://127.0.0.1:{self.port}\", subject: \"ev.{{service}}\" }} }} }}\n"
            for name in self.names)
        (folder / "martydb.yaml").write_text(
            f"version: 1\nproject: bench\nservers: {{ main: {{ embedded: true }} }}\nservices:\n{services}")
        template = (templates / "outbox.sql").read_text()
        for name in self.names:
            path = folder / name / "migrations"
            path.mkdir(parents=True)
            (path / "V1__outbox.sql").write_text(template.replace("{{service}}", name).replace("{{message}}", "outbox"))
            (path / "V1__outbox.down.sql").write_text("-- martydb: irreversible: a benchmark\n")
        self.martydb("apply", "--all", "-y")
        self.martydb("upgrade", "--all")
        self.martydb("apply", "--all", "-y")
        self.urls = {name: self.martydb("url", name).strip() for name in self.names}
        self.postmaster = self.parent_of_a_backend()

    def parent_of_a_backend(self):
        import psycopg
        with psycopg.connect(self.urls[self.names[0]]) as database:
            stat = pathlib.Path(f"/proc/{database.info.backend_pid}/stat").read_text()
        return int(stat.rsplit(")", 1)[1].split()[1])

    def martydb(self, *words):
        done = subprocess.run([self.arguments.binary, *words], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stream(self):
        asyncio.run(self._stream())

    async def _stream(self):
        import nats
        broker = await nats.connect(f"nats://127.0.0.1:{self.port}")
        context = broker.jetstream()
        try:
            await context.delete_stream("EV")
        except Exception:
            pass
        await context.add_stream(name="EV", subjects=["ev.>"])
        await broker.close()

    def emit(self, name, events):
        sql = (f"INSERT INTO {name}_outbox (aggregate_type, aggregate_id, event_type, payload) "
               f"SELECT 'thing', (i % 1000)::text, 'made', jsonb_build_object('n', i, 'pad', repeat('x', {PAD})) "
               f"FROM generate_series(1, {events}) i")
        subprocess.run(["psql", "-q", self.urls[name], "-c", sql], check=True)

    @contextlib.contextmanager
    def relay(self, *names):
        """Ends with the block, however that ends: a relay that stayed would keep a pipe open behind it."""
        relay = subprocess.Popen([self.arguments.binary, "relay", *names, "-q"], cwd=self.folder)
        try:
            yield relay
            assert relay.poll() is None, f"the relay has ended with {relay.returncode}"
        finally:
            relay.send_signal(signal.SIGTERM)
            relay.wait()

    def throughput(self, services):
        self.stream()
        each = self.arguments.events // services
        for name in self.names[:services]:
            self.emit(name, each)
        time.sleep(1)
        before = cpu_of_server(self.postmaster), cpu(self.nats.pid)
        begun = time.monotonic()
        with self.relay(*self.names[:services]) as relay:
            asyncio.run(self.published(each * services, relay))
            took = time.monotonic() - begun
            seconds = {"postgres": cpu_of_server(self.postmaster) - before[0], "nats": cpu(self.nats.pid) - before[1],
                       "relay": cpu(relay.pid)}
            peak = memory(relay.pid)
        return {"events_per_s": each * services / took, "peak_mib": peak, "cpu_s": seconds}

    async def published(self, count, relay):
        """Waits until the stream has as many; asks seldom, because asking takes the same cores."""
        import nats
        broker = await nats.connect(f"nats://127.0.0.1:{self.port}")
        while (await broker.jetstream().stream_info("EV")).state.last_seq < count:
            assert relay.poll() is None, f"the relay has ended with {relay.returncode}"
            await asyncio.sleep(0.05)
        await broker.close()

    def plain(self, how):
        self.stream()
        words = [self.arguments.plain, how, f"nats://127.0.0.1:{self.port}", "ev.plain", str(self.arguments.events), "500", str(PAD)]
        before = cpu(self.nats.pid)
        done = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        assert done["acknowledged"] == self.arguments.events, done
        self.cpu_of_plain[how] = {"nats": cpu(self.nats.pid) - before, "publisher": done["cpu_s"]}
        return done["acknowledged"] / done["seconds"]

    def plain_python(self):
        """The same messages by nats-py, as many at a time, and no database."""
        self.stream()
        return asyncio.run(self._plain_python())

    async def _plain_python(self):
        import nats
        broker = await nats.connect(f"nats://127.0.0.1:{self.port}", pending_size=64 << 20)
        context, payload = broker.jetstream(), json.dumps({"n": 1, "pad": "x" * PAD}).encode()
        names = ["ce-specversion", "ce-source", "ce-type", "ce-subject", "ce-time", "content-type"]
        headers, begun = dict.fromkeys(names, "a value of the usual length"), time.monotonic()
        for first in range(0, self.arguments.events, 500):
            sent = [context.publish("ev.plain", payload, headers={**headers, "Nats-Msg-Id": f"python-{begun}-{number}"})
                    for number in range(first, min(first + 500, self.arguments.events))]
            await asyncio.gather(*sent)
        took = time.monotonic() - begun
        await broker.close()
        return self.arguments.events / took

    def latency(self, seconds=20, rate=500):
        """From commit to broker: when the stream has the event, less when its transaction had committed."""
        import psycopg
        self.stream()
        committed, arrived = {}, {}

        def write():
            with psycopg.connect(self.urls[self.names[0]], autocommit=True) as database:
                begun = time.monotonic()
                for number in range(seconds * rate):
                    pause = begun + number / rate - time.monotonic()
                    if pause > 0:
                        time.sleep(pause)
                    database.execute(
                        f"INSERT INTO {self.names[0]}_outbox (aggregate_type, aggregate_id, event_type, payload) "
                        "VALUES ('thing', %s, 'made', %s)", (str(number % 1000), json.dumps({"number": number})))
                    committed[number] = time.monotonic()

        async def read():
            import nats
            broker = await nats.connect(f"nats://127.0.0.1:{self.port}")

            async def take(message):
                arrived[json.loads(message.data)["number"]] = time.monotonic()

            await broker.subscribe("ev.>", cb=take)
            thread = threading.Thread(target=write)
            time.sleep(2)
            thread.start()
            deadline = time.monotonic() + seconds * 3
            while len(arrived) < seconds * rate and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
            thread.join()
            await broker.close()

        with self.relay(self.names[0]):
            asyncio.run(read())
        times = sorted(max(0, arrived[number] - committed[number]) * 1000 for number in arrived)
        return {"events": len(times), "p50_ms": times[len(times) // 2], "p99_ms": times[len(times) * 99 // 100], "max_ms": times[-1]}

    def idle(self, seconds=30):
        self.stream()
        with self.relay() as relay:
            time.sleep(15)
            before = cpu(relay.pid)
            time.sleep(seconds)
            used, resident = cpu(relay.pid) - before, memory(relay.pid, "VmRSS")
        return {"services": len(self.names), "core_percent": 100 * used / seconds, "resident_mib": resident}

    def close(self):
        subprocess.run([self.arguments.binary, "dev", "destroy", "-y"], cwd=self.folder, capture_output=True)
        self.nats.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("plain")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--services", type=int, default=4)
    parser.add_argument("--idle", type=int, default=50)
    arguments = parser.parse_args()
    arguments.binary, arguments.plain = map(os.path.abspath, (arguments.binary, arguments.plain))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, pathlib.Path(folder))
        try:
            result = {"load_before": os.getloadavg()[0]}
            # In turn, so that what else the machine does falls on all of them.
            rounds = [(bench.plain("window"), bench.throughput(1), bench.plain("batch"), bench.throughput(arguments.services),
                       bench.plain_python()) for _ in range(arguments.rounds)]
            plain, one, batch, several, python = zip(*rounds)
            result["plain_per_s"] = statistics.median(plain)
            result["plain_batch_per_s"] = statistics.median(batch)
            result["plain_python_per_s"] = statistics.median(python)
            result["ratio_services_of_batch"] = statistics.median(row["events_per_s"] / base for base, row in zip(batch, several))
            result["ratio_services_of_python"] = statistics.median(row["events_per_s"] / base for base, row in zip(python, several))
            result["relay_one_service_per_s"] = statistics.median(row["events_per_s"] for row in one)
            result["relay_services_per_s"] = statistics.median(row["events_per_s"] for row in several)
            result["ratio_one_service"] = statistics.median(row["events_per_s"] / base for base, row in zip(plain, one))
            result["ratio_services"] = statistics.median(row["events_per_s"] / base for base, row in zip(plain, several))
            result["peak_mib"] = max(row["peak_mib"] for row in one + several)
            result["cpu_s_plain"], result["cpu_s_services"] = bench.cpu_of_plain, several[-1]["cpu_s"]
            result["latency"] = bench.latency()
            result["idle"] = bench.idle()
            result["load_after"] = os.getloadavg()[0]
            print(json.dumps(result, indent=2))
        finally:
            bench.close()


if __name__ == "__main__":
    main()
