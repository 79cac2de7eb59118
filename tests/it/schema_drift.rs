//! Changes of a schema by hand: each command that compares names them, no run accepts them, and work of every day is none.

mod beside;
mod moved;

use serde_json::Value;

use crate::support::{Project, Server};

/// Objects that `status --drift` names for a service.
fn drift(project: &Project, service: &str) -> (String, Vec<String>) {
    let document = project.json(&["status", "--drift"], 0);
    let all = document["services"].as_array().unwrap();
    let one = all.iter().find(|one| one["service"] == service).unwrap();
    let names = one["schema_drift"].as_array().unwrap().iter();
    let name =
        |one: &Value| format!("{} {}", one["change"].as_str().unwrap(), one["object"].as_str().unwrap());
    (one["schema"].as_str().unwrap_or("null").to_owned(), names.map(name).collect())
}

fn same() -> (String, Vec<String>) {
    ("same".to_owned(), vec![])
}

/// The project of two services, provisioned and migrated.
fn migrated(server: &Server, prefix: &str) -> Project {
    let project = Project::new(server, prefix);
    let _ = project.run(&["init-all", "-y"]).expect(0);
    project
}

/// Adds a migration to the first service, and applies it.
fn add(project: &Project, prefix: &str, version: u32, up: &str, down: &str) {
    project.write(&format!("{prefix}_a/migrations/V{version}__x.sql"), up);
    project.write(&format!("{prefix}_a/migrations/V{version}__x.down.sql"), down);
    let _ = project.run(&["upgrade", &format!("{prefix}_a")]).expect(0);
}

#[test]
fn a_change_by_hand_stays_until_it_is_accepted() {
    let server = Server::start();
    let project = migrated(&server, "sdh");
    assert_eq!(drift(&project, "sdh_a"), same());
    let _ = project.run(&["status", "--check"]).expect(0);

    server.sql("sdh_a", "SET ROLE sdh_a_owner; ALTER TABLE item ADD hand int; DROP INDEX item_name_idx; CREATE TABLE other (id int PRIMARY KEY)");
    let expected =
        ["added column public.item.hand", "removed index public.item_name_idx", "added table public.other"];
    let expected = ("drifted".to_owned(), expected.map(str::to_owned).to_vec());
    assert_eq!(drift(&project, "sdh_a"), expected);
    assert_eq!(drift(&project, "sdh_b"), same());
    let status = project.run(&["status", "--check"]).expect(3);
    assert!(status.stdout.contains("column public.item.hand (added), after"), "{status:?}");
    let plan = project.run(&["plan", "--check"]).expect(3);
    assert!(plan.stdout.contains("sdh_a: its schema was changed by hand"), "{plan:?}");
    let _ = project.run(&["plan"]).expect(0);
    let plain = project.json(&["status"], 0);
    assert_eq!(plain["services"][0]["schema"], Value::Null, "{plain:#}");

    // No run accepts it: neither one without files, nor one with files, nor one that undoes them.
    let named = project.run(&["upgrade", "sdh_a"]).expect(0);
    assert!(named.stderr.contains("column public.item.hand (added)"), "{named:?}");
    add(&project, "sdh", 3, "ALTER TABLE item ADD note text;\n", "ALTER TABLE item DROP note;\n");
    assert_eq!(drift(&project, "sdh_a"), expected);
    let _ = project.run(&["downgrade", "sdh_a", "--steps", "1", "-y"]).expect(0);
    let _ = project.run(&["upgrade", "sdh_a"]).expect(0);
    assert_eq!(drift(&project, "sdh_a"), expected);
    // A run that changes a drifted object leaves it as it should be.
    add(&project, "sdh", 4, "DROP TABLE other;\n", "SELECT 1;\n");
    assert_eq!(drift(&project, "sdh_a").1, expected.1[..2]);

    let unconfirmed = project.run(&["repair", "sdh_a", "--schema", "--reason", "hotfix"]).expect(2);
    assert!(unconfirmed.stderr.contains("need a confirmation"), "{unconfirmed:?}");
    let repaired = project.run(&["repair", "sdh_a", "--schema", "--reason", "hotfix", "-y"]).expect(0);
    assert!(repaired.stdout.contains("Accepted 2 objects"), "{repaired:?}");
    assert_eq!(drift(&project, "sdh_a"), same());
    let history = project.json(&["history", "sdh_a"], 0);
    let last = history["services"][0]["events"].as_array().unwrap().last().unwrap();
    assert_eq!((last["action"].as_str(), last["note"].as_str()), (Some("repair"), Some("schema: hotfix")));
    let _ = project.run(&["status", "--check"]).expect(0);
}

