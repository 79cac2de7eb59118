#!/usr/bin/env python3
"""The relay's rate with Kafka, against a plain producer of the same client with the same settings.

    benches/relay/kafka.py [--events 50000] [--rounds 3] BINARY PLAIN

BINARY is martydb with the feature `kafka`, PLAIN the example `relay-kafka`, which runs librdkafka's mock cluster too. It starts
a PostgreSQL server (embedded) of its own and prints one JSON document. Needs psql.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOPIC, PAD = "ev", 200


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.cluster = subprocess.Popen(
            [arguments.plain, "cluster", TOPIC, "12"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.cluster.stdout.readline().strip()
        outbox = f"outbox: {{ to: {{ kafka: \"{self.address}\", topic: {TOPIC} }} }}"
        (folder / "martydb.yaml").write_text(
            "version: 1\nproject: bench\nservers: { main: { embedded: true } }\n"
            f"services:\n  s: {{ {outbox} }}\n")
        path = folder / "s" / "migrations"
        path.mkdir(parents=True)
        template = (ROOT / "templates/outbox.sql").read_text()
        (path / "V1__outbox.sql").write_text(template.replace("{{service}}", "s").replace("{{message}}", "outbox"))
        (path / "V1__outbox.down.sql").write_text("-- martydb: irreversible: a benchmark\n")
        self.martydb("init-all", "-y")
        self.url = self.martydb("url", "s").strip()

    def martydb(self, *words):
        done = subprocess.run([self.arguments.binary, *words], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, sql):
        done = subprocess.run(["psql", "-qAt", self.url, "-c", sql], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def relay(self):
        """From the first event that is marked to the last."""
        self.sql("INSERT INTO s_outbox (aggregate_type, aggregate_id, event_type, payload) "
                 f"SELECT 'thing', (i % 1000)::text, 'made', jsonb_build_object('n', i, 'pad', repeat('x', {PAD})) "
                 f"FROM generate_series(1, {self.arguments.events}) i")
        relay = subprocess.Popen([self.arguments.binary, "relay", "-q"], cwd=self.folder)
        while self.sql("SELECT EXISTS (SELECT FROM s_outbox WHERE published_at IS NULL)") == "t":
            assert relay.poll() is None, f"the relay has ended with {relay.returncode}"
            time.sleep(0.2)
        relay.send_signal(signal.SIGTERM)
        relay.wait()
        times = "extract(epoch FROM max(published_at) - min(published_at))"
        seconds = float(self.sql(f"SELECT {times} FROM s_outbox"))
        self.sql("DELETE FROM s_outbox")
        return self.arguments.events / seconds

    def plain(self):
        words = ["plain", self.address, TOPIC, str(self.arguments.events), "500", str(PAD)]
        done = subprocess.run([self.arguments.plain, *words], capture_output=True, text=True, check=True)
        done = json.loads(done.stdout)
        assert done["acknowledged"] == self.arguments.events, done
        return done["acknowledged"] / done["seconds"]

    def close(self):
        subprocess.run([self.arguments.binary, "dev", "destroy", "-y"], cwd=self.folder, capture_output=True)
        self.cluster.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("plain")
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    arguments.binary, arguments.plain = map(os.path.abspath, (arguments.binary, arguments.plain))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, pathlib.Path(folder))
        try:
            result = {"load_before": os.getloadavg()[0]}
            # In turn, so that what else the machine does falls on both.
            rounds = [(bench.plain(), bench.relay()) for _ in range(arguments.rounds)]
            plain, relay = zip(*rounds)
            result["plain_per_s"], result["relay_per_s"] = statistics.median(plain), statistics.median(relay)
            result["ratio"] = statistics.median(own / base for base, own in rounds)
            result["load_after"] = os.getloadavg()[0]
            print(json.dumps(result, indent=2))
        finally:
            bench.close()


if __name__ == "__main__":
    main()
