//! The example consumers: their effect takes place once, although relay and consumers are killed and events come twice.
//!
//! `MARTYDB_RELAY_EVENTS` makes it longer.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{emit, pending, programs, project};
use crate::support::{Admin, Nats, Project, Server, number, until};

/// Starts `program` again and again until every event had its effect.
fn has_its_effect_once(prefix: &str, program: &dyn Fn() -> Command) {
    let Some(nats) = Nats::start("") else { return };
    // Nothing is dropped by the broker: the consumer has to do it.
    nats.stream("EV", &["ev.>"], &json!({"duplicate_window": 100_000_000}));
    let durable = json!({"stream_name": "EV", "config": {"durable_name": "totals", "ack_policy": "explicit", "ack_wait": 1_000_000_000}});
    nats.requests(&[("$JS.API.CONSUMER.DURABLE.CREATE.EV.totals".into(), durable.to_string())]);
    let server = Server::start();
    let to = format!("{{ nats: \"{}\", subject: \"ev.{{service}}\" }}", nats.url());
    let project = project(&server, Admin::Super, prefix, &to);
    let (from, into) = (format!("{prefix}_a"), format!("{prefix}_b"));
    let inbox = include_str!("../../../templates/inbox.sql").replace("{{service}}_inbox", "inbox");
    let total =
        "CREATE TABLE total (subject text PRIMARY KEY, events bigint NOT NULL, sum bigint NOT NULL);\n";
    project
        .write(&format!("{into}/migrations/V3__inbox.sql"), &(inbox.replace("{{message}}", "inbox") + total));
    project.run(&["upgrade", &into]).expect(0);
    let url = project.run(&["url", "-s", &into]).expect(0).stdout.trim().to_owned();
    let emitted = u32::try_from(number("MARTYDB_RELAY_EVENTS").unwrap_or(600)).unwrap();
    emit(&server, &from, emitted, 10);
    publish_twice(&project, &server, &from);
    assert!(nats.last("EV") >= u64::from(emitted) * 3 / 2, "nothing came twice");
    let (begun, longest) = (Instant::now(), Duration::from_secs(90 + u64::from(emitted) / 100));
    let events =
        || server.value(&into, "SELECT coalesce(sum(events), 0)::text FROM total").parse::<u32>().unwrap();
    let mut round = 0;
    while events() < emitted {
        assert!(begun.elapsed() < longest, "{} of {emitted} events had their effect", events());
        let mut running = start(program(), &nats, &url);
        round += 1;
        std::thread::sleep(Duration::from_millis(500 + round * 150));
        running.kill().unwrap();
        running.wait().unwrap();
    }
    let mut running = start(program(), &nats, &url);
    let info = || {
        let answers = nats.requests(&[("$JS.API.CONSUMER.INFO.EV.totals".into(), String::new())]);
        serde_json::from_slice::<Value>(&answers[0]).unwrap()
    };
    until("it has acknowledged all", || {
        let info = info();
        info["num_pending"] == 0 && info["num_ack_pending"] == 0
    });
    running.kill().unwrap();
    running.wait().unwrap();
    eprintln!(
        "{emitted} events, half of them twice; the consumer was killed {round} times, {} s",
        begun.elapsed().as_secs()
    );
    let effects = server.sql(&into, "SELECT count(*)::text, sum(events)::text, sum(sum)::text FROM total");
    let written = format!(
        "SELECT count(DISTINCT aggregate_id)::text, count(*)::text, sum((payload->>'n')::bigint)::text FROM {from}_outbox"
    );
    assert_eq!(effects, server.sql(&from, &written));
    assert_eq!(effects[0][..2], ["10".to_owned(), emitted.to_string()]);
}

/// As after a relay that was killed between the broker and the database.
fn publish_twice(project: &Project, server: &Server, service: &str) {
    project.run(&["relay", "--once"]).expect(0);
    std::thread::sleep(Duration::from_millis(300));
    server.sql(service, &format!("UPDATE {service}_outbox SET published_at = NULL WHERE id % 2 = 0"));
    project.run(&["relay", "--once"]).expect(0);
    assert_eq!(pending(server, service), 0);
}

fn start(mut command: Command, nats: &Nats, url: &str) -> Child {
    command.arg("EV").env("DATABASE_URL", url).env("NATS_URL", nats.url()).env("INBOX", "inbox");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn of_the_consumer_in_python() {
    if let Some(consumer) = programs::python("consumer/consumer.py", "nats, psycopg") {
        has_its_effect_once("rcp", &consumer);
    }
}

#[test]
fn of_the_consumer_in_rust() {
    if let Some(consumer) = programs::example("consumer") {
        has_its_effect_once("rcr", &consumer);
    }
}
