//! Obstacles of a rollback are named before anything is copied.

use super::{SETTINGS, Split};
use crate::support::{Admin, Server};

const TWO_OWNERS: &str = "CREATE ROLE second_owner; ALTER TABLE order_log OWNER TO second_owner;";

fn way_back(split: &Split) -> Vec<(bool, String)> {
    let needs = split.project.json(&["split", "plan"], 0)["needs"].clone();
    let all = needs.as_array().unwrap().iter().filter(|need| need["purpose"] == "the rollback");
    all.map(|need| (need["ok"] == true, need["detail"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn a_plan_names_obstacles_of_a_rollback() {
    let (source, target) = (Server::start_with(SETTINGS), Server::start());
    let split = Split::between(source, target, Admin::Super, TWO_OWNERS);
    let owners = "the tables of orders belong to several roles, and need one owner: public.order_days to postgres, public.order_log to second_owner";
    let needs = way_back(&split);
    assert_eq!(needs[0], (false, owners.to_owned()));
    assert_eq!(needs[1], (false, "server main: wal_level is replica".into()));
    assert_eq!(needs[3], (true, "server main: postgres may replicate".into()));
    split.source.sql(super::LEGACY, "ALTER TABLE order_log OWNER TO postgres");
    assert_eq!(way_back(&split)[0], needs[1]);
}

#[test]
fn a_plan_names_an_unreachable_server() {
    let mut split = Split::new();
    assert!(way_back(&split).iter().all(|(ok, _)| *ok), "{:?}", way_back(&split));
    split.target.crash();
    let needs = split.project.json(&["split", "plan"], 0)["needs"].to_string();
    assert!(needs.contains("cannot read the settings of server main: "), "{needs}");
}
