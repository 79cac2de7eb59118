//! Databases that the tool itself has migrated: its table is imitated, and the baseline that is offered fits.

use crate::support::Project;

use super::{LAYOUTS, project, server, write};

/// The tool, its table, the rows after two of three migrations, and where the database then is.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "diesel",
        "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT now());
         INSERT INTO __diesel_schema_migrations VALUES ('20240101000000'), ('20240201000000')",
        "20240201000000",
    ),
    (
        "sqlx",
        "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text, installed_on timestamptz DEFAULT now(), success boolean);
         INSERT INTO _sqlx_migrations VALUES (1, 'first', now(), true), (2, 'note', now(), true)",
        "2",
    ),
    (
        "goose",
        "CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());
         INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (2, true), (3, true), (3, false)",
        "2",
    ),
    (
        "dbmate",
        "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);
         INSERT INTO schema_migrations VALUES ('20240101000000'), ('20240201000000')",
        "20240201000000",
    ),
    (
        "golang-migrate",
        "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
         INSERT INTO schema_migrations VALUES (2, false)",
        "2",
    ),
    (
        "flyway",
        "CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200), type varchar(20),
             script varchar(1000), success boolean);
         INSERT INTO flyway_schema_history VALUES (1, '1.0', 'first', 'SQL', 'V1_0__first.sql', true), (2, '1.1', 'note', 'SQL', 'V1.1__note.sql', true)",
        "2",
    ),
    (
        "sqitch",
        "CREATE TABLE changes (change_id text PRIMARY KEY, script_hash text, change text NOT NULL, project text NOT NULL, committed_at timestamptz NOT NULL);
         INSERT INTO changes VALUES ('a', 'x', 'first', 'shop', '2024-01-01'), ('b', 'y', 'text/note', 'shop', '2024-02-01');
         CREATE TABLE dependencies (id int);
         CREATE TABLE events (event text NOT NULL, change text NOT NULL, committed_at timestamptz NOT NULL);
         INSERT INTO events VALUES ('fail', 'first', '2023-12-31'), ('deploy', 'first', '2024-01-01'); CREATE TABLE projects (id int);
         CREATE TABLE releases (id int); CREATE TABLE tags (id int)",
        "2",
    ),
    (
        "liquibase",
        "CREATE TABLE databasechangelog (id varchar(255), author varchar(255), filename varchar(255), orderexecuted int, exectype varchar(10));
         INSERT INTO databasechangelog VALUES ('first', 'ann', 'db/changes/z.sql', 1, 'EXECUTED'), ('2', 'bob', 'db/changes/a.sql', 2, 'RERAN');
         CREATE TABLE databasechangeloglock (id int, locked boolean, lockedby text); INSERT INTO databasechangeloglock VALUES (1, false, NULL)",
        "2",
    ),
    (
        "node-pg-migrate",
        "CREATE TABLE pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL);
         INSERT INTO pgmigrations (name, run_on) VALUES ('1700000000001_first', now())",
        "1700000000001",
    ),
];

#[test]
fn the_baseline_that_fits_is_read_from_the_tools_table() {
    for (tool, table, at) in TABLES {
        let service = format!("ado_{}", tool.replace('-', "_"));
        let old = "CREATE TABLE item (id int PRIMARY KEY); ALTER TABLE item ADD note text;";
        let old = if *tool == "node-pg-migrate" { "CREATE TABLE item (id int PRIMARY KEY);" } else { old };
        server().sql("postgres", &format!("CREATE DATABASE {service}"));
        server().sql(&service, &format!("{old} INSERT INTO item (id) VALUES (7); {table}"));
        let project = project(&service, "");
        write(&project, LAYOUTS.iter().find(|row| row.0 == *tool).unwrap().1);
        project.run(&["apply", "--all", "-y"]).expect(0);
        let import = ["import", "--from", tool, "--service", &service, "old"];
        let document = project.json(&import, 0);
        assert_eq!(document["baseline_at"].to_string(), *at, "{tool}: {document:#}");
        let said = project.run(&import).expect(0);
        let next = format!("next: martydb baseline --service {service} --at {at}\n");
        assert!(said.stdout.contains(&next), "{tool}: {}", said.stdout);

        // Before it, nothing runs; after it, the next migration does.
        let refused = project.run(&["upgrade", "--all"]).expect(3);
        assert!(refused.said().contains("another tool"), "{tool}: {}", refused.said());
        project.run(&["baseline", "--service", &service, "--at", at]).expect(0);
        project.run(&["upgrade", "--all"]).expect(0);
        assert_eq!(
            server().value(&service, "SELECT count(*) FROM pg_indexes WHERE indexname = 'item_note'"),
            "1"
        );
        assert_eq!(server().value(&service, "SELECT id FROM item"), "7");
        assert_eq!(project.json(&import, 0)["baseline_at"], serde_json::Value::Null);
    }
}

