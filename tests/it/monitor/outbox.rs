//! Metrics of outboxes whose contents are known.

use super::served::{Series, Served, value};
use crate::support::{Project, Server};

fn project(server: &Server, prefix: &str) -> Project {
    let project = Project::new(server, prefix);
    let manifest = project.read("martydb.yaml");
    let outbox = format!("  {prefix}_a:\n    outbox: {{ to: {{ nats: \"nats://127.0.0.1:9\" }} }}\n");
    let manifest = manifest.replace(&format!("  {prefix}_a:\n"), &outbox);
    project.write("martydb.yaml", &format!("{manifest}monitor: true\n"));
    project.run(&["revision", &format!("{prefix}_a"), "-m", "outbox", "--template", "outbox"]).expect(0);
    project.run(&["init-all", "-y"]).expect(0);
    project
}

#[test]
fn waiting_and_dead_events_and_their_age_are_measured() {
    let server = Server::start();
    let project = project(&server, "moo");
    // Four wait, the oldest for ten minutes; two that are older are dead, and three were published.
    server.sql(
        "moo_a",
        "INSERT INTO moo_a_outbox (aggregate_type, aggregate_id, event_type, payload, occurred_at, available_at, published_at) \
         SELECT 'thing', i::text, 'made', '{}', \
           now() - CASE WHEN i < 4 THEN interval '1 minute' WHEN i = 4 THEN interval '10 minutes' ELSE interval '2 hours' END, \
           CASE WHEN i IN (5, 6) THEN 'infinity' ELSE now() END, CASE WHEN i > 6 THEN now() END \
         FROM generate_series(1, 9) i",
    );
    let served = Served::start(
        &project,
        &["--outbox-every", "1s", "--isolation-every", "never", "--drift-every", "never"],
    );
    let of = |series: &Series, metric: &str| value(series, metric, &[("service", "moo_a")]);
    let are = |pending: f64, dead: f64| {
        move |series: &Series| {
            of(series, "martydb_outbox_pending") == Some(pending)
                && of(series, "martydb_outbox_dead") == Some(dead)
        }
    };
    served.until("measured", are(4.0, 2.0));
    let series = served.scrape();
    let oldest = of(&series, "martydb_outbox_oldest_seconds").unwrap();
    // A dead one is for a person: its age says nothing about the relay.
    assert!((600.0..1200.0).contains(&oldest), "{oldest}");
    assert_eq!(value(&series, "martydb_outbox_pending", &[("service", "moo_b")]), None, "it has none");
    assert_eq!(value(&series, "martydb_check_ok", &[("check", "outbox")]), Some(1.0));
    // A person decides about one, and the oldest is published.
    let event = server.value("moo_a", "SELECT event_id::text FROM moo_a_outbox WHERE aggregate_id = '5'");
    project.run(&["relay", "skip", "--event", &event, "--reason", "a test"]).expect(0);
    server.sql("moo_a", "UPDATE moo_a_outbox SET published_at = now() WHERE aggregate_id = '4'");
    served.until("changed", are(3.0, 1.0));
    let oldest = of(&served.scrape(), "martydb_outbox_oldest_seconds").unwrap();
    assert!((60.0..600.0).contains(&oldest), "{oldest}");
    // Nothing waits.
    server.sql("moo_a", "UPDATE moo_a_outbox SET published_at = now()");
    served.until("empty", are(0.0, 0.0));
    assert_eq!(of(&served.scrape(), "martydb_outbox_oldest_seconds"), Some(0.0));
    // An unreadable value has no sample, and the check reports its failure.
    server.sql("moo_a", "REVOKE SELECT ON moo_a_outbox FROM moo_a_relay");
    served.until("failed", |series| value(series, "martydb_check_ok", &[("check", "outbox")]) == Some(0.0));
    project.run(&["apply", "--all", "-y"]).expect(0);
    served.until("read again", |series| {
        value(series, "martydb_check_ok", &[("check", "outbox")]) == Some(1.0) && are(0.0, 0.0)(series)
    });
}