#[test]
fn a_manifest_refuses_to_migrate_a_changed_schema() {
    let server = Server::start();
    let project = migrated(&server, "sdr");
    let manifest =
        project.read("martydb.yaml").replace("  sdr_a:\n", "  sdr_a: { on_schema_drift: refuse }\n");
    project.write("martydb.yaml", &manifest);
    let _ = project.run(&["upgrade", "--all"]).expect(0);
    server.sql("sdr_a", "SET ROLE sdr_a_owner; ALTER TABLE item ALTER name DROP NOT NULL");
    project.write("sdr_a/migrations/V3__x.sql", "CREATE TABLE x (id int);\n");
    project.write("sdr_a/migrations/V3__x.down.sql", "DROP TABLE x;\n");
    let refused = project.json(&["upgrade", "--all"], 3);
    let error = &refused["services"][0]["error"];
    assert_eq!(error["kind"], "schema_drift", "{refused:#}");
    assert!(error["message"].as_str().unwrap().contains("column public.item.name (changed)"), "{error:#}");
    assert_eq!(server.value("sdr_a", "SELECT to_regclass('public.x') IS NULL"), "t");
    server.sql("sdr_a", "SET ROLE sdr_a_owner; ALTER TABLE item ALTER name SET NOT NULL");
    let _ = project.run(&["upgrade", "--all"]).expect(0);
}

#[test]
fn a_schema_that_no_run_kept_is_unknown_until_an_upgrade_compares_it_with_the_files() {
    let server = Server::start();
    let project = migrated(&server, "sdu");
    for (made, reason) in [
        ("DROP TABLE martydb.definitions", "no run has kept"),
        ("UPDATE martydb.definitions SET reader = 'x'", "another version of martydb"),
        ("UPDATE martydb.definitions SET major = 12", "PostgreSQL 12"),
        // refinery, an earlier martydb and a killed run leave the same.
        ("UPDATE martydb.definitions SET position = '0 0/0'", "another program ran migrations"),
        ("UPDATE martydb.definitions SET differing = 'x'", "no run has kept"),
    ] {
        server.sql("sdu_a", made);
        assert_eq!(drift(&project, "sdu_a"), ("unknown".to_owned(), vec![]), "{made}");
        let checked = project.run(&["status", "--check"]).expect(0);
        assert!(checked.stdout.contains(reason), "{made}: {checked:?}");
        let _ = project.run(&["plan", "--check"]).expect(0);
        let _ = project.run(&["upgrade", "sdu_a"]).expect(0);
        assert_eq!(drift(&project, "sdu_a"), same(), "{made}");
    }
    // The comparison with the files finds what was changed before, and keeps finding it.
    server
        .sql("sdu_a", "SET ROLE sdu_a_owner; ALTER TABLE item ADD hand int; DELETE FROM martydb.definitions");
    let named = project.run(&["upgrade", "sdu_a"]).expect(0);
    assert!(named.stderr.contains("column public.item.hand (added)"), "{named:?}");
    let _ = project.run(&["upgrade", "sdu_a"]).expect(0);
    let expected = ("drifted".to_owned(), vec!["added column public.item.hand".to_owned()]);
    assert_eq!(drift(&project, "sdu_a"), expected);
    let left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'martydb_scratch%'";
    assert_eq!(server.value("postgres", left), "0");
}

