//! Logins that lose access with the privileges of PUBLIC and of groups are named, with the grant that keeps it.

use serde_json::{Value, json};

use crate::support::{Admin, Project, Server, as_both_admins};

const PASSWORD: &str = "of those who lose something";

/// Every role may connect to the database of `lo_a`: bob reads by a group, own by grants to itself, eve only by PUBLIC.
fn open_house(admin: Admin) -> (Server, Project) {
    let server = Server::for_admin(admin);
    let project = Project::new_as(&server, admin, "lo");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let roles = ["bob", "own", "eve"].map(|name| format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}';"));
    server.sql("postgres", &format!("{} CREATE ROLE readers ROLE bob", roles.concat()));
    server.sql("postgres", "GRANT CONNECT ON DATABASE lo_a TO PUBLIC, own");
    if server.major() < 15 {
        // A superuser's there, and closed by one alone.
        server.sql(
            "lo_a",
            "ALTER SCHEMA public OWNER TO lo_a_owner; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        );
    }
    server.sql(
        "lo_a",
        "SET ROLE lo_a_owner;
         CREATE TABLE t AS SELECT 1 AS n;
         CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';
         CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 3';
         GRANT SELECT ON t TO readers, own;
         GRANT EXECUTE ON FUNCTION f(), g() TO PUBLIC;
         GRANT USAGE ON SCHEMA public TO PUBLIC;
         ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC",
    );
    (server, project)
}

fn of_service(document: &Value) -> Vec<Value> {
    let losses = document["losses"].as_array().unwrap();
    losses.iter().filter(|loss| loss["service"] == "lo_a").cloned().collect()
}

fn names(loss: &Value) -> Vec<&str> {
    loss["logins"].as_array().unwrap().iter().map(|login| login["role"].as_str().unwrap()).collect()
}

as_both_admins!(plan_apply_and_doctor_name_logins_that_lose_access, |admin| {
    let (server, project) = open_house(admin);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let session = runtime.block_on(server.connect("eve", PASSWORD, "lo_a"));
    let plan = project.json(&["plan"], 0);
    let losses = of_service(&plan);
    let reported: Vec<_> = losses.iter().map(|loss| (loss["right"].as_str().unwrap(), names(loss))).collect();
    assert_eq!(
        reported,
        [
            ("CONNECT on database lo_a", vec!["eve", "bob"]),
            ("USAGE on schema public of lo_a", vec!["bob", "own"]),
            ("EXECUTE on 2 functions of lo_a", vec!["bob", "lo_a_ro", "own"]),
            ("SELECT on future tables of lo_a_owner in schema public of lo_a", vec!["bob", "own"]),
        ]
    );
    assert!(losses.iter().all(|loss| loss["from"] == "PUBLIC" && loss["database"] == "lo_a"), "{losses:#?}");
    let eve = &losses[0]["logins"][0];
    assert_eq!(eve["sessions"], 1, "{eve}");
    // A limited admin cannot read the activity of others.
    assert_eq!(eve["last_activity"].is_null(), admin == Admin::Limited, "{eve}");
    let shown = project.run(&["plan"]).expect(0).stdout;
    let activity =
        if admin == Admin::Limited { "whose activity the admin may not see" } else { "last active 20" };
    assert!(
        shown.contains(&format!("CONNECT on database lo_a from PUBLIC: eve (1 session, {activity}")),
        "{shown}"
    );
    assert!(shown.contains("    to keep: GRANT USAGE ON SCHEMA \"public\" TO \"bob\", \"own\"; or declare them under `access:`"), "{shown}");
    // No level of `access:` grants EXECUTE.
    let functions: Vec<&str> = shown.lines().filter(|line| line.contains("to keep: GRANT EXECUTE")).collect();
    assert!(functions.len() == 1 && !functions[0].contains("access:"), "{shown}");
    for dead in [
        "readers holds SELECT on table public.t: not in the manifest; dead: bob cannot connect to lo_a",
        "own holds SELECT on table public.t: not in the manifest; dead: own cannot use schema public",
    ] {
        assert!(shown.contains(dead), "{shown}");
    }
    let checks = project.json(&["doctor"], 0)["servers"][0]["checks"].clone();
    let schema = "apply revokes USAGE on schema public of lo_a from PUBLIC; logins with no other source of it: bob, own";
    assert!(checks.as_array().unwrap().iter().any(|check| check["detail"] == schema), "{checks:#}");
    let stopped = project.run(&["apply", "--all"]);
    assert!(
        stopped.code != Some(0)
            && stopped.stderr.contains("EXECUTE on 2 functions of lo_a from PUBLIC: bob, lo_a_ro, own"),
        "{}",
        stopped.said()
    );
    drop(session);
    // The named grants suffice.
    for loss in &losses {
        for statement in loss["keep"].as_array().unwrap() {
            server.sql("lo_a", statement.as_str().unwrap());
        }
    }
    let plan = project.json(&["plan"], 0);
    // A login with a privilege of its own counts as a user of PUBLIC's privileges there.
    assert!(of_service(&plan).iter().all(|loss| names(loss) == ["eve"]), "{plan:#}");
    assert!(!plan["prunable"].to_string().contains("dead"), "{plan:#}");
    project.run(&["apply", "--all", "-y"]).expect(0);
    for (role, sql) in [("bob", "SELECT f() + n FROM t"), ("own", "SELECT f() + n FROM t")] {
        assert_eq!(server.sql_as(role, PASSWORD, "lo_a", sql).unwrap(), [["3"]], "{role}");
    }
    server.sql("lo_a", "SET ROLE lo_a_owner; CREATE TABLE later AS SELECT 7 AS n");
    assert_eq!(server.sql_as("bob", PASSWORD, "lo_a", "SELECT n FROM later").unwrap(), [["7"]]);
    assert!(server.sql_as("eve", PASSWORD, "lo_a", "SELECT 1").is_ok());
});

/// Without the grants, the privileges reported as unusable are unusable.
#[test]
fn objects_reported_as_unused_are_unused() {
    let (server, project) = open_house(Admin::Super);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let inside = |role| server.sql_as(role, PASSWORD, "lo_a", "SELECT n FROM t").unwrap_err();
    assert_eq!([inside("bob"), inside("own")], ["42501", "42P01"]);
    let plan = project.json(&["plan", "--check"], 0);
    assert_eq!(plan["losses"], json!([]));
    let dead: Vec<&str> =
        plan["prunable"].as_array().unwrap().iter().filter_map(|step| step["reason"].as_str()).collect();
    let expected = ["own holds SELECT on table public.t", "readers holds SELECT on table public.t"];
    for start in expected {
        assert!(
            dead.iter().any(|reason| reason.starts_with(start) && reason.contains("; dead: ")),
            "{dead:#?}"
        );
    }
}

/// Many logins make one line; the document has them all.
#[test]
fn many_losing_logins_are_counted() {
    let (server, project) = open_house(Admin::Super);
    let more: String = (0..12).map(|n| format!("CREATE ROLE p{n:02} LOGIN;")).collect();
    server.sql("postgres", &more);
    let shown = project.run(&["plan", "--summary"]).expect(0).stdout;
    assert!(
        shown.contains("CONNECT on database lo_a from PUBLIC: bob, eve, p00, p01, p02 and 9 more\n"),
        "{shown}"
    );
    assert_eq!(names(&of_service(&project.json(&["plan"], 0))[0]).len(), 14);
}
