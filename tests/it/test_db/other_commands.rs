//! Test databases in the output of other commands.

use super::{databases, made, provisioned, text};
use crate::support::Server;

#[test]
fn plan_and_verify_attribute_test_databases_to_the_service() {
    let server = Server::start();
    let project = provisioned(&server, "tdv");
    project.run(&["upgrade", "--all"]).expect(0);
    let before = project.json(&["verify-isolation"], 0);
    let database = text(&made(&project, "tdv_a"), "database").to_owned();
    made(&project, "tdv_b");
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["status", "--check"]).expect(0);
    project.run(&["doctor"]).expect(0);
    let after = project.json(&["verify-isolation"], 0);
    assert_eq!(after["findings"], before["findings"], "{after:#}");
    // The other service's three logins are tried there, and refused.
    let tried = after["matrix"].as_array().unwrap().iter().filter(|row| row["database"] == *database);
    let tried: Vec<_> = tried.map(|row| (row["service"].as_str().unwrap(), &row["outcome"])).collect();
    let denied = serde_json::Value::from("denied");
    assert_eq!(tried, [("tdv_b", &denied); 3], "{after:#}");

    // A door that is opened afterwards is found.
    server.sql("postgres", &format!("GRANT CONNECT ON DATABASE {database} TO tdv_b_app"));
    let found = project.json(&["verify-isolation"], 4)["findings"].to_string();
    assert!(found.contains(&database) && found.contains("tdv_b_app"), "{found}");
}

#[test]
fn test_databases_are_dropped_with_their_service() {
    let server = Server::start();
    let project = provisioned(&server, "tdd");
    let database = text(&made(&project, "tdd_a"), "database").to_owned();
    let other = text(&made(&project, "tdd_b"), "database").to_owned();
    let dry = project.run(&["drop", "-s", "tdd_a", "--dry-run"]).expect(0);
    assert!(dry.stdout.contains(&database) && !dry.stdout.contains(&other), "{dry:?}");
    project.run(&["drop", "-s", "tdd_a", "--confirm", "tdd_a"]).expect(0);
    assert_eq!(databases(&server, "martydb_test_").join(" "), other);
    assert_eq!(databases(&server, "martydb_template_").len(), 1);
    let roles = server.sql(
        "postgres",
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tdd\\_a%' OR rolname LIKE '%orphans'",
    );
    assert_eq!(roles, Vec::<Vec<String>>::new());

    // So they do with one that the manifest no longer declares.
    let manifest = project.read("martydb.yaml").replace("  tdd_b:\n", "");
    project.write("martydb.yaml", &manifest);
    let plan = project.json(&["plan"], 0);
    assert!(plan["prunable"].to_string().contains(&other), "{plan:#}");
    project.run(&["apply", "--all", "--prune", "-y", "--new-database"]).expect(0);
    assert_eq!(databases(&server, "martydb_"), Vec::<String>::new());
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'tdd\\_b%'"), "0");
}
