//! `split plan`.

use serde_json::{Value, json};

use super::{EDGES, SHARED, all_answers, map, project, shared};
use crate::support::{Admin, Server, as_both_admins};

fn edges(document: &Value) -> Vec<&str> {
    document["edges"].as_array().unwrap().iter().map(|edge| edge["edge"].as_str().unwrap()).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect()
}

as_both_admins!(every_edge_is_found_and_needs_an_answer, |admin| {
    let server = Server::for_admin(admin);
    shared(&server);
    let project = project(&server, admin);
    project.write("split.yaml", &map(" []"));
    let before = server.catalog(SHARED);
    let document = project.json(&["split", "plan"], 3);
    assert_eq!(edges(&document), EDGES);
    assert_eq!(document["unassigned"], json!([]));
    assert!(document["edges"].as_array().unwrap().iter().all(|edge| edge["answer"].is_null()));
    let key = &document["edges"][1];
    assert_eq!(key["kind"], "foreign-key");
    assert_eq!(key["from"], "public.pkd_certificate_entries.csca_id");
    assert_eq!(key["to"], "public.csca_certificates.id");
    let text = project.run(&["split", "plan"]).expect(3).stdout;
    for said in [
        "Edges that cross a boundary (12, 12 without an answer)",
        "  drop: the column stays without its foreign key",
        "  - { edge: \"view public.trust_report -> public.csca_certificates, public.pkd_certificate_entries\", answer: leave | call, reason: \"\" }",
        "next: correct split.yaml, then `martydb split plan`",
        "missing for following online: wal_level is replica",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    assert!(before.differences(&server.catalog(SHARED)).is_empty());
    // No object of martydb is left there, and no service has a database.
    assert_eq!(server.value(SHARED, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'martydb%'"), "0");
    assert_eq!(
        server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'marty_csca'"),
        "0"
    );
});

#[test]
fn a_plan_is_complete_once_every_edge_is_answered() {
    let server = Server::start();
    shared(&server);
    let project = project(&server, Admin::Super);
    project.write("split.yaml", &map(&all_answers()));
    let document = project.json(&["split", "plan"], 0);
    assert_eq!(edges(&document), EDGES);
    assert!(document["edges"].as_array().unwrap().iter().all(|edge| edge["answer"].is_string()));
    assert_eq!(document["edges"][0]["reason"], "checked by the services");
    let services = document["services"].as_array().unwrap();
    let named: Vec<&str> = services.iter().map(|one| one["service"].as_str().unwrap()).collect();
    assert_eq!(named, ["csca", "document_signer", "passport_engine", "pkd_service"]);
    assert_eq!(services[0]["database"], "marty_csca");
    let tables = services[0]["tables"].as_array().unwrap();
    let table =
        |name: &str| tables.iter().find(|one| one["table"] == name).unwrap_or_else(|| panic!("{name}"));
    let events = table("public.csca_events");
    assert_eq!((&events["rows"], &events["partitions"]), (&json!(1000), &json!(2)));
    assert!(events["bytes"].as_i64().unwrap() > 0);
    assert!(tables.iter().all(|one| one["table"] != "public.csca_events_2026"));
    assert_eq!(
        (&table("public.countries")["rows"], &table("public.countries")["copy"]),
        (&json!(2), &json!(false))
    );
    let copies = services[3]["tables"].as_array().unwrap();
    assert!(copies.iter().any(|one| one["table"] == "public.countries" && one["copy"] == true));
    let csv = project.run(&["split", "plan", "-o", "csv"]).expect(0).stdout;
    assert!(csv.starts_with("service,server,database,table,rows,bytes\ncsca,main,marty_csca,"), "{csv}");
}

#[test]
fn a_table_of_no_service_or_of_two_is_undecided() {
    let server = Server::start();
    server.sql("postgres", &format!("CREATE DATABASE {SHARED}"));
    server.sql(
        SHARED,
        "CREATE TABLE csca_a (); CREATE TABLE \"Odd.Name\" (); CREATE SEQUENCE unused; CREATE TABLE old_a (); CREATE SCHEMA pkd; CREATE TABLE pkd.b (); CREATE FUNCTION alone(int) RETURNS int LANGUAGE sql AS 'SELECT $1'",
    );
    let project = project(&server, Admin::Super);
    let source = format!("source: {{ server: main, database: {SHARED} }}\n");
    let services = "services:\n  csca: { tables: [public.csca_*, pkd.missing] }\n  pkd_service: { tables: ['public.*_a', pkd.*] }\n";
    project.write("split.yaml", &format!("{source}{services}ignore: [public.old_a]\n"));
    let document = project.json(&["split", "plan"], 3);
    assert_eq!(names(&document["unassigned"]), ["public.csca_a", "public.\"Odd.Name\"", "public.unused"]);
    assert_eq!(
        document["disputed"],
        json!([{ "table": "public.csca_a", "claims": ["public.csca_* of csca", "public.*_a of pkd_service"] }])
    );
    assert_eq!(names(&document["notes"]), ["pkd.missing of csca: no object of the source has that name"]);
    assert_eq!(names(&document["left"]), ["function public.alone(integer)"]);
    // A name that is written out wins, quoted or not.
    let exact = "services:\n  csca: { tables: [public.csca_a, 'public.\"Odd.Name\"'] }\n  pkd_service: { tables: ['public.*_a', pkd.*] }\n";
    project.write("split.yaml", &format!("{source}{exact}ignore: [public.old_a, public.unused]\n"));
    let _ = project.run(&["split", "plan"]).expect(0);
    // A table that appears later is open again.
    server.sql(SHARED, "CREATE TABLE appeared (id int)");
    let document = project.json(&["split", "plan"], 3);
    assert_eq!(names(&document["unassigned"]), ["public.appeared"]);
}

#[test]
fn large_objects_publications_and_parts_of_a_table_are_edges_too() {
    let server = Server::start();
    server.sql("postgres", &format!("CREATE DATABASE {SHARED}"));
    server.sql(
        SHARED,
        "CREATE TABLE csca_docs (id int PRIMARY KEY, body oid); SELECT lo_create(0);
         CREATE TABLE pkd_rates (n int); INSERT INTO pkd_rates VALUES (1);
         CREATE FUNCTION rate() RETURNS int LANGUAGE sql AS 'SELECT max(n) FROM pkd_rates';
         CREATE FUNCTION rate_of(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN x + (SELECT max(n) FROM pkd_rates); END';
         CREATE TABLE csca_prices (id int, price int DEFAULT rate(), CONSTRAINT fair CHECK (rate_of(price) > 0));
         CREATE INDEX by_rate ON csca_prices (rate_of(price));
         CREATE RULE twice AS ON INSERT TO csca_prices DO ALSO INSERT INTO pkd_rates VALUES (NEW.id);
         CREATE TABLE csca_parts (k int) PARTITION BY LIST (k);
         CREATE TABLE pkd_part PARTITION OF csca_parts FOR VALUES IN (1);
         CREATE PUBLICATION few FOR TABLE csca_docs, pkd_rates; CREATE PUBLICATION all_of_it FOR ALL TABLES",
    );
    let project = project(&server, Admin::Super);
    project.write(
        "split.yaml",
        &format!("source: {{ server: main, database: {SHARED} }}\nservices:\n  csca: {{ tables: [public.csca_*] }}\n  pkd_service: {{ tables: [public.pkd_*] }}\n"),
    );
    let document = project.json(&["split", "plan"], 3);
    assert_eq!(
        edges(&document),
        [
            "partition public.pkd_part -> public.csca_parts",
            "rule public.csca_prices.twice -> public.pkd_rates",
            "default public.csca_prices.price -> public.pkd_rates",
            "check public.csca_prices.fair -> public.pkd_rates",
            "index public.csca_prices.by_rate -> public.pkd_rates",
            "large-object public.csca_docs.body -> large objects",
            "publication all_of_it -> all tables",
            "publication few -> public.csca_docs, public.pkd_rates",
        ]
    );
}

#[test]
fn a_map_that_matches_nothing_is_not_complete() {
    let server = Server::start();
    server.sql("postgres", "CREATE DATABASE mistaken");
    let project = project(&server, Admin::Super);
    project.write("split.yaml", &map(&all_answers()).replace(SHARED, "mistaken"));
    let said = project.run(&["split", "plan"]).expect(3).stdout;
    for line in [
        "No service has a table.",
        "note: the map assigns no table of the source to a service",
        "next: correct split.yaml, then `martydb split plan`",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    let refused = project.run(&["split", "copy"]).expect(3).stderr;
    assert!(refused.contains("the map assigns no table of the source to a service"), "{refused}");
}

/// The source belongs to no service, and code of its tables' owners is not run.
#[test]
fn planning_runs_no_code_of_the_owners() {
    let server = Server::start();
    server.sql("postgres", &format!("CREATE DATABASE {SHARED}"));
    server.sql("postgres", "CREATE ROLE owner_of_all LOGIN");
    server.sql(
        SHARED,
        "CREATE TABLE ran (what text); CREATE SCHEMA pkd;
         CREATE FUNCTION public.trap() RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.ran VALUES (''trap''); RETURN 1; END';
         CREATE FUNCTION public.count(text) RETURNS bigint LANGUAGE sql AS 'SELECT public.trap()::bigint';
         CREATE FUNCTION public.format(text, name, name) RETURNS text LANGUAGE sql AS 'SELECT public.trap()::text';
         CREATE TABLE csca_a (n int DEFAULT public.trap()); CREATE INDEX ON csca_a ((n + 1));
         CREATE VIEW csca_v AS SELECT public.trap();
         ALTER TABLE csca_a ENABLE ROW LEVEL SECURITY; ALTER TABLE csca_a FORCE ROW LEVEL SECURITY;
         CREATE POLICY p ON csca_a USING (public.trap() = 1); ALTER TABLE csca_a OWNER TO owner_of_all;
         INSERT INTO csca_a VALUES (1), (2)",
    );
    server.sql("postgres", &format!("ALTER DATABASE {SHARED} SET search_path = public, pg_catalog"));
    let project = project(&server, Admin::Super);
    project.write(
        "split.yaml",
        &format!("source: {{ server: main, database: {SHARED} }}\nservices:\n  csca: {{ tables: [public.csca_*] }}\nignore: [public.ran]\n"),
    );
    let document = project.json(&["split", "plan"], 3);
    assert_eq!(document["services"][0]["tables"][0]["rows"], 2);
    let _ = project.run(&["split", "init", "--from", &format!("main/{SHARED}"), "--dry-run"]).expect(0);
    assert_eq!(server.value(SHARED, "SELECT count(*) FROM ran"), "0");
}

#[test]
fn a_source_may_be_a_url_and_an_unreachable_one_is_an_error() {
    let server = Server::start();
    shared(&server);
    let project = project(&server, Admin::Super);
    let inside = map(&all_answers());
    let at = |url: &str| {
        inside.replace(&format!("{{ server: main, database: {SHARED} }}"), &format!("{{ url: '{url}' }}"))
    };
    let url = format!(
        "postgresql://postgres:${{SOURCE_PASSWORD}}@127.0.0.1:${{SOURCE_PORT}}/{SHARED}?sslmode=disable"
    );
    project.write("split.yaml", &at(&url));
    let run = |password: &str| {
        let mut command = project.command(&["split", "plan"]);
        command.env("SOURCE_PASSWORD", password).env("SOURCE_PORT", server.port.to_string());
        project.finish(command)
    };
    let _ = run(crate::support::ADMIN_PASSWORD).expect(0);
    let refused = run("wrong-one").expect(5);
    assert!(
        refused.stderr.contains("password authentication failed") && !refused.said().contains("wrong-one"),
        "{}",
        refused.stderr
    );
    let unset = project.run(&["split", "plan"]).expect(2);
    assert!(
        unset.stderr.contains("split.yaml:1:") && unset.stderr.contains("is not set"),
        "{}",
        unset.stderr
    );
    project.write("split.yaml", &map(" []").replace(SHARED, "absent"));
    let absent = project.run(&["split", "plan"]).expect(5);
    insta::assert_snapshot!(absent.shown(), @r#"
    error: cannot log in to database "absent" at 127.0.0.1:PORT as "postgres"
    caused by: database "absent" does not exist (SQLSTATE 3D000)
    hint: where the url of the server names that database, correct it; else run `martydb apply --all`
    "#);
}
