//! `split verify` while applications write and a process follows: both sides are read at one moment.

use super::Split;
use super::follower::{Follower, followed};
use super::online::Writers;
use crate::support::many;

/// Number of comparisons in each state.
const ROUNDS: usize = 6;

fn verify(split: &Split, code: i32) -> serde_json::Value {
    split.project.json(&["split", "verify", "--service", "orders"], code)["services"][0].clone()
}

fn equal(split: &Split, writers: &Writers) {
    for round in 0..many(ROUNDS, 2) {
        writers.more(5);
        let found = verify(split, 0);
        assert_eq!(found["equal"], true, "round {round}: {found}");
    }
}

#[test]
fn verify_reports_no_false_difference_under_load() {
    let split = Split::new();
    let mut follower = Follower::start(&split);
    followed(&split);
    let writers = Writers::start(&split, 3);
    equal(&split, &writers);
    for _ in 0..many(ROUNDS, 2) {
        follower.kill();
        follower = Follower::start(&split);
        let found = verify(&split, 0);
        assert_eq!(found["equal"], true, "after a restart: {found}");
    }
    split.split(&["cutover", "--service", "orders"]).expect(0);
    writers.more(20);
    equal(&split, &writers);
    split.split(&["rollback", "--service", "orders"]).expect(0);
    writers.more(20);
    // One that is there is found among all that is written.
    let spoil = "SET session_replication_role = replica; UPDATE orders SET note = 'spoiled' WHERE n = 7";
    split.target.sql("orders", spoil);
    let found = verify(&split, 3);
    let differences = found["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{found}");
    assert_eq!(differences[0]["table"], "public.orders", "{found}");
    assert_eq!(differences[0]["rows"].as_array().unwrap().len(), 1, "{found}");
    writers.end();
}

/// While later changes are applied, differences in flight are not reported.
#[test]
fn a_side_past_the_common_moment_is_not_compared() {
    let split = Split::new();
    split.split(&["copy", "--online", "--until-caught-up"]).expect(0);
    let spoil = "SET session_replication_role = replica; UPDATE orders SET note = 'later' WHERE n = 7";
    split.target.sql("orders", spoil);
    let place = |lsn: &str| {
        split.target.sql("orders", &format!("UPDATE martydb_split.position SET lsn = '{lsn}'"));
    };
    let before = split.target.value("orders", "SELECT lsn FROM martydb_split.position");
    place("FFFFFFFF/0");
    let refused = split.split(&["verify", "--service", "orders"]).expect(6).said();
    assert!(
        refused.contains("another process applies the changes of orders during the comparison"),
        "{refused}"
    );
    place(&before);
    verify(&split, 3);
}
