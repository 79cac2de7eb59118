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
