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
fn doctor_lists_limits_and_missing_privileges_of_an_admin() {
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

/// The other admins of the server are named beforehand, and do not find out by a login that fails.
#[test]
fn closing_the_maintenance_database_names_the_locked_out_admins() {
    let server = Server::with_both_admins();
    let project = Project::new(&server, "d");
    let warned = |code| {
        let document = project.json(&["doctor"], code);
        let checks = document["servers"][0]["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["name"] == "other logins")
    };
    let check = warned(0).expect("adm comes in with PUBLIC");
    let named =
        "apply revokes CONNECT on database postgres from PUBLIC; logins with no other source of it: adm";
    assert!(check["detail"].as_str().unwrap().starts_with(named), "{check}");
    let shown = project.run(&["doctor"]).expect(0).stdout;
    assert!(shown.contains("GRANT CONNECT ON DATABASE \"postgres\" TO \"adm\""), "{shown}");
    server.sql("postgres", check["grant"].as_str().unwrap());
    assert_eq!(warned(0), None);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let password = crate::support::ADMIN_PASSWORD;
    assert!(server.sql_as("adm", password, "postgres", "SELECT 1").is_ok());
}

/// People and systems that come in with PUBLIC are named where the door is closed, with what keeps them in.
#[test]
fn a_plan_names_the_logins_that_lose_a_database() {
    let server = Server::start();
    let project = Project::new(&server, "lo");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let database = server.value("postgres", "SELECT min(datname) FROM pg_database WHERE datname LIKE 'lo%'");
    server.sql(
        "postgres",
        &format!(
            "CREATE ROLE readers; CREATE ROLE bob LOGIN IN ROLE readers; CREATE ROLE eve LOGIN; CREATE ROLE own LOGIN;
             CREATE ROLE root2 LOGIN SUPERUSER; CREATE ROLE gone NOLOGIN;
             GRANT CONNECT ON DATABASE {database} TO own; GRANT CONNECT ON DATABASE {database} TO PUBLIC"
        ),
    );
    let change = |document: serde_json::Value| {
        let changes = document["changes"].as_array().unwrap().clone();
        let closing = |change: &serde_json::Value| change["sql"].as_str().unwrap().contains("FROM PUBLIC");
        changes.into_iter().find(closing).unwrap()
    };
    let closing = change(project.json(&["plan"], 0));
    let why = closing["reason"].as_str().unwrap();
    let named =
        format!("bob, eve can connect by nothing else (to keep: GRANT CONNECT ON DATABASE \"{database}\" TO");
    assert!(why.contains(&named), "{why}");
    assert_eq!(closing["risk"], "caution", "{closing}");
    // Without -y it stops, and says whom it would hit.
    let stopped = project.run(&["apply", "--all"]);
    assert!(stopped.code != Some(0) && stopped.said().contains("bob, eve"), "{}", stopped.said());
    server.sql("postgres", &format!("GRANT CONNECT ON DATABASE {database} TO readers, eve"));
    let closing = change(project.json(&["plan"], 0));
    assert!(!closing["reason"].as_str().unwrap().contains("by nothing else"), "{closing}");
}

/// Privileges that a limited admin requests from a DBA must not lock it out.
#[test]
fn closing_the_maintenance_database_keeps_the_admins_access() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "d");
    let limits = project.json(&["doctor"], 0)["limits"].as_array().unwrap().clone();
    let close = |limit: &&serde_json::Value| limit["what"] == "close database postgres to PUBLIC";
    let query = limits.iter().find(close).expect("it may not close it")["grant"].as_str().unwrap();
    server.sql("postgres", query);
    let limits = project.json(&["doctor"], 0)["limits"].as_array().unwrap().clone();
    assert_eq!(limits.iter().find(close), None);
    project.run(&["apply", "--all", "-y", "--prune"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
}

/// An admin that may become the owner of the maintenance database closes it, and stays in.
#[test]
fn an_admin_that_closes_the_maintenance_database_as_a_member_keeps_access() {
    let server = Server::with_both_admins();
    server.sql("postgres", "CREATE ROLE dba; ALTER DATABASE postgres OWNER TO dba");
    if server.major() >= 16 {
        server.sql("postgres", "GRANT dba TO adm WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
    }
    let project = Project::new_as(&server, Admin::Limited, "d");
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(project.json(&["plan", "--check"], 0)["changes"], serde_json::json!([]));
    let open = "SELECT count(*) FROM pg_database d, aclexplode(d.datacl) a WHERE datname = 'postgres' AND a.grantee = 0";
    assert_eq!(server.value("postgres", open), "0");
    project.run(&["apply", "--all", "-y", "--prune"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
}
