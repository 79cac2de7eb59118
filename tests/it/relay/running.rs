//! A relay that runs: it reloads its manifest at SIGHUP, and serves what it counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use serde_json::Value;

use super::webhook::{Taken, hook, slow_hook};
use super::{add_template, declared, emit, pending};
use crate::monitor::served::{Series, Served, value};
use crate::support::{Admin, Project, Server, until};

fn to(port: u16) -> String {
    format!("{{ http: \"http://127.0.0.1:{port}/in\" }}")
}

fn relay(project: &Project) -> Served {
    Served::run(project.command(&["relay", "--metrics", "127.0.0.1:0"]))
}

fn count(taken: &Taken) -> usize {
    taken.lock().unwrap().len()
}

#[test]
fn a_reload_takes_a_new_destination_and_ignores_an_invalid_manifest() {
    let (first, taken_first) = hook(|_| 200);
    let (second, taken_second) = hook(|_| 200);
    let server = Server::start();
    let project = declared(&server, Admin::Super, "rrl", &to(first));
    add_template(&project, "rrl_b");
    project.run(&["init-all", "-y"]).expect(0);
    let relay = relay(&project);
    emit(&server, "rrl_a", 20, 4);
    until("they arrived", || count(&taken_first) == 20 && pending(&server, "rrl_a") == 0);
    // Another destination, and another outbox, whose login is not made yet.
    let manifest = project.read("martydb.yaml").replace(&to(first), &to(second));
    let manifest =
        manifest.replace("  rrl_b:\n", &format!("  rrl_b:\n    outbox: {{ to: {} }}\n", to(second)));
    project.write("martydb.yaml", &manifest);
    project.run(&["apply", "--all", "-y"]).expect(0);
    relay.signal(Signal::HUP);
    until("it reloaded", || {
        relay.said().contains("reloaded the manifest: publishing the events of rrl_a, rrl_b")
    });
    emit(&server, "rrl_a", 20, 4);
    emit(&server, "rrl_b", 8, 4);
    until("they arrived there", || count(&taken_second) == 28 && pending(&server, "rrl_a") == 0);
    assert_eq!(count(&taken_first), 20);
    // Nothing changes with a manifest that is invalid, and the relay says why.
    project.write("martydb.yaml", &manifest.replace("outbox: { to:", "outbox: { keep: soon, to:"));
    relay.signal(Signal::HUP);
    until("it said so", || {
        relay.said().contains("the manifest was not reloaded, the former one stays in force:")
    });
    assert!(relay.said().contains("\"soon\" is not a time"), "{}", relay.said());
    emit(&server, "rrl_a", 20, 4);
    until("they arrived there", || count(&taken_second) == 48 && pending(&server, "rrl_a") == 0);
    // Neither does one without the outboxes, and one that is gone.
    project.write("martydb.yaml", &manifest.replace("outbox:", "# outbox:"));
    relay.signal(Signal::HUP);
    until("it said so", || relay.said().contains("no service has an outbox"));
    let (code, _, said) = relay.end(Signal::TERM);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("no delivery is in progress"), "{said}");
}

#[test]
fn a_relay_counts_what_it_publishes_and_why_it_fails() {
    let is_busy = Arc::new(AtomicBool::new(false));
    let busy = is_busy.clone();
    let (port, taken) = slow_hook(std::time::Duration::ZERO, move |event: &Value| {
        let refused = event["subject"] == "thing/2" && event["data"]["n"] == 1;
        match () {
            () if busy.load(Ordering::Relaxed) => (503, None),
            () if refused => (422, None),
            () => (200, None),
        }
    });
    let server = Server::start();
    let project = declared(&server, Admin::Super, "rrm", &to(port));
    let manifest = project.read("martydb.yaml");
    let quick = "outbox: { retry: { tries: 2, from: 10ms, to: 20ms }, to:";
    project.write("martydb.yaml", &manifest.replace("outbox: { to:", quick));
    project.run(&["init-all", "-y"]).expect(0);
    let relay = relay(&project);
    until("it is ready", || relay.get("/ready", "").status == 200);
    let of = |series: &Series, metric: &str, labels: &[(&str, &str)]| {
        value(series, metric, &[labels, &[("service", "rrm_a"), ("project", "rrm")]].concat())
    };
    let events =
        |series: &Series, outcome: &str| of(series, "martydb_relay_events_total", &[("outcome", outcome)]);
    let failures =
        |series: &Series, kind: &str| of(series, "martydb_relay_failures_total", &[("kind", kind)]);
    assert_eq!(of(&relay.scrape(), "martydb_relay_last_success_timestamp_seconds", &[]), None);
    emit(&server, "rrm_a", 40, 10);
    relay.until("published", |series| {
        events(series, "published") == Some(37.0) && events(series, "dead") == Some(1.0)
    });
    assert_eq!(count(&taken), 37);
    let series = relay.scrape();
    assert_eq!((events(&series, "retried"), events(&series, "diverted")), (Some(1.0), Some(0.0)));
    assert_eq!((failures(&series, "refused"), failures(&series, "busy")), (Some(2.0), Some(0.0)));
    let last = of(&series, "martydb_relay_last_success_timestamp_seconds", &[]).unwrap();
    assert!(last > 1.7e9, "{last}");
    // Two wait behind the dead one.
    relay.until("counted", |series| of(series, "martydb_relay_pending", &[]) == Some(2.0));
    is_busy.store(true, Ordering::Relaxed);
    emit(&server, "rrm_a", 5, 1);
    relay.until("busy", |series| {
        failures(series, "busy") > Some(3.0) && failures(series, "outage") > Some(0.0)
    });
    relay.until("waiting", |series| {
        of(series, "martydb_relay_pending", &[]) == Some(7.0)
            && of(series, "martydb_relay_lag_seconds", &[]) > Some(0.0)
    });
    let skipped = |series: &Series| of(series, "martydb_relay_skipped", &[]);
    assert_eq!(skipped(&relay.scrape()), Some(0.0));
    // Another process skips the dead event, in a table of before the index for such events too.
    let poison = "SELECT event_id::text FROM rrm_a_outbox WHERE available_at = 'infinity'";
    let poison = server.value("rrm_a", poison);
    project.run(&["relay", "skip", "--event", &poison, "--reason", "a test"]).expect(0);
    server.sql("rrm_a", "DROP INDEX rrm_a_outbox_skipped_idx");
    // It continues its counters with another manifest.
    relay.signal(Signal::HUP);
    until("it reloaded", || relay.said().contains("reloaded the manifest"));
    relay.until("skipped", |series| skipped(series) == Some(1.0));
    is_busy.store(false, Ordering::Relaxed);
    relay.until("published", |series| events(series, "published") == Some(44.0));
    // The way to it from other machines needs a password.
    let open = project.run(&["relay", "--metrics", "0.0.0.0:0"]).expect(2);
    assert!(open.stderr.contains("can be reached from other machines"), "{}", open.stderr);
    project.run(&["relay", "--once", "--metrics", "127.0.0.1:0"]).expect(2);
    let (code, _, said) = relay.end(Signal::TERM);
    assert_eq!(code, Some(0), "{said}");
}
