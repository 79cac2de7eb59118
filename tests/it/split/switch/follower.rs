//! The follower survives switches in either direction.

use std::process::{Child, Stdio};

use super::{LEGACY, Split};
use crate::support::until;

/// The process that follows; it does not outlive its test.
pub(crate) struct Follower(Child);

impl Follower {
    pub(crate) fn start(split: &Split) -> Follower {
        let mut command = split.project.command(&["split", "copy", "--online"]);
        Follower(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// A row written at one side arrives at the other one.
fn arrives(split: &Split, to_source: bool, n: i64) {
    let sides = [(&split.source, LEGACY), (&split.target, "orders")];
    let (from, to) = if to_source { (sides[1], sides[0]) } else { (sides[0], sides[1]) };
    from.0.sql(from.1, &format!("INSERT INTO orders (note, n) VALUES ('followed', {n})"));
    until(format!("{n} arrives"), || {
        to.0.value(to.1, &format!("SELECT count(*) FROM orders WHERE n = {n}")) == "1"
    });
}

fn standing(split: &Split) -> (String, bool) {
    let found = split.project.json(&["split", "status"], 0);
    let orders = &found["services"][0];
    (orders["slot_at"].as_str().unwrap_or_default().to_owned(), orders["followed"] == true)
}

#[test]
fn the_follower_continues_after_each_switch_and_kill() {
    let split = Split::new();
    let mut follower = Follower::start(&split);
    until("following", || {
        split.source.value(LEGACY, "SELECT to_regclass('martydb_split.service') IS NOT NULL") == "t"
    });
    until("following", || split.phase("orders") == "following");
    arrives(&split, false, 70_001);
    split.split(&["cutover", "--service", "orders"]).expect(0);
    arrives(&split, true, 70_002);
    assert_eq!(standing(&split), ("target".into(), true));
    split.split(&["verify", "--service", "orders"]).expect(0);
    arrives(&split, true, 70_003);
    follower.kill();
    until("it is said that nothing follows", || standing(&split) == ("target".into(), false));
    assert!(split.split(&["status"]).stdout.contains("orders: not followed"));
    let mut follower = Follower::start(&split);
    arrives(&split, true, 70_004);
    split.split(&["rollback", "--service", "orders"]).expect(0);
    arrives(&split, false, 70_005);
    assert_eq!(standing(&split), ("source".into(), true));
    follower.kill();
    let mut follower = Follower::start(&split);
    arrives(&split, false, 70_006);
    // Another one has nothing to do.
    let second = split.split(&["copy", "--online", "--lock-wait", "1s"]);
    assert_ne!(second.code, Some(0), "{}", second.said());
    arrives(&split, false, 70_007);
    for service in ["orders", "users"] {
        split.split(&["cutover", "--service", service]).expect(0);
    }
    split.split(&["finish", "--confirm", LEGACY]).expect(0);
    until("it ends with the split", || follower.0.try_wait().unwrap().is_some());
}

#[test]
fn the_follower_survives_a_restart_of_either_server() {
    let mut split = Split::new();
    let mut follower = Follower::start(&split);
    followed(&split);
    arrives(&split, false, 71_001);
    split.source.crash();
    split.source.launch();
    arrives(&split, false, 71_002);
    split.target.crash();
    split.target.launch();
    arrives(&split, false, 71_003);
    assert!(follower.0.try_wait().unwrap().is_none());
}

#[test]
fn an_unfollowable_service_does_not_affect_the_others() {
    let split = Split::new();
    let mut follower = Follower::start(&split);
    followed(&split);
    until("users is followed", || users_followed(&split));
    split
        .source
        .sql(LEGACY, "ALTER TABLE users ADD COLUMN late text; INSERT INTO users (name) VALUES ('late')");
    until("users is given up", || !users_followed(&split));
    arrives(&split, false, 72_001);
    assert!(follower.0.try_wait().unwrap().is_none());
}

/// Until the services are copied, and the stream is there.
pub(crate) fn followed(split: &Split) {
    until("following", || {
        split.source.value(LEGACY, "SELECT to_regclass('martydb_split.service') IS NOT NULL") == "t"
    });
    until("following", || split.phase("orders") == "following" && split.phase("users") == "following");
}

fn users_followed(split: &Split) -> bool {
    split.project.json(&["split", "status"], 0)["services"][1]["followed"] == true
}
