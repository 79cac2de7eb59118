//! A broker that refuses, hangs, rejects the size or vanishes: nothing is lost, and the words say what is wrong.

use serde_json::json;

use super::{declared, emit, pending, project};
use crate::support::{Admin, Nats, Server, until};

fn target(nats: &Nats) -> String {
    format!("{{ nats: \"{}\", subject: \"ev.{{service}}\" }}", nats.url())
}

#[test]
fn a_poison_event_blocks_only_its_aggregate_until_a_decision() {
    let Some(nats) = Nats::start("max_payload: 4096\n") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let project = declared(&server, Admin::Super, "rpo", &target(&nats));
    let manifest = project.read("martydb.yaml");
    let quick = "outbox: { retry: { tries: 2, from: 10ms, to: 20ms }, to:";
    project.write("martydb.yaml", &manifest.replace("outbox: { to:", quick));
    project.run(&["init-all", "-y"]).expect(0);
    emit(&server, "rpo_a", 30, 10);
    // The second event of one aggregate is too large.
    server.sql(
        "rpo_a",
        "UPDATE rpo_a_outbox SET payload = jsonb_build_object('n', 1, 'pad', repeat('x', 9000)) WHERE aggregate_id = '3' AND payload->>'n' = '1'",
    );
    let poison = "SELECT event_id::text FROM rpo_a_outbox WHERE aggregate_id = '3' AND payload->>'n' = '1'";
    let poison = server.value("rpo_a", poison);
    let first = project.json(&["relay", "--once"], 1);
    assert!(first["services"][0]["refused"].as_i64().unwrap() >= 1);
    std::thread::sleep(std::time::Duration::from_millis(100));
    let _second = project.run(&["relay", "--once"]);
    // All but it and the one behind it.
    assert_eq!(pending(&server, "rpo_a"), 2);
    let status = project.json(&["relay", "status"], 0);
    let row = &status["services"][0];
    assert_eq!((row["pending"].clone(), row["dead"].clone()), (json!(1), json!(1)), "{row}");
    assert!(row["last_error"].as_str().unwrap().contains("does not accept 9"), "{row}");
    // It stays dead.
    project.run(&["relay", "--once"]).expect(0);
    assert_eq!(nats.last("EV"), 28);
    project.run(&["relay", "retry", "--event", "no-such-event"]).expect(1);
    project.run(&["relay", "retry", "--event", "00000000-0000-0000-0000-000000000000"]).expect(1);
    project.run(&["relay", "retry", "--event", &poison]).expect(0);
    project.run(&["relay", "--once"]).expect(1);
    project.run(&["relay", "skip", "--event", &poison]).expect(2);
    let before = project.json(&["relay", "status"], 0)["services"][0]["published"].clone();
    project.run(&["relay", "skip", "--event", &poison, "--reason", "too large, sent by hand"]).expect(0);
    let status = project.json(&["relay", "status"], 0);
    let row = &status["services"][0];
    assert_eq!((&row["published"], &row["skipped"]), (&before, &serde_json::json!(1)), "{row:#}");
    project.run(&["relay", "--once"]).expect(0);
    assert_eq!((pending(&server, "rpo_a"), nats.last("EV")), (0, 29));
    let why = format!("SELECT last_error FROM rpo_a_outbox WHERE event_id = '{poison}'");
    assert_eq!(server.value("rpo_a", &why), "skipped: too large, sent by hand");
}

