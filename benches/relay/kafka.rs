//! A cluster of Kafka for trials, and a plain producer to compare the relay with; both are librdkafka's own.
//!
//! ```text
//! relay-kafka cluster TOPIC PARTITIONS          # prints its address; obeys `down`, `up` and `lead N` until its input ends
//! relay-kafka plain CLUSTER TOPIC COUNT WIDTH BYTES
//! ```

use std::io::{Write, stdin, stdout};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{FutureProducer, FutureRecord};

const BROKERS: i32 = 3;

#[tokio::main]
async fn main() -> KafkaResult<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments[at].parse::<usize>().expect("a number");
    match arguments[0].as_str() {
        "cluster" => cluster(&arguments[1], number(2)),
        "plain" => plain(&arguments[1], &arguments[2], number(3), number(4), number(5)).await,
        other => panic!("`{other}` is neither cluster nor plain"),
    }
}

/// Its partitions keep the last 5 MiB each, in memory.
fn cluster(topic: &str, partitions: usize) -> KafkaResult<()> {
    let partitions = i32::try_from(partitions).expect("few partitions");
    let cluster = MockCluster::new(BROKERS)?;
    cluster.create_topic(topic, partitions, BROKERS)?;
    println!("{}", cluster.bootstrap_servers());
    for line in stdin().lines() {
        let line = line.expect("a line");
        match line.split_once(' ') {
            // The leader of each partition becomes another one.
            Some(("lead", by)) => {
                let by: i32 = by.parse().expect("a number");
                for partition in 0..partitions {
                    cluster.partition_leader(
                        topic,
                        partition,
                        Some(1 + (partition + by).rem_euclid(BROKERS)),
                    )?;
                }
            }
            _ if line == "down" => (1..=BROKERS).try_for_each(|broker| cluster.broker_down(broker))?,
            _ => (1..=BROKERS).try_for_each(|broker| cluster.broker_up(broker))?,
        }
        println!("done");
        stdout().flush().expect("a reader");
    }
    Ok(())
}

/// Sends messages with the relay's settings, always so many on their way.
async fn plain(at: &str, topic: &str, count: usize, width: usize, bytes: usize) -> KafkaResult<()> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", at).set("enable.idempotence", "true").set("acks", "all");
    let producer: FutureProducer =
        config.set("linger.ms", "1").set("partitioner", "murmur2_random").create()?;
    let payload = format!("{{\"n\": 1, \"pad\": \"{}\"}}", "x".repeat(bytes));
    let names = ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type"];
    let send = async |number: usize| {
        let key = format!("thing/{}", number % 1000);
        let header = |headers: OwnedHeaders, name: &&str| {
            headers.insert(Header { key: name, value: Some("a value of the usual length") })
        };
        let headers = names.iter().fold(OwnedHeaders::new(), header);
        let record = FutureRecord::to(topic).key(&key).payload(&payload).headers(headers);
        usize::from(producer.send(record, Duration::from_secs(10)).await.is_ok())
    };
    let begun = Instant::now();
    let sent = stream::iter(0..count).map(send).buffer_unordered(width);
    let acknowledged = sent.fold(0, async |sum, one| sum + one).await;
    println!("{{\"acknowledged\": {acknowledged}, \"seconds\": {}}}", begun.elapsed().as_secs_f64());
    Ok(())
}
