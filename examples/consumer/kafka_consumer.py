"""A consumer of Kafka whose effect takes place exactly once, however often events come and it is killed.

The same as `nats_consumer.py`. It ends if the database is away: something has to start it again.

    pip install confluent-kafka "psycopg[binary]"
    DATABASE_URL=postgresql://… KAFKA_CLUSTER=localhost:9092 python kafka_consumer.py TOPIC

What a killed consumer had not committed is read again from there on, so the order of each key is kept.
"""

import os
import sys

import psycopg
from confluent_kafka import Consumer, KafkaException

from effect import handle

SETTINGS = {
    "group.id": "totals",
    "session.timeout.ms": 6000,
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
}


def main(topic):
    database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_CLUSTER"], **SETTINGS})
    consumer.subscribe([topic])
    while True:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        headers = {name: value.decode() for name, value in message.headers()}
        handle(database, headers["ce_source"], headers["ce_id"], headers["ce_subject"], message.value())
        # After the database's commit, never before it.
        consumer.commit(message, asynchronous=True)


if __name__ == "__main__":
    main(sys.argv[1])
