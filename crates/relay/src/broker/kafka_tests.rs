//! Settings of the client; `tests/kafka.rs` connects it to a cluster.

use super::*;
use martydb_model::{KAFKA, parse_cluster};

#[test]
fn a_password_goes_to_the_client_and_into_no_error() {
    let cluster = parse_cluster("kafkas://relay@b1,b2:9094", KAFKA).unwrap();
    let secrets = BrokerSecrets { password: Some("hunter2".into()), ..BrokerSecrets::default() };
    let config = configured(&cluster, SaslMechanism::default(), &secrets).unwrap();
    for (name, value) in [
        ("bootstrap.servers", "b1:9093,b2:9094"),
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", "relay"),
        ("sasl.password", "hunter2"),
        ("ssl.ca.location", "probe"),
        ("enable.idempotence", "true"),
        ("acks", "all"),
    ] {
        assert_eq!(config.get(name), Some(value), "{name}");
    }
    // librdkafka takes them: it has been built with OpenSSL.
    let producer: Result<FutureProducer, _> = config.create();
    assert!(producer.is_ok(), "{:?}", producer.err());
}

#[test]
fn a_rejected_login_is_told_by_the_broker_s_own_words() {
    let mut state = ClusterState::default();
    state.record(
        Some(RDKafkaErrorCode::BrokerTransportFailure),
        "b1:9092/bootstrap: Connection refused (after 0ms)",
    );
    assert!(!state.is_rejected && !state.is_lost);
    assert_eq!(state.why.as_deref(), Some("Connection refused"));
    let said = "sasl_ssl://b1:9093/bootstrap: SASL authentication error: Authentication failed (after 2ms in state AUTH_REQ)";
    state.record(Some(RDKafkaErrorCode::Authentication), said);
    // Another broker may accept it.
    assert!(state.is_lost && !state.is_hopeless());
    state.record(Some(RDKafkaErrorCode::AllBrokersDown), "2/2 brokers are down");
    assert!(state.is_hopeless());
    assert_eq!(state.why.as_deref(), Some("SASL authentication error: Authentication failed"));
    let mut state = ClusterState::default();
    state.record(
        Some(RDKafkaErrorCode::SSL),
        "ssl://b1:9093/bootstrap: SSL handshake failed: certificate verify failed",
    );
    assert_eq!(
        (state.is_rejected, state.why.as_deref()),
        (true, Some("SSL handshake failed: certificate verify failed"))
    );
}
