//! SIGKILL of relay and broker while events go out: none is lost, the order of each aggregate is kept, and what comes twice was
//! on its way when something died.
//!
//! `MARTYDB_RELAY_EVENTS` and `MARTYDB_RELAY_KILLS` make it longer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;

use super::{add_template, pending};
use crate::support::{Nats, Project, Server};

const SERVICES: [&str; 4] = ["rka", "rkb", "rkc", "rkd"];
const BATCH: usize = 200;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn project(server: &Server, nats: &Nats) -> Project {
    let mut text =
        format!("version: 1\nproject: rk\nservers:\n  main: {{ url: \"{}\" }}\nservices:\n", server.url());
    for service in SERVICES {
        text += &format!(
            "  {service}:\n    outbox: {{ batch: {BATCH}, to: {{ nats: \"{}\", subject: \"ev.{{service}}\" }} }}\n",
            nats.url()
        );
    }
    let project = Project::with_manifest(&text);
    for service in SERVICES {
        add_template(&project, service);
    }
    project.run(&["init-all", "-y"]).expect(0);
    project
}

/// Whether the program of this source is one `relay` or several, everything arrives.
fn survives(relays: usize) {
    let Some(mut nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({"duplicate_window": 100_000_000}));
    let server = Server::start();
    let project = project(&server, &nats);
    let (events, kills) = (number("MARTYDB_RELAY_EVENTS", 8_000), number("MARTYDB_RELAY_KILLS", 6));
    let start = || project.command(&["relay", "-q"]).spawn().unwrap();
    let mut running: Vec<_> = (0..relays).map(|_| start()).collect();
    for round in 0..kills {
        for service in SERVICES {
            super::emit(&server, service, u32::try_from(events / 4 / kills).unwrap(), 50);
        }
        let pause = [150, 400, 90, 700, 250][round % 5];
        std::thread::sleep(Duration::from_millis(pause));
        if round % 3 == 2 {
            nats.kill();
            nats.launch();
        } else {
            let victim = round % relays;
            running[victim].kill().unwrap();
            running[victim].wait().unwrap();
            running[victim] = start();
        }
    }
    let begun = std::time::Instant::now();
    while SERVICES.iter().any(|service| pending(&server, service) > 0) {
        assert!(begun.elapsed() < Duration::from_secs(120), "events stay where they are");
        std::thread::sleep(Duration::from_millis(200));
    }
    for mut relay in running {
        relay.kill().unwrap();
        relay.wait().unwrap();
    }
    judge(&server, &nats, events / 4 / kills * 4 * kills, kills, relays);
}

fn judge(server: &Server, nats: &Nats, events: usize, kills: usize, relays: usize) {
    let messages = nats.messages("EV");
    let mut payloads: BTreeMap<String, String> = BTreeMap::new();
    let mut places: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for message in &messages {
        let id = message.headers["ce-id"].clone();
        let same = payloads.entry(id.clone()).or_insert_with(|| message.data.clone());
        assert_eq!(*same, message.data, "two payloads of {id}");
        let of = (message.subject.clone(), message.headers["ce-subject"].clone());
        places.entry(of).or_default().push(id);
    }
    assert_eq!(payloads.len(), events, "events were lost");
    let twice = messages.len() - payloads.len();
    // Two sessions of each outbox may be at work in every relay.
    assert!(twice <= kills * relays.max(1) * SERVICES.len() * 2 * BATCH, "{twice} came twice");
    eprintln!("{events} events, {kills} kills, {relays} relays: {twice} came twice, none was lost");
    for ((subject, aggregate), mut ids) in places {
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        let service = subject.trim_start_matches("ev.");
        let key = aggregate.trim_start_matches("thing/");
        let written = server.sql(
            service,
            &format!("SELECT event_id::text FROM {service}_outbox WHERE aggregate_id = '{key}' ORDER BY id"),
        );
        let written: Vec<String> = written.into_iter().flatten().collect();
        assert_eq!(ids, written, "{subject} {aggregate}");
    }
}

#[test]
fn nothing_is_lost_when_relay_and_broker_are_killed() {
    survives(1);
}

#[test]
fn nothing_is_lost_with_four_relays() {
    survives(4);
}
