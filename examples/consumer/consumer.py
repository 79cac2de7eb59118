"""A consumer whose effect takes place exactly once, however often events come and it is killed.

It takes events from a durable consumer of NATS JetStream and adds up what they say, in PostgreSQL. The id of an event and
its effect are written in one transaction; the acknowledgement follows the commit. Killed before the commit, nothing happened
and the event comes again; killed after it, the event comes again and its id is found.

    pip install nats-py "psycopg[binary]"
    DATABASE_URL=postgresql://… NATS_URL=nats://localhost:4222 python consumer.py STREAM

The tables: `martydb revision --template inbox`, and
CREATE TABLE total (subject text PRIMARY KEY, events bigint NOT NULL, sum bigint NOT NULL).
"""

import asyncio
import json
import os
import sys

import nats
import psycopg

INBOX = os.environ.get("INBOX", "inbox")


def handle(database, source, event_id, subject, data):
    """Handles one event; True if it had its effect now, False if it had it before."""
    with database.transaction(), database.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {INBOX} (source, event_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", (source, event_id)
        )
        if cursor.rowcount == 0:
            return False
        cursor.execute(
            "INSERT INTO total AS t (subject, events, sum) VALUES (%s, 1, %s) "
            "ON CONFLICT (subject) DO UPDATE SET events = t.events + 1, sum = t.sum + excluded.sum",
            (f"{source} {subject}", data["n"]),
        )
        return True


async def main(stream):
    database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    broker = await nats.connect(os.environ.get("NATS_URL", "nats://localhost:4222"))
    events = await broker.jetstream().pull_subscribe("", durable="totals", stream=stream)
    while True:
        try:
            batch = await events.fetch(100, timeout=5)
        except nats.errors.TimeoutError:
            continue
        for message in batch:
            headers = message.headers
            handle(database, headers["ce-source"], headers["ce-id"], headers["ce-subject"], json.loads(message.data))
            # After the commit, never before it.
            await message.ack()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
