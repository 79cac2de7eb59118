//! RabbitMQ: persistent, confirmed, in order, and what cannot reach a queue is not lost.

use super::{emit, pending, project};
use crate::support::{Admin, Project, Rabbit, Running, Server, until};

/// A broker without an exchange, and a service whose events go to it.
fn with_outbox(prefix: &str) -> Option<(Rabbit, Server, Project)> {
    with_outbox_at(Rabbit::start()?, prefix)
}

fn with_outbox_at(rabbit: Rabbit, prefix: &str) -> Option<(Rabbit, Server, Project)> {
    let server = Server::start();
    let to = format!("{{ amqp: \"{}\", exchange: marty, password_env: RABBIT_PASSWORD }}", rabbit.url());
    let project = project(&server, Admin::Super, prefix, &to);
    Some((rabbit, server, project))
}

#[test]
fn events_reach_a_queue_and_unroutable_ones_are_kept() {
    let Some((rabbit, server, project)) = with_outbox("ram") else { return };
    emit(&server, "ram_a", 300, 7);
    let once = |code| {
        let mut command = project.command(&["relay", "--once", "-o", "json"]);
        command.env("RABBIT_PASSWORD", "guest");
        project.finish(command).expect(code)
    };
    // The exchange is not there: nothing about an event.
    let done = once(5).said();
    assert!(done.contains("no exchange 'marty'"), "{done}");
    assert_eq!(pending(&server, "ram_a"), 300);
    assert_eq!(server.value("ram_a", "SELECT max(attempts)::text FROM ram_a_outbox"), "0");
    // No queue is bound for what is published.
    rabbit.bind("marty", "others", "other.#");
    server.sql("ram_a", "UPDATE ram_a_outbox SET available_at = now()");
    let mut command = project.command(&["relay", "--once"]);
    command.env("RABBIT_PASSWORD", "guest");
    let shown = project.finish(command).expect(1).said();
    assert!(shown.contains("no queue is bound for the routing key \"ram_a.thing.thing.made\""), "{shown}");
    let why = "SELECT last_error FROM ram_a_outbox WHERE attempts > 0 ORDER BY attempts DESC LIMIT 1";
    assert_eq!(
        server.value("ram_a", why),
        "no queue is bound for the routing key \"ram_a.thing.thing.made\""
    );
    rabbit.bind("marty", "things", "ram_a.#");
    server.sql("ram_a", "UPDATE ram_a_outbox SET available_at = now()");
    once(0);
    assert_eq!(pending(&server, "ram_a"), 0);
    let all = rabbit.take("things");
    assert_eq!(all.len(), 300);
    let (key, properties, body) = &all[0];
    assert_eq!(key, "ram_a.thing.thing.made");
    assert_eq!(properties.delivery_mode(), &Some(2));
    assert_eq!(properties.content_type().as_ref().map(|text| text.as_str()), Some("application/json"));
    assert!(body.starts_with("{\"n\": "), "{body}");
    let header = |name: &str| {
        let found = properties.headers().as_ref().unwrap().inner().get(name).cloned();
        found.and_then(|value| value.as_long_string().map(ToString::to_string))
    };
    assert_eq!(header("cloudEvents_source").as_deref(), Some("/ram/ram_a"));
    assert_eq!(header("cloudEvents_id").as_deref(), properties.message_id().as_ref().map(|id| id.as_str()));
    let mut seen = std::collections::BTreeMap::<String, i64>::new();
    for (_, properties, body) in &all {
        let headers = properties.headers().clone().unwrap();
        let subject = headers.inner()["cloudEvents_subject"].as_long_string().unwrap().to_string();
        let number = serde_json::from_str::<serde_json::Value>(body).unwrap()["n"].as_i64().unwrap();
        let before = seen.insert(subject, number);
        assert!(before.is_none_or(|before| before < number));
    }
    // A wrong password is refused in words that do not hold it.
    emit(&server, "ram_a", 1, 1);
    let mut command = project.command(&["relay", "--once"]);
    command.env("RABBIT_PASSWORD", "hunter2");
    let refused = project.finish(command).expect(5);
    assert!(
        refused.stderr.contains("cannot connect to the broker") && !refused.stderr.contains("hunter2"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_silent_broker_does_not_delay_the_end_of_a_relay() {
    let Some((rabbit, server, project)) = with_outbox("ras") else { return };
    rabbit.bind("marty", "things", "ras_a.#");
    emit(&server, "ras_a", 10, 1);
    let mut relay = Running::of(project.command(&["relay", "-q"]).env("RABBIT_PASSWORD", "guest"));
    until("all are published", || pending(&server, "ras_a") == 0);
    rabbit.freeze();
    relay.terminate();
    until("it ends", || relay.has_ended());
}

#[test]
fn an_alarm_of_the_broker_is_called_one() {
    let Some((rabbit, server, project)) = Rabbit::with_alarm().and_then(|at| with_outbox_at(at, "raa"))
    else {
        return;
    };
    rabbit.bind("marty", "things", "raa_a.#");
    emit(&server, "raa_a", 3, 1);
    let mut command = project.command(&["relay", "--once"]);
    command.env("RABBIT_PASSWORD", "guest");
    let done = project.finish(command);
    assert!(done.code != Some(0) && done.said().contains("an alarm of the broker"), "{}", done.said());
    assert_eq!(pending(&server, "raa_a"), 3);
}
