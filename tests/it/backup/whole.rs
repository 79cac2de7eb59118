//! A restored database is equal to the one that was dumped, in everything that the server says of it.

use super::Kept;
use crate::support::{Admin, as_both_admins};

as_both_admins!(a_restored_database_equals_the_original, |admin| {
    let kept = Kept::start(admin, "bkw");
    if !kept.can_dump() {
        return;
    }
    // Drift is part of what was there: of the database, of roles in it, and of what belongs to others.
    let service = kept.service();
    kept.server.sql("postgres", &format!("ALTER DATABASE {service} SET work_mem = '7MB'"));
    kept.server.sql("postgres", &format!("ALTER DATABASE {service} CONNECTION LIMIT 33"));
    kept.server.sql(
        "postgres",
        &format!(
            "ALTER ROLE {service}_app IN DATABASE {service} SET search_path = other, \"$user\", \"Odd, one\""
        ),
    );
    let owner = format!("{service}_owner");
    let made = kept.as_app("SELECT lo_from_bytea(0, 'of the application')").unwrap();
    let refused = kept.project.run(&["backup", &service]).expect(1);
    let grant = format!("GRANT SELECT ON LARGE OBJECT {} TO {owner}", made[0][0]);
    assert!(refused.stderr.contains(&grant), "{refused:?}");
    kept.as_app(&grant).unwrap();
    kept.as_app(&format!("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {service}_ro")).unwrap();

    let before = kept.everything(&service);
    let due = kept.project.json(&["plan", &service], 0)["changes"].as_array().unwrap().len();
    let id = kept.backup();
    kept.project.run(&["backup", "verify", &id]).expect(0);
    kept.expect_clean(1);
    kept.as_app("DELETE FROM public.item; INSERT INTO public.item (name) VALUES ('later')").unwrap();
    kept.server
        .sql(&service, "DROP TABLE guarded; GRANT ALL ON secret TO PUBLIC; CREATE TABLE extra (x int)");
    kept.server.sql("postgres", &format!("ALTER DATABASE {service} RESET work_mem"));

    let restored = kept.restore(&id);
    let report = restored.json();
    assert_eq!(kept.everything(&service), before, "{restored:?}");
    assert_eq!(report["plan_changes"], due, "{report:#}");
    assert_eq!(report["plan_changes_then"], due);
    let former = report["kept"].as_str().unwrap();
    assert!(former.starts_with(&format!("{service}_before_")), "{former}");
    let closed = "SELECT datallowconn::text || shobj_description(oid, 'pg_database') || (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = '{}'";
    let said = kept.server.value("postgres", &closed.replace("{}", former));
    assert!(said.starts_with("falsemartydb-before:bkw/bkw_a ") && said.ends_with('0'), "{said}");
    kept.as_app("SELECT name FROM public.item").unwrap();

    // Drift is offered to apply, which leaves the former database alone.
    kept.project.run(&["apply", "--all", "-y", "--prune"]).expect(0);
    assert_eq!(kept.server.value("postgres", &closed.replace("{}", former)), said);
    let gone = kept.project.json(&["restore", &service, "--discard-old", "-y"], 0);
    assert_eq!(gone["discarded"], serde_json::json!([former]));
    assert_eq!(kept.server.value("postgres", &closed.replace("{}", former)), "");
    kept.expect_clean(1);
});

#[test]
fn a_restore_ends_with_an_empty_plan_and_proven_isolation() {
    let kept = Kept::start(Admin::Super, "bkp");
    if !kept.can_dump() {
        return;
    }
    let id = kept.backup();
    let restored = kept.restore(&id).expect(0);
    let report = restored.json();
    assert_eq!((&report["plan_changes"], &report["plan_changes_then"]), (&0.into(), &0.into()));
    assert_eq!(report["verify_isolation"]["summary"]["breaches"], 0, "{report:#}");
    kept.project.run(&["plan", "--check"]).expect(0);
    kept.project.run(&["status", "--check"]).expect(0);
    // A database that is lost altogether comes back too.
    let service = kept.service();
    kept.project.run(&["restore", &service, "--discard-old", "-y"]).expect(0);
    kept.server.sql("postgres", &format!("DROP DATABASE {service} WITH (FORCE)"));
    let report = kept.restore(&id).expect(0).json();
    assert_eq!(report["kept"], serde_json::Value::Null);
    kept.as_app("SELECT name FROM item").unwrap();
    kept.project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn a_restore_under_another_name_is_closed_and_anonymized_first() {
    let kept = Kept::start(Admin::Super, "bkb");
    if !kept.can_dump() {
        return;
    }
    let (id, service) = (kept.backup(), kept.service());
    let before = kept.everything(&service);
    kept.project.write("anonymous.sql", "UPDATE item SET name = 'person ' || id;");
    let arguments = ["restore", &service, "--from", &id, "--as", "bkb_look", "--anonymize", "anonymous.sql"];
    kept.project.run(&arguments).expect(0);
    assert_eq!(kept.everything(&service), before);
    assert_eq!(
        kept.server.value("bkb_look", "SELECT string_agg(name, ',' ORDER BY id) FROM item"),
        "person 1,person 2"
    );
    for login in ["app", "migrator", "ro"] {
        let role = format!("{service}_{login}");
        let refused = kept.server.sql_as(&role, &kept.project.password(&role), "bkb_look", "SELECT 1");
        assert_eq!(refused.unwrap_err(), "42501", "{role}");
    }
    let again = kept.project.run(&arguments).expect(1);
    insta::assert_snapshot!(again.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: service "bkb_a" was not restored
    caused by: the server refused: ALTER DATABASE "martydb_scratch_RANDOM" RENAME TO "bkb_look"
    caused by: database "bkb_look" already exists (SQLSTATE 42P04)
    "#);
    kept.project.write("anonymous.sql", "UPDATE nothing SET x = 1;");
    let failed = kept
        .project
        .run(&["restore", &service, "--from", &id, "-y", "--anonymize", "anonymous.sql"])
        .expect(1);
    insta::assert_snapshot!(failed.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: service "bkb_a" was not restored
    caused by: the file of --anonymize failed
    caused by: the server refused: UPDATE nothing SET x = 1;
    caused by: relation "nothing" does not exist (SQLSTATE 42P01)
    "#);
    assert_eq!(kept.everything(&service), before);
    kept.expect_clean(1);
}

#[test]
fn a_restore_succeeds_despite_findings_of_the_server() {
    let kept = Kept::start(Admin::Super, "bwf");
    if !kept.can_dump() {
        return;
    }
    let id = kept.backup();
    kept.server.sql("postgres", "CREATE ROLE copier LOGIN REPLICATION");
    kept.project.run(&["verify-isolation"]).expect(4);
    kept.restore(&id).expect(0);
}
