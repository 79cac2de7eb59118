//! The first `upgrade` of a database that holds something.

use super::{project, server};

#[test]
fn a_first_upgrade_of_a_nonempty_database_is_refused() {
    for (service, sql, named) in [
        ("full_table", "CREATE TABLE \"Order\" (id int)", "table public.\"Order\""),
        ("full_function", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function public.f"),
        ("full_enum", "CREATE TYPE mood AS ENUM ('good')", "type public.mood"),
        ("full_composite", "CREATE TYPE pair AS (a int, b int)", "type public.pair"),
        ("full_sequence", "CREATE SEQUENCE s", "sequence public.s"),
    ] {
        server().sql("postgres", &format!("CREATE DATABASE {service}"));
        server().sql(service, sql);
        let project = project(service, "");
        project.write(&format!("{service}/migrations/V1__a.sql"), "CREATE TABLE made (id int);");
        project.run(&["apply", "--all", "-y"]).expect(0);
        for dry in [&["upgrade", "--all", "--dry-run"][..], &["upgrade", "--all"]] {
            let refused = project.run(dry).expect(3);
            for word in ["is not empty", named, "import --from", "--from-database", "--at 0"] {
                assert!(refused.said().contains(word), "{service}: {word}: {}", refused.said());
            }
        }
        assert_eq!(server().value(service, "SELECT to_regclass('made') IS NULL"), "t");
        let document = project.json(&["upgrade", "--all"], 3);
        assert_eq!(document["services"][0]["error"]["kind"], "divergent");
        project.run(&["baseline", "--service", service, "--at", "0"]).expect(0);
        project.run(&["upgrade", "--all"]).expect(0);
        assert_eq!(server().value(service, "SELECT to_regclass('made') IS NULL"), "f");
    }
}

#[test]
fn objects_of_apply_and_extensions_do_not_count_as_contents() {
    let service = "empty_all";
    let project = project(service, "schemas: [app, public], extensions: [hstore, citext]");
    project.write(&format!("{service}/migrations/V1__a.sql"), "CREATE TABLE made (tags hstore);");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server().sql(service, "CREATE SCHEMA other; CREATE TABLE other.x (id int)");
    project.run(&["upgrade", "--all"]).expect(0);
    // From the second run on there is a history.
    server().sql(service, "CREATE TABLE public.beside (id int)");
    project.write(&format!("{service}/migrations/V2__b.sql"), "CREATE TABLE second (id int);");
    project.run(&["upgrade", "--all"]).expect(0);
}

#[test]
fn every_tool_is_recognized_by_its_table() {
    let service = "named_tool";
    let project = project(service, "");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let nothing = project.run(&["upgrade", "--all"]).expect(0);
    insta::assert_snapshot!(nothing.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    named_tool  -  -  0  up to date
    --- stderr
    note: named_tool has no migrations: the folder named_tool/migrations does not exist
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    ");
    project.write(&format!("{service}/migrations/V1__a.sql"), "CREATE TABLE made (id int);");
    for (table, columns, tool) in [
        ("public._prisma_migrations", "id text, migration_name text, finished_at timestamptz", "Prisma"),
        ("public.\"__EFMigrationsHistory\"", "\"MigrationId\" text, \"ProductVersion\" text", "EF Core"),
        ("tool.__drizzle_migrations", "id int, hash text, created_at bigint", "Drizzle"),
        ("public.migrations", "id int, timestamp bigint, name text", "TypeORM"),
        ("public.migrations", "id int, migration text, batch int", "Laravel"),
        ("public.migrations", "id int, name text, run_on timestamp", "db-migrate"),
        ("public.\"SequelizeMeta\"", "name text", "Sequelize"),
        ("public.schema_migrations", "version bigint, inserted_at timestamp", "Ecto"),
        ("public.schema_migrations", "version bigint, dirty boolean", "golang-migrate"),
        ("public.schema_migrations", "version text", "dbmate"),
        ("public.knex_migrations", "id int, name text, batch int, migration_time timestamptz", "Knex"),
        ("public.django_migrations", "id int, app text, name text, applied timestamptz", "Django"),
        ("public.databasechangelog", "id text, author text, filename text", "Liquibase"),
        ("tool.changes", "change_id text, script_hash text, change text, committed_at timestamptz", "Sqitch"),
    ] {
        server().sql(service, &format!("CREATE SCHEMA IF NOT EXISTS tool; CREATE TABLE {table} ({columns})"));
        let refused = project.run(&["upgrade", "--all"]).expect(3);
        assert!(
            refused.said().contains(&format!("another tool, {tool}, has migrated")),
            "{tool}: {}",
            refused.said()
        );
        let (code, import) =
            (refused.said().contains("the present schema into the first migration"), "import --from");
        assert_eq!(refused.said().contains(import), !code, "{tool}: {}", refused.said());
        assert_eq!(
            code,
            !["Prisma", "golang-migrate", "dbmate", "Liquibase", "Sqitch"].contains(&tool),
            "{tool}"
        );
        let status = project.json(&["status"], 0);
        assert_eq!(status["services"][0]["foreign"][0]["tool"], tool, "{status:#}");
        server().sql(service, &format!("DROP TABLE {table}"));
    }
    project.run(&["upgrade", "--all"]).expect(0);
}
