//! Kafka, against the mock cluster that librdkafka contains: it speaks the protocol over TCP.
//! `cargo test --workspace --features martydb-relay/kafka --test kafka` runs it; librdkafka needs a C compiler and OpenSSL.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use martydb_model::{EventRoute, EventTarget, KAFKA, SaslMechanism, parse_cluster};
use martydb_relay::{BrokerLink, BrokerSecrets, OutboxEvent, PublishFailure};

type Cluster = MockCluster<'static, DefaultProducerContext>;

const TOPIC: &str = "marty.csca";

fn target(cluster: &Cluster) -> EventTarget {
    let route = |text: &str| EventRoute::parse(text, &[]).unwrap();
    EventTarget::Kafka {
        cluster: parse_cluster(&cluster.bootstrap_servers(), KAFKA).unwrap(),
        topic: route(TOPIC),
        key: route("{aggregate_type}/{aggregate_id}"),
        mechanism: SaslMechanism::default(),
    }
}

fn cluster(brokers: i32) -> Cluster {
    let cluster = MockCluster::new(brokers).unwrap();
    cluster.create_topic(TOPIC, 3, brokers).unwrap();
    cluster
}

async fn link(cluster: &Cluster) -> BrokerLink {
    BrokerLink::open(&target(cluster), &BrokerSecrets::default()).await.unwrap()
}

fn event(aggregate: u32, number: u32) -> OutboxEvent {
    OutboxEvent {
        event_id: format!("{aggregate}-{number}"),
        aggregate_type: "certificate".into(),
        aggregate_id: aggregate.to_string(),
        event_type: "certificate.revoked".into(),
        payload: format!("{{\"n\": {number}}}"),
        headers: OutboxEvent::headers_of(Some(
            "{\"traceparent\": \"00-x\", \"CE_source\": \"/marty/other\"}",
        )),
        source: "/marty/csca".into(),
        ..OutboxEvent::default()
    }
}

/// A message as a consumer gets it.
struct Arrived {
    key: String,
    headers: Vec<(String, String)>,
    payload: String,
}

/// Reads so many messages.
fn consume(cluster: &Cluster, count: usize) -> Vec<Arrived> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("group.id", "test")
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    consumer.subscribe(&[TOPIC]).unwrap();
    let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap();
    let (mut all, begun) = (vec![], Instant::now());
    while all.len() < count {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} messages arrived", all.len());
        // It returns without a message for other events, such as an assignment.
        let Some(message) = consumer.poll(Duration::from_secs(1)) else { continue };
        let message = message.unwrap();
        let headers = message
            .headers()
            .map(|headers| headers.iter().map(|one| (one.key.to_owned(), text(one.value))).collect());
        let (key, payload) = (text(message.key()), text(message.payload()));
        all.push(Arrived { key, headers: headers.unwrap_or_default(), payload });
    }
    all
}

fn numbers(arrived: &[Arrived], key: &str) -> Vec<String> {
    arrived.iter().filter(|one| one.key == key).map(|one| one.payload.clone()).collect()
}

fn expected(count: u32) -> Vec<String> {
    (0..count).map(|number| format!("{{\"n\": {number}}}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_in_order_with_their_attributes() {
    let cluster = cluster(1);
    let link = link(&cluster).await;
    for number in 0..20 {
        for aggregate in 0..3 {
            link.publish(&event(aggregate, number)).await.unwrap();
        }
    }
    link.close().await;
    let arrived = consume(&cluster, 60);
    for aggregate in 0..3 {
        assert_eq!(numbers(&arrived, &format!("certificate/{aggregate}")), expected(20));
    }
    let headers = &arrived[0].headers;
    let header = |name: &str| headers.iter().find(|row| row.0 == name).map(|row| row.1.as_str());
    assert_eq!(header("ce_specversion"), Some("1.0"));
    assert_eq!(header("ce_source"), Some("/marty/csca"));
    assert_eq!(header("ce_type"), Some("certificate.revoked"));
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("traceparent"), Some("00-x"));
    assert_eq!(header("CE_source"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_changes_loses_nothing_and_keeps_the_order() {
    let cluster = cluster(3);
    let link = link(&cluster).await;
    for number in 0..30 {
        if number % 10 == 5 {
            for partition in 0..3 {
                cluster
                    .partition_leader(TOPIC, partition, Some(1 + (number as i32 / 10 + partition) % 3))
                    .unwrap();
            }
        }
        link.publish(&event(1, number)).await.unwrap();
    }
    link.close().await;
    assert_eq!(numbers(&consume(&cluster, 30), "certificate/1"), expected(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_gets_nothing_and_one_that_is_back_gets_all() {
    let cluster = cluster(1);
    let link = link(&cluster).await;
    link.publish(&event(1, 0)).await.unwrap();
    cluster.broker_down(1).unwrap();
    let second = event(1, 1);
    let (end, ()) = tokio::join!(link.publish(&second), link.lost());
    let failure = end.unwrap_err();
    assert!(matches!(failure, PublishFailure::Silent(_) | PublishFailure::Down(_)), "{failure:?}");
    let away = BrokerLink::open(&target(&cluster), &BrokerSecrets::default()).await;
    let error = away.map(drop).unwrap_err().to_string();
    assert!(error.contains("cannot connect to the broker at kafka://127.0.0.1:"), "{error}");
    link.close().await;
    cluster.broker_up(1).unwrap();
    let link = self::link(&cluster).await;
    link.publish(&event(1, 1)).await.unwrap();
    link.close().await;
    assert_eq!(numbers(&consume(&cluster, 2), "certificate/1"), expected(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_counts_against_the_event_and_a_quota_does_not() {
    let cluster = cluster(1);
    let link = link(&cluster).await;
    let fails = |error: RDKafkaRespErr| cluster.request_errors(RDKafkaApiKey::Produce, &[error]);
    fails(RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    let large = link.publish(&event(1, 0)).await.unwrap_err();
    assert!(matches!(&large, PublishFailure::Refused(why) if why.contains("marty.csca")), "{large:?}");
    fails(RDKafkaRespErr::RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED);
    let busy = link.publish(&event(1, 0)).await.unwrap_err();
    assert!(matches!(busy, PublishFailure::Busy { after: None, .. }), "{busy:?}");
    // A broker that is slow for a quota delays the answer.
    cluster.broker_round_trip_time(1, Duration::from_millis(300)).unwrap();
    link.publish(&event(1, 0)).await.unwrap();
    link.close().await;
    assert_eq!(numbers(&consume(&cluster, 1), "certificate/1"), expected(1));
}
