"""A consumer of NATS JetStream whose effect takes place exactly once, however often events come and it is killed.

It adds up what the events say, in PostgreSQL; the acknowledgement follows the commit. Killed before the commit, nothing
happened and the event comes again; killed after it, the event comes again and its id is found. It ends if the database is
away: something has to start it again.

    pip install nats-py "psycopg[binary]"
    DATABASE_URL=postgresql://… NATS_URL=nats://localhost:4222 python nats_consumer.py STREAM

The durable consumer `totals` of the stream acknowledges explicitly, and has `max_ack_pending: 1`: with more, an event
whose consumer was killed comes again after later ones of its aggregate.

The tables: `martydb revision --template inbox`, and
CREATE TABLE total (subject text PRIMARY KEY, events bigint NOT NULL, sum bigint NOT NULL).
"""

import asyncio
import os
import sys

import nats
import psycopg

from effect import handle


async def main(stream):
    database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    broker = await nats.connect(os.environ.get("NATS_URL", "nats://localhost:4222"))
    events = await broker.jetstream().pull_subscribe("", durable="totals", stream=stream)
    while True:
        try:
            # A request that was lost with the broker's connection is made again.
            batch = await events.fetch(1, timeout=2)
        except nats.errors.TimeoutError:
            continue
        for message in batch:
            headers = message.headers
            handle(database, headers["ce-source"], headers["ce-id"], headers["ce-subject"], message.data)
            # After the commit, never before it.
            await message.ack()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