#[test]
fn work_of_every_day_is_no_drift() {
    let server = Server::start();
    let project = migrated(&server, "sde");
    add(
        &project,
        "sde",
        3,
        "CREATE TABLE ev (at date NOT NULL, note text, CHECK (note <> '')) PARTITION BY RANGE (at);
         CREATE INDEX ON ev (note);
         CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
         CREATE TRIGGER tell BEFORE INSERT ON ev FOR EACH ROW EXECUTE FUNCTION tell();
         CREATE TABLE day (at timestamp DEFAULT 'now', span interval DEFAULT '1 day 2 hours', f float8 DEFAULT 0.1);
         CREATE SEQUENCE numbers;\n",
        "DROP TABLE day; DROP TABLE ev; DROP FUNCTION tell; DROP SEQUENCE numbers;\n",
    );
    assert_eq!(drift(&project, "sde_a"), same());
    let owner = "SET ROLE sde_a_owner; ";
    for work in [
        "CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
        "CREATE TABLE ev_rest PARTITION OF ev DEFAULT",
        "DROP TABLE ev_1",
        "GRANT SELECT ON item TO sde_a_app; REVOKE DELETE ON item FROM sde_a_app; GRANT SELECT (id) ON item TO sde_a_ro",
        "ALTER TABLE item ALTER name SET STATISTICS 500; ALTER SEQUENCE numbers RESTART 100; SELECT nextval('numbers')",
        "ANALYZE; REINDEX TABLE item; CLUSTER item USING item_pkey; ALTER TABLE item SET WITHOUT CLUSTER; TRUNCATE item",
        "CREATE TEMP TABLE mine (a int); SELECT 1",
        "SELECT lo_create(4711)",
    ] {
        server.sql("sde_a", &format!("{owner}{work}"));
        assert_eq!(drift(&project, "sde_a"), same(), "{work}");
    }
    // A schema that the manifest does not declare, and settings of the login that decide how values are printed.
    for work in [
        "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.t (a int)",
        "ALTER ROLE sde_a_migrator SET IntervalStyle = 'sql_standard'; ALTER ROLE sde_a_migrator SET extra_float_digits = -5;
         ALTER DATABASE sde_a SET quote_all_identifiers = on",
        "VACUUM FULL",
    ] {
        for statement in work.split(';') {
            server.sql("sde_a", statement);
        }
        assert_eq!(drift(&project, "sde_a"), same(), "{work}");
    }
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(drift(&project, "sde_a"), same());
    // A partition that a run has recorded, with a constraint of its own, is another matter.
    add(&project, "sde", 4, "CREATE TABLE later (id int);\n", "DROP TABLE later;\n");
    server.sql("sde_a", &format!("{owner}ALTER TABLE ev_rest ADD CHECK (note <> 'x')"));
    let changed =
        ("drifted".to_owned(), vec!["added constraint public.ev_rest.ev_rest_note_check".to_owned()]);
    assert_eq!(drift(&project, "sde_a"), changed);
    // The row is the service's own, and its times reach a terminal.
    let forged = "UPDATE martydb.definitions SET differing = '[{\"kind\":\"table\",\"name\":\"public.item\",\"expected\":\"x\",
        \"found\":\"x\",\"since\":\"\\u001b[2Jgone\"}]'";
    server.sql("sde_a", forged);
    let shown = project.run(&["status", "--drift"]).expect(0);
    assert!(!shown.stdout.contains('\u{1b}') && !shown.stdout.contains("gone"), "{shown:?}");
}

#[test]
fn each_kind_of_change_is_named() {
    let server = Server::start();
    let project = migrated(&server, "sdk");
    add(
        &project,
        "sdk",
        3,
        "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE DOMAIN small AS int CHECK (value < 10);
         CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1';
         CREATE VIEW v AS SELECT id FROM item; CREATE MATERIALIZED VIEW m AS SELECT id FROM item;
         CREATE TABLE p (id int PRIMARY KEY, item bigint REFERENCES item, note text DEFAULT 'x');
         ALTER TABLE p ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON p USING (note = current_user);
         CREATE SEQUENCE s; CREATE STATISTICS st ON id, item FROM p; COMMENT ON TABLE p IS 'pages';\n",
        "DROP MATERIALIZED VIEW m; DROP VIEW v; DROP TABLE p; DROP SEQUENCE s; DROP FUNCTION f; DROP DOMAIN small; DROP TYPE mood;\n",
    );
    for (change, named) in [
        ("ALTER TYPE mood ADD VALUE 'c'", "changed type public.mood"),
        ("ALTER DOMAIN small ADD CHECK (value > 0)", "added constraint public.small.small_check1"),
        (
            "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 2'",
            "changed routine public.f(integer)",
        ),
        ("CREATE OR REPLACE VIEW v AS SELECT id FROM item WHERE id > 0", "changed view public.v"),
        ("DROP MATERIALIZED VIEW m", "removed materialized view public.m"),
        ("ALTER TABLE p DROP CONSTRAINT p_item_fkey", "removed constraint public.p.p_item_fkey"),
        ("ALTER TABLE p ALTER note DROP DEFAULT", "changed column public.p.note"),
        ("ALTER TABLE p DISABLE ROW LEVEL SECURITY", "changed table public.p"),
        ("DROP POLICY own ON p", "removed policy public.p.own"),
        ("ALTER SEQUENCE s INCREMENT 2", "changed sequence public.s"),
        ("DROP STATISTICS st", "removed statistics public.st"),
        ("COMMENT ON TABLE p IS 'sheets'", "changed comment table public.p"),
        (
            "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
            "added operator public.===(integer,integer)",
        ),
        ("CREATE COLLATION c FROM \"C\"", "added collation public.c"),
        ("CREATE RULE r AS ON DELETE TO p DO INSTEAD NOTHING", "added rule public.p.r"),
    ] {
        server.sql("sdk_a", &format!("SET ROLE sdk_a_owner; {change}"));
        let (_, all) = drift(&project, "sdk_a");
        assert_eq!(all, [named], "{change}");
        let _ = project.run(&["repair", "sdk_a", "--schema", "--reason", "next", "-y"]).expect(0);
        assert_eq!(drift(&project, "sdk_a"), same(), "{change}");
    }
}
