//! `split finish` where the services and the shared database are on one server, which lets every login in.

use super::sample::{SOURCE, ready};
use crate::support::{Admin, Server};

#[test]
fn a_grant_to_connect_is_named_and_does_not_stop_a_finish() {
    let server = Server::start();
    let project = ready(&server, Admin::Super);
    let early = project.run(&["split", "finish", "--confirm", SOURCE]).expect(2).stderr;
    assert!(early.contains("no split of database \"shop\" has begun"), "{early}");
    project.run(&["split", "copy"]).expect(0);
    for service in ["orders", "people"] {
        project.run(&["split", "cutover", "--service", service]).expect(0);
    }
    let revoke = "REVOKE CONNECT ON DATABASE shop FROM PUBLIC";
    let shown = project.json(&["split", "finish", "--dry-run"], 0);
    assert_eq!(shown["open_to"], serde_json::json!([{ "grantee": "PUBLIC", "revoke": revoke }]), "{shown}");
    let text = project.run(&["split", "finish", "--dry-run"]).expect(0).stdout;
    assert!(text.contains(&format!("logins reach it, until you run:\n  {revoke}\n")), "{text}");

    let done = project.run(&["split", "finish", "--confirm", SOURCE]).expect(0).stdout;
    assert!(done.contains("Removed 14 tables") && done.contains(revoke), "{done}");
    let status = project.run(&["split", "status"]).expect(0).stdout;
    assert!(status.ends_with("\nThe split is finished: remove split.yaml.\n"), "{status}");
    assert!(!status.contains("planned") && !status.contains("next:"), "{status}");
    let again = project.json(&["split", "finish", "--confirm", SOURCE], 0);
    assert_eq!(again["tables"], serde_json::json!([]), "{again}");
    assert_eq!(again["verify_isolation"], serde_json::Value::Null);
    // The finding stays one until the statement has run.
    let found = project.json(&["verify-isolation", "--all"], 4);
    assert_eq!(found["findings"][0]["id"], "unmanaged-database-connect", "{found}");
    server.sql(SOURCE, revoke);
    project.run(&["verify-isolation", "--all"]).expect(0);

    // Another source with these tables has not been split.
    server.sql("postgres", "CREATE DATABASE shop_again");
    server.sql("shop_again", "CREATE TABLE people_main (id int)");
    let map = project.read("split.yaml");
    project.write("split.yaml", &map.replace("database: shop }", "database: shop_again }"));
    project.run(&["split", "finish", "--confirm", "shop_again"]).expect(2);
}
