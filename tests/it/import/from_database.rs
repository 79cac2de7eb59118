//! `baseline --from-database`.

use super::{files, project, server};
use crate::backup::expressions::expressions;
use crate::support::{self, Project};

/// Obstacles of a restore: a function that names a later table, a cast chain of defaults, names with quotes, bodies
/// whose lines look like a dump's own.
const SCHEMA: &str = r#"
SET check_function_bodies = false;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE FUNCTION latest() RETURNS bigint LANGUAGE sql STABLE AS $$
SELECT max(id) FROM "Order"
$$;
CREATE FUNCTION body() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
-- a comment
SET statement_timeout = 0;
\restrict key
RETURN 'x';
END $$;
CREATE TABLE "Order" (id bigserial PRIMARY KEY, n positive NOT NULL DEFAULT 1, m mood DEFAULT 'good',
    tags hstore, at timestamptz DEFAULT now(), half numeric GENERATED ALWAYS AS (n / 2.0) STORED);
CREATE TABLE line (order_id bigint REFERENCES "Order" ON DELETE CASCADE, pos int GENERATED ALWAYS AS IDENTITY, UNIQUE (order_id, pos));
CREATE INDEX line_pos ON line (pos) WHERE pos > 1;
CREATE VIEW recent AS SELECT id, m FROM "Order" WHERE id > latest() - 10;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.at := now(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON "Order" FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE line ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON line USING (pos > 0);
COMMENT ON TABLE line IS 'it''s a line;';
CREATE SCHEMA app;
CREATE TABLE app.thing (id int PRIMARY KEY);
CREATE TABLE part (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp);
COMMENT ON TABLE goose_db_version IS 'goose';
INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, true);
INSERT INTO "Order" (n) VALUES (41);
"#;

/// A database as another tool left it, adopted by `apply`.
fn adopted(service: &str, sql: &str) -> Project {
    server().sql("postgres", &format!("CREATE DATABASE {service}"));
    server().sql(service, &format!("CREATE EXTENSION hstore; {sql}"));
    let project = project(service, "schemas: [public, app], extensions: [hstore]");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project
}

/// Returns `true` if the machine has a `pg_dump` of this server's major; otherwise the command must report it.
fn can_dump(project: &Project, service: &str) -> bool {
    if support::can_dump(server()) {
        return true;
    }
    let refused = project.run(&["baseline", "--service", service, "--from-database"]).expect(1);
    assert!(refused.said().contains("there is no pg_dump for a server of version"), "{}", refused.said());
    assert_eq!(files(project, service), [""; 0]);
    false
}

