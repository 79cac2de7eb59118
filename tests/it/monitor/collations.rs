//! A library with another order of texts: `status`, `doctor` and the monitor tell it, with what depends on it.

use super::monitored;
use crate::support::{Admin, Project, Server};

const CHANGED: &str = "UPDATE pg_collation SET collversion = '0.1' WHERE collname = 'german'";

#[test]
fn a_collation_of_another_version_is_told_with_its_indexes() {
    let server = Server::start();
    if server.value("postgres", "SELECT count(*) FROM pg_collation WHERE collprovider = 'i'") == "0" {
        return;
    }
    let project = monitored(&server, Admin::Super, "mcv");
    let has_own = server.major() >= 15;
    if has_own {
        let icu = "  mcv_a: { parameters: { encoding: UTF8, locale_provider: icu, icu_locale: de-DE } }\n";
        let manifest = project.read("martydb.yaml").replace("  mcv_a:\n", icu);
        project.write("martydb.yaml", &manifest);
    }
    project.write(
        "mcv_a/migrations/V3__people.sql",
        "CREATE COLLATION german (provider = icu, locale = 'de-DE');\n\
         CREATE COLLATION unused (provider = icu, locale = 'fr-FR');\n\
         CREATE TABLE people (name text COLLATE german, plain text COLLATE \"C\");\n\
         CREATE INDEX people_by_name ON people (name);\nCREATE INDEX people_by_plain ON people (plain);\n\
         CREATE TABLE by_name (name text COLLATE german) PARTITION BY RANGE (name);\n",
    );
    project.write(
        "mcv_a/migrations/V3__people.down.sql",
        "DROP TABLE by_name; DROP TABLE people; DROP COLLATION unused; DROP COLLATION german;\n",
    );
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let before = project.json(&["status"], 0);
    assert_eq!(before["services"][0]["collations"], serde_json::json!([]), "{before:#}");
    assert_eq!(measured(&project), "0.0");

    server.sql("mcv_a", CHANGED);
    server.sql("mcv_a", &CHANGED.replace("german", "unused"));
    if has_own {
        server.sql("postgres", "UPDATE pg_database SET datcollversion = '0.1' WHERE datname = 'mcv_a'");
    }
    let status = project.json(&["status"], 0);
    let told = status["services"][0]["collations"].as_array().unwrap();
    assert_eq!(told.len(), if has_own { 2 } else { 1 }, "{status:#}");
    let german = told.last().unwrap();
    assert_eq!((&german["collation"], &german["recorded"]), (&"public.german".into(), &"0.1".into()));
    assert_eq!(german["relations"], serde_json::json!(["public.by_name", "public.people_by_name"]));
    assert_eq!(german["fix"][1], "ALTER COLLATION \"public\".\"german\" REFRESH VERSION");
    assert_eq!(status["services"][1]["collations"], serde_json::json!([]));
    let text = project.run(&["status"]).expect(0).stdout;
    assert!(text.contains("mcv_a: the order of texts of collation public.german may have changed"), "{text}");
    let doctor = project.run(&["doctor"]).expect(0);
    assert!(doctor.stdout.contains("collations") && doctor.stdout.contains("public.german"), "{doctor:?}");
    assert_eq!(measured(&project), format!("{}.0", told.len()));

    // The server warns at each login: that stops nothing, and the statements mend it.
    for arguments in
        [&["plan", "--check"][..], &["apply", "--all", "-y"], &["upgrade", "--all"], &["status", "--check"]]
    {
        let _ = project.run(arguments).expect(0);
    }
    for fix in told.iter().flat_map(|one| one["fix"].as_array().unwrap()) {
        server.sql("mcv_a", fix.as_str().unwrap());
    }
    let after = project.json(&["status"], 0);
    assert_eq!(after["services"][0]["collations"], serde_json::json!([]), "{after:#}");
}

/// Returns the number that the monitor measures for the service `mcv_a`.
fn measured(project: &Project) -> String {
    let all = project.run(&["monitor", "--once"]).expect(0).stdout;
    let line =
        all.lines().find(|line| line.starts_with("martydb_collations_changed{") && line.contains("mcv_a"));
    line.and_then(|line| line.rsplit(' ').next()).unwrap_or_default().to_owned()
}

/// `status` says so instead of "up to date" alone.
#[test]
fn a_comparison_that_fails_is_said() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mcw");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    server.sql("mcw_a", "SET ROLE mcw_a_owner; CREATE INDEX ON item (name COLLATE \"und-x-icu\")");
    server.sql("mcw_a", "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_collation_actual_version(oid) FROM PUBLIC");
    let status = project.json(&["status"], 0);
    let service = &status["services"][0];
    assert_eq!(service["state"], "up_to_date");
    let error = &service["collations_error"]["causes"].to_string();
    assert!(error.contains("permission denied"), "{status:#}");
    let text = project.run(&["status"]).expect(0).stdout;
    assert!(text.contains("mcw_a: the versions of its collations were not compared"), "{text}");
}
