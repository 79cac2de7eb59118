//! The example consumers of brokers. [`super::effects`] lists the failures.

use super::crash::Broker;
use super::effects::{self, Way};
use super::kafka::KafkaCluster;
use super::programs;

/// Events and kills: one of relay, consumer, server and broker each.
const SHORT: (u64, u64) = (1_000, 4);

#[test]
fn the_python_consumer_of_nats_handles_each_event_once() {
    let program = programs::python("consumer/nats_consumer.py", "nats, psycopg");
    if let (Some(program), Some(broker)) = (program, Broker::nats()) {
        effects::take_place_once("rcp", Way::Broker(broker), &program, SHORT);
    }
}

#[test]
fn the_rust_consumer_of_nats_handles_each_event_once() {
    if let (Some(program), Some(broker)) = (programs::example("consumer"), Broker::nats()) {
        effects::take_place_once("rcr", Way::Broker(broker), &program, SHORT);
    }
}

#[test]
fn the_python_consumer_of_rabbitmq_handles_each_event_once() {
    let program = programs::python("consumer/rabbitmq_consumer.py", "pika, psycopg");
    if let (Some(program), Some(broker)) = (program, Broker::rabbit()) {
        effects::take_place_once("rqp", Way::Broker(broker), &program, SHORT);
    }
}

#[test]
fn the_rust_consumer_of_rabbitmq_handles_each_event_once() {
    if let (Some(program), Some(broker)) = (programs::example("consumer"), Broker::rabbit()) {
        effects::take_place_once("rqr", Way::Broker(broker), &program, SHORT);
    }
}

#[test]
fn the_python_consumer_of_kafka_handles_each_event_once() {
    let program = programs::python("consumer/kafka_consumer.py", "confluent_kafka, psycopg");
    if let (Some(program), Some(cluster)) = (program, KafkaCluster::start()) {
        effects::take_place_once("rap", Way::Kafka(cluster), &program, SHORT);
    }
}

#[test]
fn the_rust_consumer_of_kafka_handles_each_event_once() {
    if let (Some(program), Some(cluster)) = (programs::example("consumer"), KafkaCluster::start()) {
        effects::take_place_once("rar", Way::Kafka(cluster), &program, SHORT);
    }
}
