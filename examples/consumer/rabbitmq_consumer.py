"""A consumer of RabbitMQ whose effect takes place exactly once, however often events come and it is killed.

The same as `nats_consumer.py`. It ends if the database or the broker is away: something has to start it again.

    pip install pika "psycopg[binary]"
    DATABASE_URL=postgresql://… AMQP_URL=amqp://guest:guest@localhost:5672/%2f python rabbitmq_consumer.py QUEUE

It is the only consumer of its queue: what a killed one had not acknowledged goes back to its place in the queue before
the next one may begin, so the order of each aggregate is kept.
"""

import os
import sys

import pika
import psycopg

from effect import handle

# Events on their way to it.
AHEAD = 50


def main(queue):
    database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    broker = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
    channel = broker.channel()

    def receive(_, delivery, properties, payload):
        headers = properties.headers
        source, event_id = headers["cloudEvents_source"], headers["cloudEvents_id"]
        handle(database, source, event_id, headers["cloudEvents_subject"], payload)
        # After the commit, never before it.
        channel.basic_ack(delivery.delivery_tag)

    channel.basic_qos(prefetch_count=AHEAD)
    channel.basic_consume(queue, receive, exclusive=True)
    channel.start_consuming()


if __name__ == "__main__":
    main(sys.argv[1])