/// The tool, its table with something failed, and the line that names it.
const FAILED: &[(&str, &str, &str)] = &[
    (
        "golang-migrate",
        "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
         INSERT INTO schema_migrations VALUES (2, true)",
        "failed: 2 in public.schema_migrations: dirty is true\n",
    ),
    (
        "sqlx",
        "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, success boolean);
         INSERT INTO _sqlx_migrations VALUES (1, true), (2, false)",
        "failed: 2 in public._sqlx_migrations: success is false\n",
    ),
    (
        "flyway",
        "CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description text, type text, success boolean);
         INSERT INTO flyway_schema_history VALUES (1, '1.0', 'first', 'SQL', true), (2, NULL, 'views', 'SQL', false)",
        "failed: views in public.flyway_schema_history: success is false\n",
    ),
    (
        "sqitch",
        "CREATE TABLE changes (change_id text, script_hash text, change text NOT NULL, project text, committed_at timestamptz);
         INSERT INTO changes VALUES ('a', 'x', 'first', 'shop', '2024-01-01');
         CREATE TABLE events (event text, change text, committed_at timestamptz); CREATE TABLE dependencies (id int);
         CREATE TABLE projects (id int); CREATE TABLE releases (id int); CREATE TABLE tags (id int);
         INSERT INTO events VALUES ('fail', 'text/note', '2024-02-01')",
        "failed: public.events: the change text/note failed\n",
    ),
    (
        "liquibase",
        "CREATE TABLE databasechangelog (id text, author text, filename text, orderexecuted int, exectype text);
         INSERT INTO databasechangelog VALUES ('first', 'ann', 'changes/z.sql', 1, 'EXECUTED');
         CREATE TABLE databasechangeloglock (id int, locked boolean, lockedby text); INSERT INTO databasechangeloglock VALUES (1, true, 'ci')",
        "failed: public.databasechangeloglock: locked is true, by ci\n",
    ),
    (
        // A table of another tool in the same database.
        "dbmate",
        "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);
         INSERT INTO schema_migrations VALUES ('20240101000000');
         CREATE TABLE _prisma_migrations (migration_name text, started_at timestamptz, finished_at timestamptz, rolled_back_at timestamptz);
         INSERT INTO _prisma_migrations VALUES ('a', '2024-01-01', NULL, '2024-01-01'), ('a', '2024-01-02', '2024-01-02', NULL),
             ('b', '2024-01-03', NULL, NULL)",
        "failed: b in public._prisma_migrations: finished_at is null\n",
    ),
];

#[test]
fn a_failed_row_is_named_and_no_baseline_is_offered() {
    for (tool, table, line) in FAILED {
        let service = format!("fai_{}", tool.replace('-', "_"));
        server().sql("postgres", &format!("CREATE DATABASE {service}"));
        server().sql(&service, table);
        let project = project(&service, "");
        write(&project, LAYOUTS.iter().find(|row| row.0 == *tool).unwrap().1);
        project.run(&["apply", "--all", "-y"]).expect(0);
        let said = project.run(&["import", "--from", tool, "--service", &service, "old"]).expect(3);
        assert!(said.stdout.contains(line), "{tool}: {}", said.stdout);
        assert!(!said.stdout.contains("--at"), "{tool}: {}", said.stdout);
        let refused = project.run(&["baseline", "--service", &service, "--at", "1"]).expect(3);
        let cause = line.trim_end().trim_start_matches("failed: ");
        assert!(refused.stderr.contains(cause), "{tool}: {}", refused.stderr);
    }
}

#[test]
fn of_two_histories_of_one_tool_none_is_chosen() {
    let service = "ado_two";
    server().sql("postgres", "CREATE DATABASE ado_two");
    let table = "(version varchar(128) PRIMARY KEY)";
    server().sql(
        service,
        &format!(
            "CREATE SCHEMA bmw; CREATE TABLE schema_migrations {table}; CREATE TABLE bmw.schema_migrations {table};
             INSERT INTO bmw.schema_migrations VALUES ('20240101000000')"
        ),
    );
    let project = project(service, "schemas: [public, bmw]");
    write(&project, LAYOUTS.iter().find(|row| row.0 == "dbmate").unwrap().1);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let import = ["import", "--from", "dbmate", "--service", service, "old"];
    let said = project.run(&import).expect(3);
    let note =
        "bmw.schema_migrations and public.schema_migrations have different rows, so no baseline is offered";
    assert!(said.stdout.contains(note), "{}", said.stdout);
    assert!(!said.stdout.contains("martydb baseline"), "{}", said.stdout);
    server().sql(service, "INSERT INTO schema_migrations TABLE bmw.schema_migrations");
    let said = project.run(&import).expect(0);
    assert!(said.stdout.contains("baseline --service ado_two --at "), "{}", said.stdout);
}

