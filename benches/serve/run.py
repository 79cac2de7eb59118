#!/usr/bin/env python3
"""The data service's rate, latency and memory, against a bare program with the same driver and against Postrust.

    benches/serve/run.py [--rounds 5] [--seconds 3] [--connections 16,200] BINARY BARE [POSTRUST]

BINARY is martydb, BARE the example `serve-bare`, POSTRUST the program of the crate `postrust-server`. It starts a PostgreSQL server
(embedded) of its own, with 100,000 orders of three lines, and prints one JSON document: medians, and for each round the ratio to
each rival, of which the median counts. All programs have 10 connections and run at once; one is asked at a time. Needs psql and wrk.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ORDERS = 100_000
POOL = 10
SCHEMA = f"""
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer integer NOT NULL, status text NOT NULL,
  total numeric(12,2) NOT NULL, doc jsonb NOT NULL DEFAULT '{{"channel": "web"}}', created timestamptz NOT NULL DEFAULT now());
CREATE TABLE lines (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders, article text NOT NULL,
  pieces integer NOT NULL);
CREATE INDEX lines_of_order ON lines (order_id);
INSERT INTO orders (customer, status, total) SELECT n % 1000, 'new', n % 100 FROM generate_series(1, {ORDERS}) n;
INSERT INTO lines (order_id, article, pieces) SELECT n % {ORDERS} + 1, 'article ' || n, n % 7 FROM generate_series(1, {3 * ORDERS}) n;
ANALYZE orders, lines;
"""
# One order of many, as wrk asks for it.
LUA = """
math.randomseed(os.time())
local body, path = os.getenv("BODY"), os.getenv("TARGET")
local method = body and "POST" or "GET"
if body then wrk.headers["Content-Type"] = "application/json"; wrk.headers["Prefer"] = "return=representation" end
if os.getenv("KEY") then wrk.headers["Authorization"] = "Bearer " .. os.getenv("KEY") end
request = function() return wrk.format(method, (path:gsub("ID", tostring(math.random(1, %d)))), nil, body) end
""" % ORDERS
BODY = '{"customer": 77, "status": "new", "total": 12.5}'
# Path of each program for each request.
REQUESTS = {
    "key": {"martydb": "/audited/rest/orders?id=eq.ID", "bare": "/key/ID", "postrust": "/api/orders?id=eq.ID"},
    "100 rows": {"martydb": "/audited/rest/orders?order=id&limit=100", "bare": "/rows/100",
                 "postrust": "/api/orders?order=id&limit=100"},
    "embedded": {"martydb": "/audited/rest/orders?id=eq.ID&select=*,lines(*)", "bare": "/embed/ID",
                 "postrust": "/api/orders?id=eq.ID&select=*,lines(*)"},
    "insert": {"martydb": "/audited/rest/orders", "bare": "/insert", "postrust": "/api/orders",
               "martydb without audit": "/plain/rest/orders"},
}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def memory(pid, key="VmHWM"):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key + ":"))


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


class Bench:
    def __init__(self, arguments, folder, stack):
        self.arguments, self.folder = arguments, folder
        self.lua = folder / "requests.lua"
        self.lua.write_text(LUA)
        serve = f"pool: {{ max: {POOL} }}, limits: {{ rows: 1000, cost: 1000000 }}"
        services = "".join(f"  {name}: {{ serve: {{ {serve}, audit: {audit} }} }}\n"
                           for name, audit in (("audited", "writes"), ("plain", "none")))
        callers = "".join(f"    {name}: {{ service: {name}, as: write }}\n" for name in ("audited", "plain"))
        self.ports = {name: free_port() for name in ("martydb", "bare", "postrust")}
        (folder / "martydb.yaml").write_text(
            "version: 1\nproject: bench\nservers: { main: { embedded: true } }\n"
            f"serve:\n  listen: 127.0.0.1:{self.ports['martydb']}\n  callers:\n{callers}services:\n{services}")
        for name in ("audited", "plain"):
            path = folder / name / "migrations"
            path.mkdir(parents=True)
            (path / "V1__orders.sql").write_text(SCHEMA)
            (path / "V1__orders.down.sql").write_text("-- martydb: irreversible: a benchmark\n")
        self.martydb("init-all", "-y")
        stack.callback(self.martydb, "dev", "down")
        self.keys = {name: self.martydb("serve", "key", "new", name).strip() for name in ("audited", "plain")}
        self.programs = {}
        self.start(stack)

    def martydb(self, *words):
        done = subprocess.run([self.arguments.binary, *words], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, stack):
        url = self.martydb("url", "audited").strip()
        rival = {"DATABASE_URL": url, "PGRST_DB_SCHEMAS": "public", "PGRST_DB_ANON_ROLE": "audited_app",
                 "PGRST_JWT_SECRET": "a secret that nothing here is signed with", "PGRST_SERVER_HOST": "127.0.0.1",
                 "PGRST_SERVER_PORT": str(self.ports["postrust"]), "PGRST_DB_POOL": str(POOL), "RUST_LOG": "off"}
        words = {"martydb": ([self.arguments.binary, "serve", "-q"], {}),
                 "bare": ([self.arguments.bare, url, f"127.0.0.1:{self.ports['bare']}", str(POOL)], {})}
        if self.arguments.postrust:
            words["postrust"] = ([self.arguments.postrust], rival)
        for name, (command, more) in words.items():
            program = subprocess.Popen(command, cwd=self.folder, env={**os.environ, **more},
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(program.wait)
            stack.callback(program.send_signal, signal.SIGTERM)
            self.programs[name] = program
        for name in words:
            for kind in REQUESTS:
                self.check(name, kind)

    def address(self, program, kind):
        return f"http://127.0.0.1:{self.ports[program.split()[0]]}", REQUESTS[kind][program]

    def key(self, program, kind):
        path = REQUESTS[kind][program]
        return self.keys.get(path.split("/")[1]) if program.startswith("martydb") else None

    def check(self, program, kind):
        """One request has the answer that all have to give; waits until the program listens."""
        host, path = self.address(program, kind)
        request = urllib.request.Request(host + path.replace("ID", "7"), method="POST" if kind == "insert" else "GET")
        if key := self.key(program, kind):
            request.add_header("Authorization", f"Bearer {key}")
        if kind == "insert":
            request.data = BODY.encode()
            request.add_header("Content-Type", "application/json")
            request.add_header("Prefer", "return=representation")
        end = time.monotonic() + 20
        while True:
            try:
                rows = json.load(urllib.request.urlopen(request))
                break
            except (urllib.error.URLError, ConnectionError) as error:
                assert time.monotonic() < end and not isinstance(error, urllib.error.HTTPError), f"{program}: {kind}: {error}"
                time.sleep(0.1)
        rows = rows if isinstance(rows, list) else [rows]
        assert len(rows) == (100 if kind == "100 rows" else 1) and rows[0]["status"] == "new", f"{program}: {kind}: {rows}"
        assert kind != "embedded" or len(rows[0]["lines"]) == 3, f"{program}: {rows}"

    def load(self, program, kind, connections):
        """Requests a second and the 99th percentile in milliseconds; every answer has to be one."""
        host, path = self.address(program, kind)
        more = {"TARGET": path} | ({"BODY": BODY} if kind == "insert" else {})
        if key := self.key(program, kind):
            more["KEY"] = key
        words = ["wrk", "-t1", f"-c{connections}", f"-d{self.arguments.seconds}s", "--latency", "-s", str(self.lua), host]
        said = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, **more}).stdout
        assert "Non-2xx" not in said, f"{program}: {kind}: {said}"
        return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
                "p99_ms": milliseconds(re.search(r"^ +99% +(\S+)", said, re.MULTILINE)[1])}

    def compare(self, kind, connections):
        programs = [name for name in REQUESTS[kind] if name.split()[0] in self.programs]
        rounds = [{name: self.load(name, kind, connections) for name in programs} for _ in range(self.arguments.rounds)]
        result = {name: {what: round(statistics.median(one[name][what] for one in rounds), 2) for what in ("rate", "p99_ms")}
                  for name in programs}
        for name in programs[1:]:
            ratios = [one["martydb"]["rate"] / one[name]["rate"] for one in rounds]
            result[f"ratio to {name}"] = {"median": round(statistics.median(ratios), 2), "rounds": [round(r, 2) for r in ratios]}
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", default="16,200")
    for name in ("binary", "bare"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("postrust", type=os.path.abspath, nargs="?")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="martydb-bench-")))
        bench = Bench(arguments, folder, stack)
        result = {f"{kind}, {connections} connections": bench.compare(kind, connections)
                  for connections in map(int, arguments.connections.split(",")) for kind in REQUESTS}
        result["peak_mib"] = {name: round(memory(program.pid)) for name, program in bench.programs.items()}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
