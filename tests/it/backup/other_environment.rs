//! A restore into another environment, and the names of kept databases.

use super::Kept;
use crate::support::{Admin, Server, as_both_admins};

#[test]
fn a_production_backup_is_anonymized_for_testing() {
    let kept = Kept::start(Admin::Super, "bke");
    if !kept.can_dump() {
        return;
    }
    let service = kept.service();
    let id = kept.backup();
    let before = kept.everything(&service);
    let testing = Server::start();
    let url = testing.url();
    kept.project.write("martydb.testing.yaml", &format!("servers:\n  main:\n    url: {url}\n"));
    kept.project.write("anonymous.sql", "UPDATE item SET name = 'person ' || id;");
    let restore =
        ["restore", &service, "--from", &id, "-y", "--env", "testing", "--anonymize", "anonymous.sql"];
    // There is no role yet that could hold its privileges.
    let lacking = kept.project.run(&restore).expect(1);
    insta::assert_snapshot!(lacking.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: service "bke_a" was not restored
    caused by: cannot restore the backup for service "bke_a"
    caused by: role bke_a_app: owns objects or holds privileges in the backup, and server "main" has no such role
    caused by: role bke_a_owner: owns objects or holds privileges in the backup, and server "main" has no such role
    caused by: role bke_a_ro: owns objects or holds privileges in the backup, and server "main" has no such role
    hint: run `martydb apply --all`, which creates the roles of services; declare others under `access:` first
    "#);
    assert!(lacking.stderr.contains("run `martydb apply --all`"), "{lacking:?}");
    kept.project.run(&["apply", "--all", "-y", "--env", "testing"]).expect(0);
    let report = kept.project.json(&restore, 0);
    assert_eq!(
        (&report["plan_changes"], &report["notes"]),
        (&0.into(), &serde_json::json!([])),
        "{report:#}"
    );
    let names = "SELECT string_agg(name, ',' ORDER BY id) FROM item";
    assert_eq!(testing.value(&service, names), "person 1,person 2");
    kept.project.run(&["plan", "--check", "--env", "testing"]).expect(0);
    kept.project.run(&["status", &service, "--check", "--env", "testing"]).expect(0);
    kept.project.run(&["test-connections", "--env", "testing"]).expect(0);
    kept.project.run(&["verify-isolation", "--env", "testing"]).expect(0);
    // Production is what it was; its store has one backup, which is not one of testing.
    assert_eq!(kept.everything(&service), before);
    assert_eq!(kept.server.value(&service, names), "kept,too");
    let own = kept.project.json(&["backup", "list", "--env", "testing"], 0);
    assert_eq!(own["backups"].as_array().unwrap().len(), 0, "{own:#}");
    kept.expect_clean(1);
    // An interrupted SQL file opens nothing.
    kept.project.write("anonymous.sql", "UPDATE item SET name = 'half'; SELECT 1 / 0;");
    let failed = kept.project.run(&restore).expect(1);
    insta::assert_snapshot!(failed.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: service "bke_a" was not restored
    caused by: the file of --anonymize failed
    caused by: the server refused: UPDATE item SET name = 'half'; SELECT 1 / 0;
    caused by: division by zero (SQLSTATE 22012)
    "#);
    assert_eq!(testing.value(&service, names), "person 1,person 2");
}

as_both_admins!(kept_databases_of_restores_are_told_apart, |admin: Admin| {
    let kept = Kept::start(admin, "bkt");
    if !kept.can_dump() {
        return;
    }
    let (service, id) = (kept.service(), kept.backup());
    let report = kept.restore(&id).json();
    let former = report["kept"].as_str().unwrap().to_owned();
    let plan = kept.project.json(&["plan", "--check"], 0);
    let reported = serde_json::json!([{"server": "main", "database": former, "service": service}]);
    assert_eq!(plan["replaced_databases"], reported, "{plan:#}");
    let shown = kept.project.run(&["plan"]).expect(0);
    assert!(
        shown
            .stdout
            .contains(&format!("database {former}, closed; `martydb restore {service} --discard-old`")),
        "{shown:?}"
    );
    let said = kept.project.run(&["verify-isolation"]);
    assert!(said.stdout.contains(&format!("closed since a restore replaced them: {former}")), "{said:?}");
    let said = kept.project.run(&["verify-isolation", "-o", "json"]).json();
    assert!(!said["not_examined"].to_string().contains(&former), "{said:#}");
    // A database that a DBA has closed is not examined, as ever.
    kept.server.sql("postgres", "CREATE DATABASE closed ALLOW_CONNECTIONS false");
    let said = kept.project.run(&["verify-isolation", "-o", "json"]).json();
    assert!(said["not_examined"].to_string().contains("database closed"), "{said:#}");
    kept.project.run(&["restore", &service, "--discard-old", "-y"]).expect(0);
    assert_eq!(kept.project.json(&["plan"], 0)["replaced_databases"], serde_json::json!([]));
});

#[test]
fn an_extension_of_another_version_is_reported() {
    let kept = Kept::start(Admin::Super, "bkv");
    if !kept.can_dump() {
        return;
    }
    kept.server.sql("bkv_a", "DROP EXTENSION citext; CREATE EXTENSION citext SCHEMA public VERSION '1.5'");
    let now = "SELECT default_version FROM pg_available_extensions WHERE name = 'citext'";
    let now = kept.server.value("postgres", now);
    let verified = kept.project.json(&["backup", "verify", &kept.backup()], 0);
    let reported = format!("extension citext had version 1.5, and has version {now} here");
    assert!(verified["backups"][0]["notes"].to_string().contains(&reported), "{verified:#}");
}