#[test]
fn a_migration_that_the_tool_has_undone_is_named() {
    let service = "ado_undone";
    server().sql("postgres", "CREATE DATABASE ado_undone");
    server().sql(
        service,
        "CREATE TABLE goose_db_version (id serial, version_id bigint, is_applied boolean);
         INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (2, true), (2, false)",
    );
    let project = project(service, "");
    write(&project, LAYOUTS.iter().find(|row| row.0 == "goose").unwrap().1);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let said = project.run(&["import", "--from", "goose", "--service", service, "old"]).expect(0);
    let note = "goose_db_version reports 2: is_applied is false; it counts as pending";
    assert!(said.stdout.contains(note), "{}", said.stdout);
    assert!(said.stdout.contains("baseline --service ado_undone --at 1\n"), "{}", said.stdout);
}

#[test]
fn a_migration_that_the_tool_never_ran_is_named() {
    let service = "ado_marked";
    server().sql("postgres", "CREATE DATABASE ado_marked");
    server().sql(
        service,
        "CREATE TABLE databasechangelog (id text, author text, filename text, orderexecuted int, exectype text);
         INSERT INTO databasechangelog VALUES ('first', 'ann', 'changes/z.sql', 1, 'MARK_RAN'), ('2', 'bob', 'changes/a.sql', 2, 'EXECUTED')",
    );
    let project = project(service, "");
    write(&project, LAYOUTS.iter().find(|row| row.0 == "liquibase").unwrap().1);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let said = project.run(&["import", "--from", "liquibase", "--service", service, "old"]).expect(0);
    let note = "databasechangelog reports first::ann::changes/z.sql: exectype is MARK_RAN; it counts as applied, but never ran";
    assert!(said.stdout.contains(note), "{}", said.stdout);
    assert!(said.stdout.contains("baseline --service ado_marked --at 2\n"), "{}", said.stdout);
}

#[test]
fn an_embedded_server_is_not_started_to_convert_files() {
    let project = Project::with_manifest(
        "version: 1\nproject: ado_down\nservers: { main: { embedded: true } }\nservices: { ado_down: }\n",
    );
    write(&project, &[("1_a.sql", "SELECT 1;")]);
    for flags in [&["--dry-run"][..], &[]] {
        let import = ["import", "--from", "sqlx", "--service", "ado_down", "old"];
        let said = project.run(&[&import[..], flags].concat()).expect(0);
        assert!(said.stdout.contains("the server main is not running"), "{}", said.said());
    }
    let servers = project.json(&["dev", "status"], 0);
    assert_eq!(servers["servers"][0]["state"], "absent", "{servers:#}");
}

#[test]
fn a_pending_file_of_0_bytes_is_refused_and_an_applied_one_stays() {
    let service = "imp_zero";
    let project = project(service, "");
    let file = |name: &str| project.path().join(format!("{service}/migrations/{name}"));
    std::fs::create_dir_all(file("")).unwrap();
    std::fs::write(file("V1__a.sql"), "-- nothing\n").unwrap();
    std::fs::write(file("V1__a.down.sql"), "").unwrap();
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    std::fs::write(file("V2__b.sql"), "").unwrap();
    std::fs::write(file("V2__b.down.sql"), "").unwrap();
    for flags in [&["upgrade", "--all"][..], &["upgrade", "--all", "--dry-run"]] {
        let refused = project.run(flags).expect(2);
        assert!(refused.said().contains("V2__b.sql: is empty"), "{}", refused.said());
    }
    std::fs::write(file("V2__b.sql"), "-- nothing\n").unwrap();
    project.run(&["upgrade", "--all"]).expect(0);
}

#[test]
fn a_gap_and_a_migration_without_a_file_are_reported() {
    let service = "ado_gap";
    server().sql("postgres", "CREATE DATABASE ado_gap");
    server().sql(
        service,
        "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, success boolean);
         INSERT INTO _sqlx_migrations VALUES (1, true), (3, true), (99, true)",
    );
    let project = project(service, "");
    write(&project, &[("1_a.sql", "SELECT 1;"), ("2_b.sql", "SELECT 1;"), ("3_c.sql", "SELECT 1;")]);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let said = project.run(&["import", "--from", "sqlx", "--service", service, "old"]).expect(0);
    assert!(said.stdout.contains("lacks V2, but contains a later one"), "{}", said.stdout);
    assert!(said.stdout.contains("1 migration without a file: 99"), "{}", said.stdout);
    assert!(!said.stdout.contains("martydb baseline"), "{}", said.stdout);
}

