//! Logins that follow the changes of tables: a publication of the tables that the manifest names, and what it takes to read it.

use crate::support::{Admin, Project, Server, as_both_admins};

fn with(server: &Server, admin: Admin, prefix: &str, access: &str) -> Project {
    let project = Project::new_as(server, admin, prefix);
    project.write("martydb.yaml", &format!("{}access:\n{access}", project.read("martydb.yaml")));
    project
}

fn edit(project: &Project, from: &str, to: &str) {
    let manifest = project.read("martydb.yaml");
    assert!(manifest.contains(from), "{manifest}");
    project.write("martydb.yaml", &manifest.replace(from, to));
}

fn published(server: &Server, database: &str, publication: &str) -> String {
    let sql = format!(
        "SELECT coalesce(string_agg(tablename, ',' ORDER BY tablename), '') FROM pg_publication_tables WHERE pubname = '{publication}'"
    );
    server.value(database, &sql)
}

as_both_admins!(a_login_replicates_only_the_declared_tables, |admin| {
    let server = Server::start_with(&["wal_level=logical"]);
    if admin == Admin::Limited {
        server.add_limited_admin();
        server.sql("postgres", "ALTER ROLE adm REPLICATION");
    }
    let project = with(
        &server,
        admin,
        "rep",
        "  rep_cdc: { login: true, replicate: { rep_a: [public.item] }, reason: event stream }\n",
    );
    let plan = project.run(&["plan"]).expect(0).stdout;
    // Before 16 only a superuser gives REPLICATION.
    let by_hand = admin == Admin::Limited && server.major() < 16;
    let reported =
        if by_hand { "ALTER ROLE \"rep_cdc\" REPLICATION" } else { "copy every database of this server" };
    assert!(plan.contains(reported), "{plan}");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    if by_hand {
        server.sql("postgres", "ALTER ROLE rep_cdc REPLICATION");
    }
    assert_eq!(published(&server, "rep_a", "rep_cdc"), "item");
    project.run(&["plan", "--check"]).expect(0);

    let as_cdc = |sql: &str| server.sql_as("rep_cdc", &project.password("rep_cdc"), "rep_a", sql);
    as_cdc("SELECT pg_create_logical_replication_slot('rep_slot', 'pgoutput')").unwrap();
    server.sql("rep_a", "INSERT INTO item (name) VALUES ('one')");
    as_cdc(
        "SELECT 1 / count(*) FROM pg_logical_slot_peek_binary_changes('rep_slot', NULL, NULL, 'proto_version', '1', 'publication_names', 'rep_cdc')",
    )
    .unwrap();
    as_cdc("TABLE item").unwrap();
    as_cdc("INSERT INTO item (name) VALUES ('two')").unwrap_err();
    as_cdc("SELECT pg_drop_replication_slot('rep_slot')").unwrap();
    let elsewhere = server.sql_as("rep_cdc", &project.password("rep_cdc"), "rep_b", "SELECT 1");
    elsewhere.unwrap_err();

    // In both directions.
    project.write("rep_a/migrations/V3__outbox.sql", "CREATE TABLE outbox (i int PRIMARY KEY);\n");
    project.run(&["upgrade", "--all"]).expect(0);
    edit(&project, "[public.item]", "[public.outbox]");
    project.run(&["apply", "--all"]).expect(2);
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(published(&server, "rep_a", "rep_cdc"), "outbox");
    as_cdc("TABLE item").unwrap_err();
    project.run(&["plan", "--check"]).expect(0);

    edit(&project, "reason: event", "until: 2020-01-01, reason: event");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let still = "SELECT rolreplication::text FROM pg_roles WHERE rolname = 'rep_cdc'";
    let expected = if admin == Admin::Limited { "true" } else { "false" };
    assert_eq!(server.value("postgres", still), expected);
    as_cdc("SELECT 1").unwrap_err();
});

