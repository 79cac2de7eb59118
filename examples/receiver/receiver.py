"""A receiver of web hooks whose effect takes place exactly once, however often events come and it is killed.

It adds up what the events say, in PostgreSQL. The id of an event and its effect are written in one transaction; the answer
follows the commit. Killed before the commit, nothing happened and the event comes again; killed after it, the event comes
again and its id is found.

    pip install "psycopg[binary]"
    DATABASE_URL=postgresql://… HOOK_KEY=… python receiver.py 127.0.0.1:8080

The tables: `martydb revision --template inbox`, and
CREATE TABLE total (subject text PRIMARY KEY, events bigint NOT NULL, sum bigint NOT NULL);
"""

import base64
import hashlib
import hmac
import json
import os
import queue
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

INBOX = os.environ.get("INBOX", "inbox")
KEEP = os.environ.get("KEEP", "30 days")
KEY = os.environ["HOOK_KEY"]
SECRET = base64.b64decode(KEY.removeprefix("whsec_")) if KEY.startswith("whsec_") else KEY.encode()

# The relay sends at most 32 events at a time.
CONNECTIONS = 4
LARGEST = 13 << 20
# How old a request may be, in seconds.
OLDEST = 300

pool = queue.Queue()


def is_signed(headers, body):
    """Whether the request is the relay's, and not an old one that an attacker repeats."""
    identity, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent.isdigit() or abs(time.time() - int(sent)) > OLDEST:
        return False
    mac = hmac.new(SECRET, f"{identity}.{sent}.".encode() + body, hashlib.sha256)
    own = "v1," + base64.b64encode(mac.digest()).decode()
    return any(hmac.compare_digest(own, given) for given in headers.get("webhook-signature", "").split())


def handle(database, event):
    """Handles one event; True if it had its effect now, False if it had it before."""
    source, number = event["source"], event["data"]["n"]
    with database.transaction(), database.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {INBOX} (source, event_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", (source, event["id"])
        )
        if cursor.rowcount == 0:
            return False
        cursor.execute(
            "INSERT INTO total AS t (subject, events, sum) VALUES (%s, 1, %s) "
            "ON CONFLICT (subject) DO UPDATE SET events = t.events + 1, sum = t.sum + excluded.sum",
            (f"{source} {event['subject']}", number),
        )
        return True


def with_database(work):
    """Runs `work` with a connection of the pool; one that broke is replaced at the next use."""
    database = pool.get()
    try:
        if database is None or database.closed:
            database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, connect_timeout=5)
        return work(database)
    finally:
        pool.put(database)


def forget():
    """Removes old ids, in small steps."""
    while True:
        try:
            while with_database(lambda database: database.execute(f"SELECT {INBOX}_forget(%s)", (KEEP,)).fetchone()[0]):
                pass
        except psycopg.Error as error:
            print(f"cannot remove old ids: {error}", file=sys.stderr)
        time.sleep(3600)


class Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        size = int(self.headers.get("content-length", "0"))
        if size > LARGEST:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(size)
        if not is_signed(self.headers, body):
            return self.answer(401)
        try:
            event = json.loads(body)
            # After the commit, never before it.
            with_database(lambda database: handle(database, event))
            return self.answer(204)
        except (KeyError, TypeError, ValueError, psycopg.DataError):
            return self.answer(422)
        except psycopg.Error:
            return self.answer(503, ("Retry-After", "1"))

    def answer(self, code, *headers):
        self.send_response(code)
        for name, value in (*headers, ("Content-Length", "0")):
            if code != 204 or name != "Content-Length":
                self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


def main(address):
    host, port = address.rsplit(":", 1)
    for _ in range(CONNECTIONS):
        pool.put(None)
    threading.Thread(target=forget, daemon=True).start()
    Server((host, int(port)), Hook).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