#[test]
fn an_unreachable_server_and_a_missing_database_are_notes() {
    let project = project("ado_absent", "");
    write(&project, &[("1_a.sql", "SELECT 1;")]);
    let import = ["import", "--from", "sqlx", "--service", "ado_absent", "old"];
    let said = project.run(&import).expect(0);
    assert!(
        said.stdout.contains("cannot read what") && said.stdout.contains("not provisioned"),
        "{}",
        said.stdout
    );
    project.write(
        "martydb.yaml",
        "version: 1\nproject: p\nservers:\n  main:\n    url: postgresql://postgres@127.0.0.1:1/postgres\nservices:\n  ado_absent:\n",
    );
    let said = project.run(&import).expect(0);
    assert!(said.stdout.contains("cannot read what"), "{}", said.stdout);
}

/// The table is the service's: a policy on it runs with the owner's privileges and reads no more than the owner does.
#[test]
fn the_tools_table_is_read_without_the_admins_privileges() {
    let service = "ado_trap";
    server().sql("postgres", "CREATE DATABASE ado_trap");
    server().sql(
        service,
        "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, success boolean); INSERT INTO _sqlx_migrations VALUES (1, true);
         CREATE TABLE seen (who name, super boolean);
         CREATE FUNCTION trap() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
             RAISE LOG 'trap sprung by % as %', session_user, current_user; RETURN true; END $$;
         ALTER TABLE _sqlx_migrations ENABLE ROW LEVEL SECURITY; ALTER TABLE _sqlx_migrations FORCE ROW LEVEL SECURITY;
         CREATE POLICY p ON _sqlx_migrations USING (trap());",
    );
    let project = project(service, "");
    write(&project, &[("1_a.sql", "SELECT 1;")]);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let document = project.json(&["import", "--from", "sqlx", "--service", service, "old"], 0);
    assert_eq!(document["baseline_at"], 1, "{document:#}");
    let log = server().log();
    let sprung: Vec<&str> = log.lines().filter(|line| line.contains("LOG:  trap sprung by ")).collect();
    assert!(!sprung.is_empty(), "the trap was never sprung");
    assert!(sprung.iter().all(|line| line.contains("by ado_trap_migrator as ado_trap_owner")), "{sprung:?}");
}

/// A program called `alembic` that prints what Alembic prints.
const ALEMBIC: &str = r#"#!/bin/sh
env > "$(dirname "$0")/environment"
case "$*" in
  "upgrade heads --sql") cat <<'SQL'
BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> ae10

CREATE TABLE item (id int PRIMARY KEY);

INSERT INTO alembic_version (version_num) VALUES ('ae10') RETURNING alembic_version.version_num;

-- Running upgrade ae10 -> bf20

ALTER TABLE item ADD note text;

UPDATE alembic_version SET version_num='bf20' WHERE alembic_version.version_num = 'ae10';

COMMIT;

SQL
  ;;
  "downgrade heads:base --sql") echo "no way back" >&2; exit 1 ;;
  "history") echo 'ae10 -> bf20 (head), a note'; echo '<base> -> ae10, first' ;;
esac
"#;

#[test]
fn alembic_prints_its_migrations_itself() {
    use std::os::unix::fs::PermissionsExt;
    let service = "ado_alembic";
    server().sql("postgres", "CREATE DATABASE ado_alembic");
    server().sql(
        service,
        "CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
         INSERT INTO alembic_version VALUES ('ae10')",
    );
    let project = project(service, "");
    project.write("old/alembic.ini", "[alembic]\n");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let import = ["import", "--from", "alembic", "--service", service, "old"];
    let mut command = project.command(&import);
    command.env("PATH", "/nonexistent");
    let missing = project.finish(command).expect(1);
    assert!(missing.stderr.contains("put Alembic on PATH"), "{}", missing.stderr);

    project.write("bin/alembic", ALEMBIC);
    let program = project.path().join("bin/alembic");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.command(&import);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", project.path().join("bin").display()));
    command.env("DB_PASSWORD", "an-admins-password").env("DATABASE_URL", "postgres://x@nowhere/y");
    let said = project.finish(command).expect(0);
    let environment = project.read("bin/environment");
    assert!(environment.contains("DATABASE_URL=postgres://x@nowhere/y"), "{environment}");
    assert!(!environment.contains("an-admins-password"), "{environment}");
    assert!(said.stdout.contains("no down files") && said.stdout.contains("no way back"), "{}", said.stdout);
    assert!(said.stdout.contains("next: martydb baseline --service ado_alembic --at 1\n"), "{}", said.stdout);
    assert_eq!(super::files(&project, service), ["V1__first.sql", "V2__a_note.sql"]);
    project.run(&["baseline", "--service", service, "--at", "1"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    server().sql(service, "SELECT note FROM item");
}
