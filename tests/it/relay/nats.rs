//! NATS JetStream: what arrives, in which order, and what happens side by side.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::json;

use super::{add_template, declared, emit, pending, project};
use crate::support::{Admin, Nats, Project, Server, StreamMessage, ask, until};

fn target(nats: &Nats) -> String {
    format!("{{ nats: \"{}\", subject: \"ev.{{service}}.{{event_type}}\" }}", nats.url())
}

/// The numbers of each aggregate, in the order in which they arrived.
fn by_aggregate(messages: &[StreamMessage]) -> BTreeMap<String, Vec<i64>> {
    let mut all: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for message in messages {
        let data: serde_json::Value = serde_json::from_str(&message.data).unwrap();
        all.entry(message.headers["ce-subject"].clone()).or_default().push(data["n"].as_i64().unwrap());
    }
    all
}

#[test]
fn events_arrive_once_in_order_and_describe_themselves() {
    let Some(nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let project = project(&server, Admin::Super, "rna", &target(&nats));
    emit(&server, "rna_a", 1000, 30);
    let status = project.json(&["relay", "status"], 0);
    assert_eq!(status["services"][0]["pending"], 1000);
    let preview = project.json(&["relay", "--dry-run"], 0);
    assert_eq!(preview["next"].as_array().unwrap().len(), 20);
    assert_eq!(pending(&server, "rna_a"), 1000);
    let done = project.json(&["relay", "--once"], 0);
    assert_eq!(done["services"][0]["published"], 1000);
    let messages = nats.messages("EV");
    assert_eq!(messages.len(), 1000);
    let arrived = by_aggregate(&messages);
    assert_eq!(arrived.len(), 30);
    assert!(arrived.values().all(|numbers| numbers.is_sorted()), "{arrived:?}");
    let first = &messages[0];
    assert_eq!(first.subject, "ev.rna_a.thing.made");
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-source", "/rna/rna_a"),
        ("ce-type", "thing.made"),
        ("content-type", "application/json"),
        ("traceparent", "00-1-2-01"),
    ] {
        assert_eq!(first.headers.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(first.headers["Nats-Msg-Id"], format!("/rna/rna_a/{}", first.headers["ce-id"]));
    assert!(first.headers["ce-time"].ends_with('Z'));
    let status = project.json(&["relay", "status"], 0);
    let row = &status["services"][0];
    assert_eq!(
        (row["pending"].clone(), row["published"].clone(), row["dead"].clone()),
        (json!(0), json!(1000), json!(0))
    );
    assert!(row["oldest_age_ms"].is_null() && row["rate"].as_f64().unwrap() > 1.0);
}

#[test]
fn a_late_commit_is_published() {
    let Some(nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let project = project(&server, Admin::Super, "rnl", &target(&nats));
    let insert = |aggregate: &str| {
        format!(
            "INSERT INTO rnl_a_outbox (aggregate_type, aggregate_id, event_type, payload) VALUES ('thing', '{aggregate}', 'e', '{{\"n\": 1}}')"
        )
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut late = server.admin("rnl_a").await;
        // The lower number is taken first, and committed last: of another aggregate, and of the same one.
        for aggregate in ["late", "same"] {
            ask(&mut late, "BEGIN").await.unwrap();
            ask(&mut late, &insert(aggregate)).await.unwrap();
            let mut early = server.admin("rnl_a").await;
            ask(&mut early, &insert("same")).await.unwrap();
            let run =
                |project: &Project| project.json(&["relay", "--once"], 0)["services"][0]["published"].clone();
            assert_eq!(run(&project), 1);
            ask(&mut late, "COMMIT").await.unwrap();
            assert_eq!(run(&project), 1);
        }
    });
    assert_eq!(pending(&server, "rnl_a"), 0);
    assert_eq!(nats.messages("EV").len(), 4);
}

#[test]
fn four_relays_share_the_events_and_keep_the_order() {
    let Some(nats) = Nats::start("") else { return };
    // Duplicates within the window would be dropped: a short window shows them.
    nats.stream("EV", &["ev.>"], &json!({"duplicate_window": 100_000_000}));
    let server = Server::start();
    let project = project(&server, Admin::Super, "rnf", &target(&nats));
    let events = 20_000;
    emit(&server, "rnf_a", events, 97);
    let mut relays: Vec<_> =
        (0..4).map(|_| project.command(&["relay", "--once", "-q"]).spawn().unwrap()).collect();
    for relay in &mut relays {
        assert!(relay.wait().unwrap().success());
    }
    project.run(&["relay", "--once"]).expect(0);
    assert_eq!(pending(&server, "rnf_a"), 0);
    let messages = nats.messages("EV");
    assert_eq!(messages.len(), events as usize, "an event was published twice");
    let arrived = by_aggregate(&messages);
    assert!(arrived.values().all(|numbers| numbers.is_sorted()));
}

#[test]
fn a_running_relay_is_woken_by_events_and_ends_at_a_signal() {
    let Some(nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let project = project(&server, Admin::Super, "rnw", &target(&nats));
    let mark = server.log().len();
    let relay = project.command(&["relay"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    until("it listens", || server.log_since(mark).contains("statement: LISTEN"));
    let begun = std::time::Instant::now();
    emit(&server, "rnw_a", 50, 5);
    while nats.last("EV") < 50 {
        assert!(begun.elapsed().as_secs() < 10, "nothing arrives");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // Polling without notifications would take up to a second.
    assert!(begun.elapsed().as_millis() < 900, "{:?}", begun.elapsed());
    let pid = rustix::process::Pid::from_child(&relay);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let done = relay.wait_with_output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success() && said.contains("no delivery is in progress"), "{said}");
}

#[test]
fn an_outbox_with_other_columns_is_mapped() {
    let Some(nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let project = Project::new(&server, "rnm");
    let manifest = project.read("martydb.yaml");
    let outbox = format!(
        "  rnm_a:\n    schemas: [public, events]\n    outbox:\n      table: events.Log\n      columns: {{ id: seq, event_id: uid, aggregate_type: kind, aggregate_id: key, event_type: name, payload: body, headers: \"\", occurred_at: \"\", available_at: due, published_at: sent, attempts: tries, last_error: why }}\n      to: {}\n",
        target(&nats)
    );
    project.write("martydb.yaml", &manifest.replace("  rnm_a:\n", &outbox));
    project.write(
        "rnm_a/migrations/V3__log.sql",
        "CREATE TABLE events.\"Log\" (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, uid text NOT NULL, kind text NOT NULL,\n\
           key bigint NOT NULL, name text NOT NULL, body text NOT NULL, due timestamptz NOT NULL DEFAULT now(), sent timestamptz,\n\
           tries int NOT NULL DEFAULT 0, why text);\n",
    );
    project.write("rnm_a/migrations/V3__log.down.sql", "DROP TABLE events.\"Log\";\n");
    project.run(&["init-all", "-y"]).expect(0);
    server.sql(
        "rnm_a",
        "INSERT INTO events.\"Log\" (uid, kind, key, name, body) SELECT 'u' || i, 'k', i % 3, 'it''s', 'plain ' || i FROM generate_series(1, 10) i",
    );
    assert_eq!(project.json(&["relay", "--once"], 0)["services"][0]["published"], 10);
    let messages = nats.messages("EV");
    assert_eq!(messages.len(), 10);
    assert!(
        messages.iter().all(|one| one.data.starts_with("plain ") && !one.headers.contains_key("ce-time"))
    );
    assert_eq!(project.json(&["relay", "status"], 0)["services"][0]["oldest_age_ms"], json!(null));
}

#[test]
fn an_event_cannot_name_another_service() {
    let Some(nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let target = |service: &str| {
        format!("{{ nats: \"{}\", subject: \"ev.{service}.{{aggregate_type}}.{{event_type}}\" }}", nats.url())
    };
    let project = declared(&server, Admin::Super, "rns", &target("{service}"));
    let manifest = project.read("martydb.yaml");
    let both = format!("  rns_b:\n    outbox: {{ to: {} }}\n", target("{service}"));
    project.write("martydb.yaml", &manifest.replace("  rns_b:\n", &both));
    add_template(&project, "rns_b");
    project.run(&["init-all", "-y"]).expect(0);
    let headers = "{\"CE-Source\": \"/rns/rns_b\", \"ce-id\": \"x\", \"ce-extension\": \"kept\"}";
    for service in ["rns_a", "rns_b"] {
        // The same id in both, which neither may take from the other.
        server.sql(
            service,
            &format!(
                "INSERT INTO {service}_outbox (event_id, aggregate_type, aggregate_id, event_type, payload, headers) \
                 VALUES ('8f14e45f-ceea-467f-a0c1-0d3b7a1f0001', 'other.service', '1', 'a.b', '{{}}', '{headers}')"
            ),
        );
    }
    project.run(&["relay", "--once"]).expect(0);
    let mut messages = nats.messages("EV");
    messages.sort_by(|a, b| a.subject.cmp(&b.subject));
    let subjects: Vec<&str> = messages.iter().map(|message| message.subject.as_str()).collect();
    assert_eq!(subjects, ["ev.rns_a.other_service.a.b", "ev.rns_b.other_service.a.b"]);
    let own = &messages[0].headers;
    assert_eq!(own["ce-source"], "/rns/rns_a");
    assert_eq!(own["ce-extension"], "kept");
    assert!(!own.contains_key("CE-Source"), "{own:?}");
}
