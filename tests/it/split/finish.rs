//! `split finish` where the services and the shared database are on one server, which lets every login in.

use super::sample::{SOURCE, ready};
use crate::support::{ADMIN_PASSWORD, Admin, Project, Server, until};

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
    // A part of a remaining object would be lost: nothing is removed until it is gone.
    server.sql(SOURCE, "CREATE TABLE keeps (id int, r people_main[]); CREATE VIEW names AS SELECT name FROM people_main; \
        CREATE FUNCTION name_of(names) RETURNS text LANGUAGE sql AS 'SELECT $1.name'; CREATE TABLE named (id int, CHECK (name_of(NULL) IS NULL))");
    for flags in [&["--dry-run"][..], &["--confirm", SOURCE]] {
        let refused = project.run(&[&["split", "finish"], flags].concat()).expect(1).stderr;
        for part in ["column r of table public.keeps", "constraint named_check on table public.named"] {
            assert!(refused.contains(part), "{refused}");
        }
    }
    server.sql(SOURCE, "ALTER TABLE keeps DROP COLUMN r; ALTER TABLE named DROP CONSTRAINT named_check");
    a_part_added_while_it_waits_is_kept(&server, &project);
    // Objects that PostgreSQL drops with the tables: through types of rows, views, and each other.
    server.sql(SOURCE, "CREATE FUNCTION rows_of() RETURNS SETOF people_main LANGUAGE sql STABLE AS 'SELECT * FROM people_main'; \
        CREATE VIEW all_rows AS SELECT * FROM rows_of(); CREATE FUNCTION of_view() RETURNS SETOF all_rows LANGUAGE sql AS 'SELECT * FROM all_rows'; \
        CREATE DOMAIN person AS people_main CHECK ((VALUE).id > 0); CREATE CAST (people_main AS text) WITH INOUT; \
        CREATE FUNCTION later(text, person[]) RETURNS text LANGUAGE sql AS 'SELECT $1'; \
        CREATE AGGREGATE last_of(person[]) (SFUNC = later, STYPE = text); \
        CREATE TABLE child (note text) INHERITS (people_notes); CREATE TABLE counted (id int DEFAULT nextval('\"orders_Odd \"\"name\"\"_Key_seq\"'))");
    let revoke = "REVOKE CONNECT ON DATABASE shop FROM PUBLIC";
    let shown = project.json(&["split", "finish", "--dry-run"], 0);
    assert_eq!(shown["open_to"], serde_json::json!([{ "grantee": "PUBLIC", "revoke": revoke }]), "{shown}");
    let dependents: Vec<_> =
        shown["dependents"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(
        dependents,
        [
            "public.last_of(public.person[])",
            "(public.people_main AS pg_catalog.text)",
            "public.later(text, public.person[])",
            "public.name_of(public.names)",
            "public.of_view()",
            "public.rows_of()",
            "public.person",
        ]
    );
    let text = project.run(&["split", "finish", "--dry-run"]).expect(0).stdout;
    assert!(text.contains(&format!("logins reach it, until you run:\n  {revoke}\n")), "{text}");

    let done = project.run(&["split", "finish", "--confirm", SOURCE]).expect(0).stdout;
    assert!(
        done.contains("Removed 14 tables, 2 views and 7 dependent objects") && done.contains(revoke),
        "{done}"
    );
    assert_eq!(server.value(SOURCE, "SELECT count(*) FROM child, counted"), "0");
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

/// The list of what would be lost is read again once the tables are locked.
fn a_part_added_while_it_waits_is_kept(server: &Server, project: &Project) {
    let reader = "BEGIN; LOCK TABLE people_main IN ACCESS SHARE MODE; SELECT pg_sleep(100)";
    let sleeping = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    let waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'people_main'::regclass AND NOT granted";
    std::thread::scope(|scope| {
        scope.spawn(|| server.sql_as("postgres", ADMIN_PASSWORD, SOURCE, reader));
        until("a session reads", || !server.value("postgres", sleeping).is_empty());
        let finish = scope.spawn(|| project.run(&["split", "finish", "--confirm", SOURCE]));
        until("the finish waits", || server.value(SOURCE, waiting) != "0");
        server.sql(SOURCE, "ALTER TABLE keeps ADD COLUMN late people_main");
        server.sql("postgres", &format!("SELECT pg_terminate_backend(({sleeping}))"));
        let refused = finish.join().unwrap().expect(1).stderr;
        assert!(refused.contains("column late of table public.keeps"), "{refused}");
    });
    server.sql(SOURCE, "ALTER TABLE keeps DROP COLUMN late");
}