/// A session takes messages of 16 MiB only: such an event stopped the whole outbox, and nothing named it.
#[test]
fn an_oversized_event_blocks_only_its_aggregate() {
    let Some(nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let project = declared(&server, Admin::Super, "rpl", &target(&nats));
    let manifest = project.read("martydb.yaml");
    let quick = "outbox: { retry: { tries: 2, from: 10ms, to: 20ms }, to:";
    project.write("martydb.yaml", &manifest.replace("outbox: { to:", quick));
    project.run(&["init-all", "-y"]).expect(0);
    let large = |aggregate: &str, kind: &str, payload: &str, headers: &str| {
        server.sql(
            "rpl_a",
            &format!(
                "INSERT INTO rpl_a_outbox (aggregate_type, aggregate_id, event_type, payload, headers) \
                 VALUES ('thing', '{aggregate}', {kind}, {payload}, {headers})"
            ),
        );
    };
    let pad = |bytes: u32| format!("jsonb_build_object('pad', repeat('x', {bytes}))");
    large("payload", "'e'", &pad(20_000_000), "'{}'");
    large("headers", "'e'", "'{}'", &pad(20_000_000));
    large("kind", "repeat('x', 20000000)", "'{}'", "'{}'");
    // Together these exceed one answer; each is read by itself, and refused by the broker.
    for number in 0..6 {
        large(&format!("many {number}"), "'e'", "'{}'", &pad(8_000_000));
    }
    emit(&server, "rpl_a", 30, 10);
    emit(&server, "rpl_a", 2, 1);
    project.json(&["relay", "--dry-run"], 0);
    let first = project.json(&["relay", "--once"], 1);
    assert_eq!((&first["services"][0]["published"], nats.last("EV")), (&json!(32), 32), "{first}");
    until("all are dead", || {
        let _again = project.run(&["relay", "--once"]);
        project.json(&["relay", "status"], 0)["services"][0]["dead"] == 9
    });
    let why = server.value("rpl_a", "SELECT last_error FROM rpl_a_outbox WHERE aggregate_id = 'payload'");
    assert!(why.contains("too large: 20000") && why.contains("12582912"), "{why}");
    assert_eq!(pending(&server, "rpl_a"), 9);
    // The remedy needs its id, which the message contains.
    let id = server.value("rpl_a", "SELECT event_id::text FROM rpl_a_outbox WHERE aggregate_id = 'payload'");
    project.run(&["relay", "skip", "--event", &id, "--reason", "too large"]).expect(0);
    assert_eq!(pending(&server, "rpl_a"), 8);
}

#[test]
fn a_broker_that_cannot_be_used_makes_no_event_dead() {
    let Some(mut nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let project = project(&server, Admin::Super, "rpv", &target(&nats));
    emit(&server, "rpv_a", 40, 4);
    nats.kill();
    let done = project.run(&["relay", "--once"]).expect(5);
    insta::assert_snapshot!(done.shown(), @r"
    SERVICE  PUBLISHED  REFUSED  DEAD  OUTCOME
    rpv_a  0  0  0  failed
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: cannot connect to the broker at nats://127.0.0.1:PORT
    caused by: IO error: Connection refused
    ");
    let attempts = || server.value("rpv_a", "SELECT max(attempts)::text FROM rpv_a_outbox");
    assert_eq!((attempts(), pending(&server, "rpv_a")), ("0".to_owned(), 40));
    nats.launch();
    // It lets everybody in, and answers none of them.
    nats.freeze(true);
    let done = project.run(&["relay", "--once"]).expect(5);
    assert!(done.said().contains("cannot connect to the broker at nats://127.0.0.1:"), "{done:?}");
    nats.freeze(false);
    assert_eq!(attempts(), "0");
    project.run(&["relay", "--once"]).expect(0);
    assert_eq!((pending(&server, "rpv_a"), nats.last("EV")), (0, 40));
}

#[test]
fn a_missing_stream_and_a_refused_login_are_named() {
    let Some(nats) = Nats::start("") else { return };
    let server = Server::start();
    let project = project(&server, Admin::Super, "rpm", &target(&nats));
    emit(&server, "rpm_a", 3, 3);
    project.run(&["relay", "--once"]).expect(1);
    let status = project.json(&["relay", "status"], 0);
    let error = status["services"][0]["last_error"].as_str().unwrap();
    assert_eq!(error, "no JetStream stream has the subject \"ev.rpm_a\"");
    // Any login of the service may write it.
    server.sql("rpm_a", "UPDATE rpm_a_outbox SET last_error = repeat('x', 1000000)");
    let status = project.json(&["relay", "status"], 0);
    assert_eq!(status["services"][0]["last_error"].as_str().unwrap().len(), 500);
    let Some(closed) = Nats::start("authorization { user: relay, password: right }\n") else { return };
    let manifest = project.read("martydb.yaml").replace(&nats.url(), &closed.url().replace("//", "//relay@"));
    project.write("martydb.yaml", &manifest.replace("subject:", "password_env: NATS_PASSWORD, subject:"));
    let done = project.run(&["relay", "--once"]).expect(2);
    insta::assert_snapshot!(done.shown(), @r"
    SERVICE  PUBLISHED  REFUSED  DEAD  OUTCOME
    rpm_a  0  0  0  failed
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: the variable NATS_PASSWORD is not set
    hint: set NATS_PASSWORD, or NATS_PASSWORD_FILE
    ");
    let mut command = project.command(&["relay", "--once"]);
    command.env("NATS_PASSWORD", "wrong-hunter2");
    let done = project.finish(command).expect(5);
    assert!(
        done.stderr.contains("authorization violation") && !done.stderr.contains("hunter2"),
        "{}",
        done.stderr
    );
    let mut command = project.command(&["relay", "--once"]);
    command.env("NATS_PASSWORD", "right");
    // It gets in, and finds no stream.
    project.finish(command).expect(1);
}

#[test]
fn a_missing_outbox_is_named_and_delays_no_other() {
    let Some(nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let project = declared(&server, Admin::Super, "rpx", &target(&nats));
    let manifest = project.read("martydb.yaml");
    let both =
        manifest.replace("  rpx_b:\n", &format!("  rpx_b:\n    outbox: {{ to: {} }}\n", target(&nats)));
    project.write("martydb.yaml", &both);
    project.run(&["init-all", "-y"]).expect(0);
    emit(&server, "rpx_a", 20, 5);
    let done = project.json(&["relay", "--once"], 1);
    let rows = done["services"].as_array().unwrap();
    assert_eq!(rows[0]["published"], 20);
    assert!(rows[1]["error"]["hints"][0].as_str().unwrap().contains("martydb upgrade"), "{done}");
}

#[test]
fn a_build_without_kafka_refuses_with_a_hint() {
    let server = Server::start();
    let to = "{ kafka: 'kafka://localhost:9,b2.example.org', plaintext: true }";
    let project = project(&server, Admin::Super, "rpk", to);
    emit(&server, "rpk_a", 3, 3);
    let done = project.run(&["relay", "--once"]).expect(if cfg!(feature = "kafka") { 5 } else { 2 });
    let said = if cfg!(feature = "kafka") {
        "cannot connect to the broker at kafka://localhost:9"
    } else {
        "cargo build --features kafka"
    };
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(pending(&server, "rpk_a"), 3);
}