#[test]
fn the_schema_becomes_the_first_migration() {
    let service = "fdb_rich";
    let project = adopted(service, SCHEMA);
    if !can_dump(&project, service) {
        return;
    }
    let mark = server().log().len();
    let said = project.run(&["baseline", "--service", service, "--from-database"]).expect(0);
    insta::assert_snapshot!(said.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    fdb_rich  -  1  1  recorded
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    fdb_rich: wrote FOLDER/fdb_rich/migrations/V1__before_martydb.sql
    fdb_rich: public.goose_db_version of goose is not in the file; drop with `DROP TABLE IF EXISTS` in a migration when the tool is no longer used
    fdb_rich: the file holds no rows: those that every environment needs go into the next migration, as `INSERT … ON CONFLICT DO NOTHING`
    ");
    assert_eq!(files(&project, service), ["V1__before_martydb.sql"]);
    let text = project.read("fdb_rich/migrations/V1__before_martydb.sql");
    assert!(text.contains("SET check_function_bodies = false;") && !text.contains("goose"), "{text}");
    assert!(
        !text.contains("SET lock_timeout")
            && !text.contains("CREATE EXTENSION")
            && text.contains("\\restrict key")
    );
    for password in project.passwords() {
        assert!(
            !text.contains(&password) && !said.stdout.contains(&password) && !said.stderr.contains(&password)
        );
    }
    // The dump is the migrator's, never the admin's.
    let log = server().log_since(mark);
    let dumps: Vec<&str> =
        log.lines().filter(|line| line.contains("@fdb_rich ") && line.contains("LOCK TABLE")).collect();
    assert!(
        !dumps.is_empty() && dumps.iter().all(|line| line.contains("fdb_rich_migrator@fdb_rich")),
        "{dumps:?}"
    );

    project.run(&["status", "--check"]).expect(0);
    assert_eq!(project.json(&["current"], 0)["services"][0]["current"], 1);
    assert_eq!(server().value(service, "SELECT n FROM \"Order\""), "41");
    project.write("fdb_rich/migrations/V2__next.sql", "ALTER TABLE line ADD note text;");
    project.run(&["upgrade", "--all"]).expect(0);

    // A new environment is made from the same files.
    project.write(
        "martydb.yaml",
        &project.read("martydb.yaml").replace("fdb_rich: {", "fdb_new: { migrations: fdb_rich/migrations,"),
    );
    project.run(&["apply", "--all", "-y", "--new-database"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(
        server()
            .value("fdb_new", "SELECT count(*) FROM information_schema.columns WHERE table_name = 'line'"),
        "3"
    );
    assert_eq!(server().value("fdb_new", "SELECT to_regclass('goose_db_version') IS NULL"), "t");
}

#[test]
fn a_baseline_from_a_database_refuses_existing_files_and_history() {
    let service = "fdb_refused";
    let project = adopted(service, "CREATE SCHEMA app; CREATE TABLE a (id int)");
    let command = ["baseline", "--service", service, "--from-database"];
    project.write("fdb_refused/migrations/V1__a.sql", "SELECT 1;");
    let refused = project.run(&command).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    fdb_refused  -  -  0  failed
    --- stderr

    fdb_refused:
    error: fdb_refused already has migrations
    caused by: FOLDER/fdb_refused/migrations/V1__a.sql exists
    hint: `martydb baseline --service fdb_refused --at N` records them as applied
    hint: if the database lacks some of them: move those away, and back as V2 and later after V1 is written
    ");
    assert!(refused.said().contains("back as V2"), "{}", refused.said());
    project.run(&["baseline", "--service", service, "--at", "1"]).expect(0);
    std::fs::remove_file(project.path().join("fdb_refused/migrations/V1__a.sql")).unwrap();
    let refused = project.run(&command).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    fdb_refused  -  -  0  failed
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    fdb_refused:
    error: fdb_refused already has a history
    caused by: its database is at V1__a
    ");
    let usage = project.run(&["baseline", "--service", service, "--from-database", "--at", "1"]).expect(2);
    insta::assert_snapshot!(usage.shown(), @r"
    error: the argument '--from-database' cannot be used with '--at <VERSION>'

    Usage: martydb baseline --service <NAME> --from-database [SERVICE]

    For more information, try '--help'.
    ");
    project.run(&["baseline", "--service", service]).expect(2);
}

/// A privilege that the contract does not give is not in V1, and the proof says so; nothing is recorded, and no scratch
/// database stays. What other roles hold is not a difference: V1 does not give it, and a note says whose it is.
#[test]
fn a_schema_that_v1_does_not_reproduce_is_not_recorded() {
    let service = "fdb_differs";
    let project = adopted(service, "CREATE SCHEMA app; CREATE TABLE a (id int)");
    if !can_dump(&project, service) {
        return;
    }
    server().sql(
        service,
        "CREATE ROLE fdb_reader; GRANT SELECT ON a TO fdb_reader; GRANT USAGE ON SCHEMA public TO fdb_reader;
         GRANT TRUNCATE ON a TO fdb_differs_app",
    );
    let command = ["baseline", "--service", service, "--from-database"];
    server()
        .sql(service, "DO $$ BEGIN EXECUTE format('COMMENT ON TABLE a IS %L', repeat('x', 9 << 20)); END $$");
    let refused = project.run(&command).expect(3);
    insta::assert_snapshot!(refused.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    fdb_differs  -  -  0  divergent
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    fdb_differs:
    error: the schema cannot be proven equal to a file
    caused by: the comment on table a has 9 MiB; at most 8 MiB can be compared
    ");
    server().sql(service, "COMMENT ON TABLE a IS NULL");
    let refused = project.run(&command).expect(3);
    insta::assert_snapshot!(refused.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    fdb_differs  -  -  0  divergent
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    fdb_differs:
    error: the schema that pg_dump wrote differs from that of the database
    caused by: table public.a differs
      before: GRANT TRUNCATE TO fdb_differs_app
      after:  no such GRANT
    hint: `before` is the database, `after` the result of FOLDER/fdb_differs/migrations/.martydb-baseline/V1__before_martydb.sql in a scratch database
    hint: first revoke the privileges of PUBLIC and of the service's roles that the manifest does not grant: `martydb plan` shows them
    ");
    assert_eq!(files(&project, service), [".martydb-baseline"]);
    assert_eq!(project.json(&["current"], 0)["services"][0]["current"], serde_json::Value::Null);
    let left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'martydb_scratch_%' AND datacl::text LIKE '%fdb_differs%'";
    assert_eq!(server().value("postgres", left), "0");
    assert!(!refused.said().contains("schema public"), "{}", refused.said());
    server().sql(service, "REVOKE TRUNCATE ON a FROM fdb_differs_app");
    let said = project.run(&command).expect(0);
    insta::assert_snapshot!(said.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    fdb_differs  -  1  1  recorded
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    fdb_differs: wrote FOLDER/fdb_differs/migrations/V1__before_martydb.sql
    fdb_differs: the file holds no rows: those that every environment needs go into the next migration, as `INSERT … ON CONFLICT DO NOTHING`
    fdb_differs: the file does not contain the privileges of fdb_reader: `access:` in the manifest grants them
    ");
    assert_eq!(files(&project, service), ["V1__before_martydb.sql"]);
}

/// A database of the old login, as TypeORM, Drizzle and Knex leave it: the login created the extension, and the tool has a
/// schema of its own. Neither is a difference; a schema that nothing declares is one, with the cure.
#[test]
fn objects_of_the_former_login_and_tool_are_not_differences() {
    let service = "fdb_old";
    server().sql("postgres", "CREATE ROLE fdb_old_login LOGIN");
    server().sql("postgres", &format!("CREATE DATABASE {service} OWNER fdb_old_login"));
    server().sql(
        service,
        "ALTER SCHEMA public OWNER TO fdb_old_login; SET ROLE fdb_old_login;
         CREATE EXTENSION hstore; CREATE TABLE a (id int, tags hstore);
         CREATE SCHEMA drizzle; COMMENT ON SCHEMA drizzle IS 'drizzle';
         CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
         CREATE TABLE knex_migrations (id serial PRIMARY KEY, name text, batch int);
         CREATE TABLE knex_migrations_lock (index serial PRIMARY KEY, is_locked int);
         CREATE SCHEMA billing; CREATE TABLE billing.bill (id int)",
    );
    let project = project(service, "schemas: [public]");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let command = ["baseline", "--service", service, "--from-database"];
    let refused = project.run(&command).expect(3);
    insta::assert_snapshot!(refused.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    fdb_old  -  -  0  divergent
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    fdb_old:
    error: the database of fdb_old has schemas that fdb_old does not own
    caused by: the manifest does not declare billing
    hint: declare them with `schemas: [public, billing]`; then `martydb apply --service fdb_old`
    ");
    assert!(
        !refused.said().contains("drizzle") && !refused.said().contains("extension"),
        "{}",
        refused.said()
    );

    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace("schemas: [public]", "schemas: [public, billing]"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    if !can_dump(&project, service) {
        return;
    }
    let said = project.run(&command).expect(0);
    for words in [
        "public.knex_migrations and public.knex_migrations_lock of Knex are not in the file",
        "drizzle.__drizzle_migrations of Drizzle is not in the file",
        "the file holds no rows",
    ] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
    let text = project.read("fdb_old/migrations/V1__before_martydb.sql");
    assert!(text.contains("billing.bill") && !text.contains("drizzle") && !text.contains("knex"), "{text}");
}

#[test]
fn an_expression_that_pg_dump_rewrites_is_not_a_difference() {
    let service = "fdb_forms";
    let project = adopted(service, &format!("CREATE SCHEMA app; {}", expressions(server())));
    if !can_dump(&project, service) {
        return;
    }
    project.run(&["baseline", "--service", service, "--from-database"]).expect(0);
    assert_eq!(files(&project, service), ["V1__before_martydb.sql"]);
}

/// The former owner's publication is taken over; default privileges, large objects and an undeclared schema are no part of the
/// files.
#[test]
fn a_part_that_no_migration_decides_is_no_difference() {
    let service = "fdb_former";
    server().sql("postgres", "CREATE ROLE fdb_old LOGIN");
    server().sql("postgres", "CREATE DATABASE fdb_former OWNER fdb_old");
    server().sql(
        service,
        "ALTER SCHEMA public OWNER TO fdb_old; SET ROLE fdb_old; CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY);
         CREATE PUBLICATION chosen FOR TABLE app.t; CREATE PUBLICATION empty; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
         SELECT lo_create(4711); COMMENT ON LARGE OBJECT 4711 IS 'x'",
    );
    let project = project(service, "schemas: [app]");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let owners = "SELECT string_agg(DISTINCT pg_get_userbyid(pubowner)::text, ',') FROM pg_publication";
    assert_eq!(server().value(service, owners), "fdb_former_owner");
    if !can_dump(&project, service) {
        return;
    }
    project.run(&["baseline", "--service", service, "--from-database"]).expect(0);
    server().sql(service, "SELECT lo_create(4712)");
    project.run(&["diff", "--all", "--from", "files", "--to", "database"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
}
