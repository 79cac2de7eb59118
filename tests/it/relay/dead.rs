//! Dead events: what happens to the events behind them, and to themselves.

use std::time::Duration;

use serde_json::{Value, json};

use super::webhook::{Taken, hook, in_order};
use super::{declared, emit, pending};
use crate::support::{Admin, Project, Server, until};

/// A service whose second event of the aggregate `2` is refused, and is dead after the second attempt.
fn poisoned(server: &Server, prefix: &str, dead: &str) -> (Project, Taken) {
    let (port, taken) = hook(|event| if is_poison(event) { 422 } else { 200 });
    let to = format!("{{ http: \"http://127.0.0.1:{port}/in\" }}");
    let project = declared(server, Admin::Super, prefix, &to);
    set_dead(&project, dead);
    project.run(&["init-all", "-y"]).expect(0);
    emit(server, &format!("{prefix}_a"), 40, 10);
    (project, taken)
}

fn set_dead(project: &Project, dead: &str) {
    let manifest = project.read("martydb.yaml");
    let quick = format!("outbox: {{ retry: {{ tries: 2, from: 10ms, to: 20ms }}, dead: {dead}, to:");
    project.write("martydb.yaml", &manifest.replace("outbox: { to:", &quick));
}

fn is_poison(event: &Value) -> bool {
    event["subject"] == "thing/2" && event["data"]["n"] == 1
}

/// Runs the relay until the refused event is dead.
fn publish(server: &Server, project: &Project, service: &str) {
    try_twice(server, project, service);
    project.run(&["relay", "--once"]).expect(0);
}

/// Runs the relay until the refused event has been tried twice. A slow run makes both attempts: the pause is short.
fn try_twice(server: &Server, project: &Project, service: &str) {
    let tried = format!("SELECT (max(attempts) > 1)::text FROM {service}_outbox WHERE published_at IS NULL");
    until("the second attempt", || {
        project.run(&["relay", "--once"]).expect(1);
        server.value(service, &tried) == "true"
    });
}

fn status(project: &Project) -> Value {
    project.json(&["relay", "status"], 0)["services"][0].clone()
}

#[test]
fn a_dead_event_is_skipped_if_the_manifest_allows_it() {
    let server = Server::start();
    let (project, taken) = poisoned(&server, "rdc", "stop");
    publish(&server, &project, "rdc_a");
    let row = status(&project);
    assert_eq!(
        (&row["published"], &row["pending"], &row["dead"]),
        (&json!(37), &json!(2), &json!(1)),
        "{row}"
    );
    // It takes effect for events that are dead already.
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace("dead: stop", "dead: continue"));
    project.run(&["relay", "--once"]).expect(0);
    assert_eq!(in_order(&taken)["thing/2"], [0, 2, 3]);
    let row = status(&project);
    assert_eq!(
        (&row["published"], &row["retried"], &row["dead"], &row["skipped"], &row["diverted"]),
        (&json!(39), &json!(0), &json!(1), &json!(0), &json!(0)),
        "{row}"
    );
    // It stays, and the operator decides later.
    project.run(&["relay", "clean", "--all"]).expect(0);
    assert_eq!(pending(&server, "rdc_a"), 1);
    let poison = server.value("rdc_a", "SELECT event_id::text FROM rdc_a_outbox WHERE published_at IS NULL");
    project.run(&["relay", "skip", "--event", &poison, "--reason", "a test"]).expect(0);
    let row = status(&project);
    assert_eq!(
        (&row["published"], &row["dead"], &row["skipped"]),
        (&json!(39), &json!(0), &json!(1)),
        "{row}"
    );
}

#[test]
fn a_dead_event_is_skipped_only_after_its_destination_has_it() {
    let server = Server::start();
    // Nothing listens there at first, and no other test will.
    let closed = 1;
    let to = |port: u16| format!("{{ to: {{ http: \"http://127.0.0.1:{port}/in\" }} }}");
    let (project, taken) = poisoned(&server, "rdt", &to(closed));
    try_twice(&server, &project, "rdt_a");
    let why = "SELECT last_error FROM rdt_a_outbox WHERE attempts > 1 AND published_at IS NULL";
    let why = server.value("rdt_a", why);
    assert!(why.starts_with("the web hook answered 422 Unprocessable Entity; the dead destination: the web hook cannot be reached"), "{why}");
    assert_eq!((pending(&server, "rdt_a"), status(&project)["dead"].clone()), (3, json!(0)));
    let (open, dead) = hook(|_| 200);
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace(&to(closed), &to(open)));
    std::thread::sleep(Duration::from_millis(100));
    let done = project.run(&["relay", "--once"]).expect(1);
    assert!(done.stderr.contains(&format!("it was published to http://127.0.0.1:{open}")), "{}", done.stderr);
    assert_eq!((pending(&server, "rdt_a"), in_order(&taken)["thing/2"].clone()), (0, vec![0, 2, 3]));
    let arrived = dead.lock().unwrap().clone();
    assert_eq!(arrived.len(), 1);
    let event: Value = serde_json::from_str(&arrived[0].1).unwrap();
    assert!(is_poison(&event), "{event}");
    assert_eq!(event["deadreason"], "the web hook answered 422 Unprocessable Entity");
    let attempts = server.value("rdt_a", "SELECT max(attempts)::text FROM rdt_a_outbox");
    assert_eq!(event["deadattempts"], attempts);
    let row = status(&project);
    assert_eq!(
        (&row["published"], &row["diverted"], &row["dead"], &row["skipped"]),
        (&json!(39), &json!(1), &json!(0), &json!(0)),
        "{row}"
    );
    // An operator may send it where it should have gone.
    let id = event["id"].as_str().unwrap();
    project.run(&["relay", "retry", "--event", id]).expect(0);
    assert_eq!((pending(&server, "rdt_a"), status(&project)["diverted"].clone()), (1, json!(0)));
}

#[test]
fn contradictory_settings_are_errors_with_a_line() {
    let server = Server::start();
    let to = "{ nats: 'nats://127.0.0.1:9' }";
    let project = declared(&server, Admin::Super, "rde", to);
    let good = project.read("martydb.yaml");
    for (dead, said) in [
        ("drop", "\"drop\" is neither stop nor continue"),
        ("{ at: x }", "unknown key \"at\""),
        ("{ to: {} }", "expected one of nats, amqp, kafka and http"),
        ("{ to: { http: 'http://example.org/x' } }", "events would cross the network in plain text"),
        ("{ to: { nats: 'nats://127.0.0.1:9', exchange: x } }", "exchange belongs to amqp, not to nats"),
    ] {
        set_dead(&project, dead);
        let done = project.run(&["validate"]).expect(2);
        assert!(done.stderr.contains(said), "{dead}: {}", done.stderr);
        project.write("martydb.yaml", &good);
    }
}
