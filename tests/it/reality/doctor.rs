//! `doctor`: everything is known before anything is touched.

use crate::support::{Admin, Project, Server};

#[test]
fn a_superuser_can_do_everything() {
    let server = Server::start();
    let project = Project::new(&server, "d");
    let document = project.json(&["doctor"], 0);
    assert_eq!(document["limits"], serde_json::json!([]));
    let seen = &document["servers"][0];
    assert_eq!(
        (&seen["server"], &seen["admin"], &seen["superuser"]),
        (&"main".into(), &"postgres".into(), &true.into())
    );
    assert!(seen["checks"].as_array().unwrap().iter().all(|check| check["ok"] == true), "{seen:#}");
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'd%'"), "0");
}

#[test]
fn a_limited_admin_learns_its_limits_and_a_poor_one_what_it_lacks() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "d");
    let document = project.json(&["doctor"], 0);
    let limits = document["limits"].to_string();
    assert!(limits.contains("temp_file_limit") && limits.contains("close database template1"), "{limits}");
    assert_eq!(limits.contains("schema public"), server.major() < 15, "{limits}");
    server.sql("postgres", "ALTER ROLE adm NOCREATEDB");
    let poor = project.run(&["doctor"]).expect(1);
    assert!(poor.stdout.contains("ask a DBA for: ALTER ROLE \"adm\" CREATEDB"), "{}", poor.stdout);
}
