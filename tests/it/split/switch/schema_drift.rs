//! Schema drift of the services and of the shared database: no step of a split is a change by hand.

use super::{LEGACY, Split};
use crate::support::{ADMIN_PASSWORD, Project, Server, until};

/// States of the schemas, by service.
fn schemas(project: &Project) -> Vec<(String, String, String)> {
    let document = project.json(&["status", "--drift"], 0);
    let text = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let services = document["services"].as_array().unwrap().iter();
    services.map(|one| (text(one, "service"), text(one, "schema"), one["schema_drift"].to_string())).collect()
}

fn all_are(project: &Project, state: &str, step: &str) {
    for (service, schema, drift) in schemas(project) {
        assert_eq!((schema.as_str(), drift.as_str()), (state, "[]"), "{service} after {step}");
    }
}

#[test]
fn no_step_of_a_split_is_drift() {
    let split = Split::new();
    all_are(&split.project, "same", "upgrade");
    for (step, arguments) in [
        ("copy", &["copy", "--online", "--until-caught-up"][..]),
        ("the first cutover", &["cutover", "--service", "users"]),
        ("cutover", &["cutover", "--service", "orders"]),
        ("rollback", &["rollback", "--service", "orders"]),
        ("the second cutover", &["cutover", "--service", "orders"]),
        ("finish", &["finish", "--confirm", LEGACY]),
    ] {
        split.split(arguments).expect(0);
        // Keys, identities and triggers are others until the end.
        all_are(&split.project, if step == "finish" { "same" } else { "unknown" }, step);
        let _ = split.project.run(&["upgrade", "--all"]).expect(0);
        let _ = split.project.run(&["status", "--check"]).expect(0);
    }
}

#[test]
fn a_finish_is_no_drift_of_the_service_that_had_the_tables() {
    let server = Server::start();
    let manifest = format!(
        "version: 1\nproject: mono\nservers:\n  main:\n    url: {}\nservices:\n  sdmono: {{}}\n  sdorders: {{}}\n  sdpeople: {{}}\n",
        server.url()
    );
    let project = Project::with_manifest(&manifest);
    let orders = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n";
    let people = "CREATE TABLE people (id bigint PRIMARY KEY);\n";
    let noted = "CREATE VIEW noted AS SELECT note FROM orders;\n";
    for (service, ddl, down) in [
        ("sdmono", format!("{orders}{people}{noted}"), "DROP VIEW noted; DROP TABLE people, orders;\n"),
        ("sdorders", orders.to_owned(), "DROP TABLE orders;\n"),
        ("sdpeople", people.to_owned(), "DROP TABLE people;\n"),
    ] {
        project.write(&format!("{service}/migrations/V1__init.sql"), &ddl);
        project.write(&format!("{service}/migrations/V1__init.down.sql"), down);
    }
    let map = "source: { server: main, database: sdmono }
services:
  sdorders: { tables: [public.orders] }
  sdpeople: { tables: [public.people] }
edges:
  - { edge: \"view *\", answer: leave }
";
    project.write("split.yaml", map);
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let by_hand = |service: &str, statement: &str| {
        server.sql(service, &format!("SET ROLE {service}_owner; {statement}"));
    };
    by_hand("sdmono", "ALTER TABLE orders ADD gone int");
    by_hand("sdmono", "CREATE FUNCTION hand() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    by_hand("sdorders", "ALTER TABLE orders ADD gone int");
    // The table is the owner's, and so is what runs at its writes: it never runs in a session of the admin.
    by_hand(
        "sdmono",
        "CREATE FUNCTION martydb.climb() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RESET ROLE; EXECUTE 'ALTER ROLE sdmono_app SUPERUSER'; RETURN new; EXCEPTION WHEN OTHERS THEN RETURN new; END $$;
         CREATE TRIGGER climb BEFORE INSERT OR UPDATE ON martydb.definitions FOR EACH ROW EXECUTE FUNCTION martydb.climb()",
    );
    let _ = project.run(&["split", "copy"]).expect(0);
    for service in ["sdorders", "sdpeople"] {
        let _ = project.run(&["split", "cutover", "--service", service]).expect(0);
    }
    a_failed_finish(&server, &project);
    let _ = project.run(&["split", "finish", "--confirm", "sdmono"]).expect(0);
    let raised = "SELECT count(*) FROM pg_roles WHERE rolsuper AND rolname LIKE 'sd%'";
    assert_eq!(server.value("postgres", raised), "0");
    let mono = &schemas(&project)[0];
    assert_eq!((mono.0.as_str(), mono.1.as_str()), ("sdmono", "drifted"));
    let objects = mono.2.matches("\"object\"").count();
    assert!(objects == 2 && mono.2.contains("routine public.hand()"), "{mono:?}");
    assert!(mono.2.contains("table public.late"), "{mono:?}");
}

/// A change by hand while a finish waits makes it fail, and is no change of its own.
fn a_failed_finish(server: &Server, project: &Project) {
    let reader = "BEGIN; LOCK TABLE orders IN ACCESS SHARE MODE; SELECT pg_sleep(100)";
    let sleeping = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    let waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'orders'::regclass AND NOT granted";
    std::thread::scope(|scope| {
        scope.spawn(|| server.sql_as("postgres", ADMIN_PASSWORD, "sdmono", reader));
        until("a session reads", || !server.value("postgres", sleeping).is_empty());
        let finish = scope.spawn(|| project.run(&["split", "finish", "--confirm", "sdmono"]));
        until("the finish waits", || server.value("sdmono", waiting) != "0");
        server.sql("sdmono", "SET ROLE sdmono_owner; CREATE TABLE late (one orders)");
        server.sql("postgres", &format!("SELECT pg_terminate_backend(({sleeping}))"));
        let refused = finish.join().unwrap().expect(1).stderr;
        assert!(refused.contains("column one of table public.late"), "{refused}");
    });
    server.sql("sdmono", "ALTER TABLE late DROP COLUMN one");
}
