//! A broker whose machine accepts connections and never answers.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{emit, pending, project};
use crate::support::{Admin, Server};

const LIMIT: Duration = Duration::from_secs(2);

#[test]
fn a_broker_of_any_kind_costs_the_time_to_connect_once() {
    let server = Server::start();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = |scheme: &str, rest: &str| {
        format!("{{ {scheme}127.0.0.1:{}{rest} }}", silent.local_addr().unwrap().port())
    };
    let first = to("nats: \"nats://", "\"");
    let project = project(&server, Admin::Super, "rsl", &first);
    emit(&server, "rsl_a", 10, 10);
    let manifest = project.read("martydb.yaml");
    assert!(manifest.contains(&first), "{manifest}");
    for other in [
        first.clone(),
        to("amqp: \"amqp://", "\", exchange: x"),
        // The handshake of TLS is not answered.
        to("http: \"https://", "/in\""),
    ] {
        project.write("martydb.yaml", &manifest.replace(&first, &other));
        let begun = Instant::now();
        let said = project.run(&["relay", "rsl_a", "--once", "--connect-timeout", "2s"]).expect(5).said();
        // A machine under load takes its time too, but not that of a second try.
        assert!((LIMIT / 2..LIMIT * 3).contains(&begun.elapsed()), "{other}: {:?}: {said}", begun.elapsed());
        assert!(said.contains("the broker at"), "{other}: {said}");
    }
    assert_eq!(pending(&server, "rsl_a"), 10);
}