/// Abilities that follow from PostgreSQL's own rules are notes; undeclared ones stay findings.
#[test]
fn inherent_privileges_of_replication_are_notes_and_others_findings() {
    let server = Server::start_with(&["wal_level=logical"]);
    let project = with(
        &server,
        Admin::Super,
        "rpn",
        "  rpn_cdc: { login: true, replicate: { rpn_a: [public.item] }, reason: event stream }\n",
    );
    for command in ["apply", "upgrade", "apply"] {
        let consent: &[&str] = if command == "apply" { &["-y"] } else { &[] };
        project.run(&[&[command, "--all"], consent].concat()).expect(0);
    }
    let found = project.json(&["verify-isolation"], 0);
    let all = found["findings"].as_array().unwrap().clone();
    let of = |role: &str| all.iter().filter(|one| one["role"] == role).cloned().collect::<Vec<_>>();
    let notes = of("rpn_cdc");
    assert!(notes.iter().all(|one| one["severity"] == "low"), "{notes:#?}");
    assert!(notes.iter().any(|one| one["id"] == "declared-replication"), "{notes:#?}");

    server.sql("postgres", "CREATE ROLE rpn_other LOGIN REPLICATION PASSWORD 'x'");
    let found = project.json(&["verify-isolation", "--probes", "none"], 4);
    let all = found["findings"].as_array().unwrap();
    assert!(all.iter().any(|one| one["role"] == "rpn_other" && one["severity"] != "low"), "{all:#?}");
}

#[test]
fn a_server_that_logs_no_rows_is_a_limit() {
    let server = Server::start();
    let project = with(
        &server,
        Admin::Super,
        "rpw",
        "  rpw_cdc: { login: true, replicate: { rpw_a: [public.item] }, reason: event stream }\n",
    );
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let done = project.json(&["apply", "--all", "-y"], 0);
    let limits = done["limits"].as_array().unwrap();
    assert!(limits.iter().any(|one| one["why"].as_str().unwrap().contains("wal_level")), "{limits:#?}");
    assert_eq!(published(&server, "rpw_a", "rpw_cdc"), "");
    project.run(&["plan", "--check"]).expect(0);
}

/// A publication that the application made is taken over; one of all tables is not ours to change.
#[test]
fn an_existing_publication_is_taken_over() {
    let server = Server::start_with(&["wal_level=logical"]);
    server.sql("postgres", "CREATE ROLE rpo_old LOGIN");
    server.sql("postgres", "CREATE DATABASE rpo_a OWNER rpo_old");
    server.sql(
        "rpo_a",
        "GRANT CREATE ON SCHEMA public TO rpo_old; SET ROLE rpo_old; CREATE TABLE item (i int PRIMARY KEY); CREATE TABLE other (i int);
         CREATE PUBLICATION rpo_cdc FOR TABLE other",
    );
    server.sql("postgres", "CREATE DATABASE rpo_b");
    server.sql("rpo_b", "CREATE TABLE item (i int PRIMARY KEY); CREATE PUBLICATION rpo_cdc FOR ALL TABLES");
    let both = "{ rpo_a: [public.item], rpo_b: [public.item] }";
    let project = with(
        &server,
        Admin::Super,
        "rpo",
        &format!("  rpo_cdc: {{ login: true, replicate: {both}, reason: event stream }}\n"),
    );
    let plan = project.run(&["plan"]).expect(0).stdout;
    assert!(plan.contains("DROP PUBLICATION rpo_cdc"), "{plan}");
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(published(&server, "rpo_a", "rpo_cdc"), "item");
    let owner = "SELECT pubowner::regrole::text FROM pg_publication";
    assert_eq!(server.value("rpo_a", owner), "rpo_a_owner");
    assert_eq!(server.value("rpo_b", owner), "postgres");
}

#[test]
fn tables_that_cannot_be_replicated_are_refused() {
    let project = Project::with_manifest(
        "version: 1\nservers: { main: { embedded: true } }\nservices: { rpe_a: {}, rpe_b: {} }\naccess:\n  cdc: { ENTRY, reason: x }\n",
    );
    for (entry, message) in [
        ("group: true, replicate: { rpe_a: [public.t] }", "only a login of its own follows changes"),
        ("of: rpe_a, replicate: { rpe_a: [public.t] }", "only a login of its own follows changes"),
        ("login: true, replicate: { rpe_c: [public.t] }", "unknown service \"rpe_c\""),
        ("login: true, replicate: { rpe_a: [t] }", "declares no schema \"t\""),
        ("login: true, replicate: { rpe_a: [public] }", "\"public\" is not a schema.table"),
        ("login: true, replicate: { rpe_a: [] }", "no table of service \"rpe_a\" is named"),
    ] {
        let manifest = project.read("martydb.yaml");
        project.write("martydb.yaml", &manifest.replace("ENTRY", entry));
        let said = project.run(&["validate"]).expect(2).said();
        assert!(said.contains(message), "{entry}: {said}");
        project.write("martydb.yaml", &manifest);
    }
}
