"""Kills the data service and counts: serve-kills.py PROJECT MARTYDB KEY ADMIN_URL KILLS WRITES CLIENTS. Run by scripts/serve-kills."""

import collections
import concurrent.futures
import http.client
import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

project, martydb, key, admin, kills, writes, clients = sys.argv[1:5] + [int(n) for n in sys.argv[5:8]]
database = urllib.parse.urlsplit(admin)._replace(path="/shop").geturl()
rng = random.Random(7)


class Process:
    """`martydb serve`, which may be killed and started again."""

    def __init__(self):
        self.lock = threading.Lock()
        self.start()

    def start(self):
        self.child = subprocess.Popen([martydb, "serve"], cwd=project, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in self.child.stderr:
            if found := re.search(r"http://([0-9.]+:[0-9]+)", line):
                self.address = found[1]
                break
        else:
            raise SystemExit("serve did not start")
        threading.Thread(target=lambda stream: [None for _ in stream], args=(self.child.stderr,), daemon=True).start()

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.start()


def ask(process, method, path, headers, body):
    """One attempt; None if the process died before it answered."""
    connection = None
    try:
        connection = http.client.HTTPConnection(process.address, timeout=30)
        connection.request(method, f"/shop/rest/{path}", body, {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Idempotency-Replayed"), answer.read().decode()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        if connection:
            connection.close()


def sql(text):
    return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", database], input=text, text=True, check=True, capture_output=True).stdout.strip()


def under_kills(process):
    answers, attempts, stop = {}, collections.Counter(), threading.Event()

    def client(number):
        count = 0
        while not stop.is_set():
            name = f"c{number}-{count}"
            count += 1
            headers = {"Idempotency-Key": name, "Prefer": "return=representation"}
            while True:
                attempts[name] += 1
                answer = ask(process, "POST", "customer", headers, json.dumps({"name": name}))
                # 503: the pool's connections of the killed process are still ending. 409: its transaction is.
                if answer is None or answer[0] in (409, 503, 504):
                    time.sleep(0.02)
                    continue
                answers[name] = answer
                break

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        time.sleep(rng.uniform(0.2, 1.0))
        process.kill()
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join()
    wrong = {name: answer for name, answer in answers.items() if answer[0] != 201}
    assert not wrong, list(wrong.items())[:3]
    replayed = sum(1 for answer in answers.values() if answer[1])
    repeated = sum(1 for times in attempts.values() if times > 1)
    assert repeated, "no kill met a write"
    rows, audit, requests, open_ = (
        int(n) for n in sql("SELECT count(*) FROM customer; SELECT count(*) FROM martydb_serve.audit; SELECT count(*) FROM martydb_serve.requests; "
                            "SELECT count(*) FROM martydb_serve.requests WHERE status IS NULL").split())
    assert (rows, audit, requests, open_) == (len(answers),) * 3 + (0,), (len(answers), rows, audit, requests, open_)
    for name in rng.sample(sorted(answers), min(200, len(answers))):
        headers = {"Idempotency-Key": name, "Prefer": "return=representation"}
        again = ask(process, "POST", "customer", headers, json.dumps({"name": name}))
        assert again[::2] == answers[name][::2] and again[1], (name, again, answers[name])
    print(f"{kills} kills: {len(answers)} writes acknowledged, {repeated} of them asked again, {replayed} answered from the table; "
          f"{rows} rows, {audit} audit rows, {requests} answers kept", flush=True)


def exactly(process):
    """Writes of each kind; the audit has those that were acknowledged, and no other."""
    sql("TRUNCATE martydb_serve.audit")

    def one(number):
        name, kind = f"w{number}", number % 7
        return [
            ("insert", "POST", "customer", {}, {"name": name}, 201),
            ("insert", "POST", "customer", {"Prefer": "return=representation"}, [{"name": f"{name}a"}, {"name": f"{name}b"}], 201),
            ("update", "PATCH", f"customer?name=eq.w{number - 2}", {}, {"doc": {"n": number}}, 204),
            ("delete", "DELETE", f"customer?name=eq.w{number - 3}", {}, None, 204),
            (None, "POST", "customer", {}, {"name": "c0-0"}, 409),
            (None, "POST", "customer", {"Prefer": "tx=rollback"}, {"name": f"{name}r"}, 201),
            (None, "POST", "customer", {}, {"name": None}, 400),
        ][kind]

    def attempt(number):
        operation, method, path, headers, body, expected = one(number)
        answer = ask(process, method, path, headers, None if body is None else json.dumps(body))
        assert answer and answer[0] == expected, (method, path, body, answer)
        return operation

    start = time.time()
    # Unlike a thread, the pool passes on a failed assertion.
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        done = collections.Counter(filter(None, pool.map(attempt, range(writes))))
    found = dict(line.split("|") for line in sql("SELECT op, count(*) FROM martydb_serve.audit GROUP BY 1").splitlines())
    found = {operation: int(count) for operation, count in found.items()}
    assert found == dict(done), (found, done)
    forged = sql("SELECT count(*) FROM martydb_serve.audit WHERE login <> 'shop_serve' OR caller <> 'client'")
    assert forged == "0", forged
    print(f"{writes} requests in {time.time() - start:.0f} s: the audit has the {sum(done.values())} that were done, each once: {dict(done)}", flush=True)


print(f"PostgreSQL {sql('SHOW server_version')}", flush=True)
process = Process()
try:
    under_kills(process)
    exactly(process)
finally:
    process.child.kill()
