//! `relay replay`: what was published is published once more.

use serde_json::json;

use super::webhook::{Taken, hook, in_order};
use super::{declared, emit, pending};
use crate::support::{Admin, Project, Server};

fn published(server: &Server, prefix: &str) -> (Project, Taken) {
    let (port, taken) = hook(|_| 200);
    let project =
        declared(server, Admin::Super, prefix, &format!("{{ http: \"http://127.0.0.1:{port}/in\" }}"));
    project.run(&["init-all", "-y"]).expect(0);
    emit(server, &format!("{prefix}_a"), 40, 10);
    project.run(&["relay", "--once"]).expect(0);
    (project, taken)
}

#[test]
fn replay_since_a_time_publishes_in_order() {
    let server = Server::start();
    let (project, taken) = published(&server, "rrs");
    let hours = |hours: u32, numbers: &str| {
        let sql = format!(
            "UPDATE rrs_a_outbox SET published_at = now() - interval '{hours} hours' WHERE {numbers}"
        );
        server.sql("rrs_a", &sql);
    };
    hours(5, "payload->>'n' = '0'");
    hours(2, "payload->>'n' <> '0'");
    // Neither was published.
    server.sql(
        "rrs_a",
        "UPDATE rrs_a_outbox SET last_error = 'skipped: x' WHERE aggregate_id = '3' AND payload->>'n' = '2'",
    );
    server.sql(
        "rrs_a",
        "UPDATE rrs_a_outbox SET last_error = 'dead: x' WHERE aggregate_id = '4' AND payload->>'n' = '2'",
    );
    taken.lock().unwrap().clear();
    let replay = |more: &[&str], code| {
        let words = [&["relay", "replay", "-s", "rrs_a", "--since", "3h"], more].concat();
        project.json(&words, code)
    };
    assert_eq!(replay(&["--dry-run"], 0)["services"][0]["events"], 28);
    let error = replay(&[], 2);
    assert!(error.to_string().contains("28 events would be published again"), "{error}");
    assert_eq!(pending(&server, "rrs_a"), 0);
    // New ones of the same aggregates come after them.
    emit(&server, "rrs_a", 10, 10);
    assert_eq!(replay(&["-y"], 0)["services"][0]["events"], 28);
    assert_eq!(pending(&server, "rrs_a"), 38);
    project.run(&["relay", "--once"]).expect(0);
    let arrived = in_order(&taken);
    for (aggregate, numbers) in
        [("thing/1", [1, 2, 3, 0].as_slice()), ("thing/3", &[1, 3, 0]), ("thing/4", &[1, 3, 0])]
    {
        assert_eq!(arrived[aggregate], numbers, "{aggregate}");
    }
    // A time of the clock, in the future.
    let none = project.json(&["relay", "replay", "--all", "--since", "2100-01-01T00:00:00+02:00", "-y"], 0);
    assert_eq!(none["services"][0]["events"], 0);
    for (time, said) in [("yesterday", "neither a time such as"), ("", "neither a time such as")] {
        let done = project.run(&["relay", "replay", "--all", "--since", time]).expect(2);
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
}

#[test]
fn replay_from_an_event_publishes_it_and_later_ones() {
    let server = Server::start();
    let (project, taken) = published(&server, "rrf");
    taken.lock().unwrap().clear();
    let first = server.value("rrf_a", "SELECT max(id)::text FROM rrf_a_outbox WHERE payload->>'n' = '2'");
    let count =
        server.value("rrf_a", &format!("SELECT count(*)::text FROM rrf_a_outbox WHERE id >= {first}"));
    let done = project.json(&["relay", "replay", "-s", "rrf_a", "--from-id", &first, "-y"], 0);
    assert_eq!(done["services"][0]["events"], json!(count.parse::<u64>().unwrap()));
    project.run(&["relay", "--once"]).expect(0);
    assert_eq!(taken.lock().unwrap().len().to_string(), count);
    // Text that is not a number is an error of the server, and changes nothing.
    let wrong = project
        .json(&["relay", "replay", "-s", "rrf_a", "--from-id", "x'; DROP TABLE rrf_a_outbox; --", "-y"], 1);
    assert_eq!(wrong["services"][0]["error"]["sqlstate"], "22P02", "{wrong}");
    assert_eq!(pending(&server, "rrf_a"), 0);
    project.run(&["relay", "replay", "--all"]).expect(2);
    project.run(&["relay", "replay", "--since", "1h"]).expect(2);
}
