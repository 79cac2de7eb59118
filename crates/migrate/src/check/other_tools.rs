//! History tables of other tools. A database with one, and without martydb's, was migrated before martydb was
//! used: running the first file there would be wrong; `import` and `baseline` are right.

use std::collections::BTreeSet;

use serde::Serialize;

use martydb_model::error::{Error, Kind, Result};

/// Table name, its tool, and required columns: several tools share some names.
type KnownTable = (&'static str, &'static str, &'static [&'static str]);

/// Table that Rails creates since 5.0 beside `schema_migrations`, which looks like dbmate's.
const RAILS: &str = "ar_internal_metadata";

/// Known tables; of rows with the same table, the first match counts.
const TOOLS: &[KnownTable] = &[
    ("alembic_version", "Alembic", &["version_num"]),
    ("flyway_schema_history", "Flyway", &["installed_rank"]),
    ("schema_version", "Flyway", &["installed_rank"]),
    ("_sqlx_migrations", "sqlx", &["version", "success"]),
    ("schema_migrations", "golang-migrate", &["version", "dirty"]),
    ("schema_migrations", "Ecto", &["version", "inserted_at"]),
    ("schema_migrations", "dbmate", &["version"]),
    (RAILS, "Rails", &["key", "value"]),
    ("schema_migration", "pop", &["version"]),
    ("pgmigrations", "node-pg-migrate", &["name", "run_on"]),
    ("goose_db_version", "goose", &["version_id", "is_applied"]),
    ("databasechangelog", "Liquibase", &["id", "author"]),
    ("knex_migrations", "Knex", &["name", "batch"]),
    ("django_migrations", "Django", &["app", "name"]),
    ("__diesel_schema_migrations", "Diesel", &["version"]),
    ("_prisma_migrations", "Prisma", &["migration_name", "finished_at"]),
    ("__EFMigrationsHistory", "EF Core", &["MigrationId"]),
    ("__ef_migrations_history", "EF Core", &["migration_id"]),
    ("__drizzle_migrations", "Drizzle", &["hash", "created_at"]),
    ("migrations", "TypeORM", &["timestamp", "name"]),
    ("migrations", "Laravel", &["migration", "batch"]),
    ("migrations", "db-migrate", &["name", "run_on"]),
    ("SequelizeMeta", "Sequelize", &["name"]),
    ("doctrine_migration_versions", "Doctrine", &["version"]),
    ("schemaversions", "DbUp", &["scriptname"]),
    ("gorp_migrations", "sql-migrate", &["id", "applied_at"]),
    ("atlas_schema_revisions", "Atlas", &["version"]),
    ("changes", "Sqitch", &["change_id", "change", "script_hash"]),
    (martydb_model::contract::REFINERY_TABLE, "refinery", &[]),
];

/// Further tables of a tool.
const COMPANIONS: &[(&str, &[&str])] = &[
    ("databasechangelog", &["databasechangeloglock"]),
    ("knex_migrations", &["knex_migrations_lock"]),
    ("changes", &["dependencies", "events", "projects", "releases", "tags"]),
];

/// Tools whose migrations are SQL or can be printed as SQL, with their names for `import --from`.
pub const IMPORTED: &[(&str, &str)] = &[
    ("Alembic", "alembic"),
    ("Diesel", "diesel"),
    ("Flyway", "flyway"),
    ("Liquibase", "liquibase"),
    ("Prisma", "prisma"),
    ("Sqitch", "sqitch"),
    ("dbmate", "dbmate"),
    ("golang-migrate", "golang-migrate"),
    ("goose", "goose"),
    ("node-pg-migrate", "node-pg-migrate"),
    ("sqlx", "sqlx"),
];

/// Returns a history table and its companions.
pub fn tables_of(name: &str) -> impl Iterator<Item = &str> {
    let companions = COMPANIONS.iter().find(|row| row.0 == name).map_or(&[][..], |row| row.1);
    [name].into_iter().chain(companions.iter().copied())
}

/// Returns those tables of a schema that are histories, by their names. Ambiguous names count only if all tables of the tool
/// exist.
pub fn histories<'a>(tables: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let complete = names().filter(|name| tables_of(name).all(|table| tables.contains(table)));
    let known: BTreeSet<&str> = complete.flat_map(tables_of).collect();
    tables.iter().copied().filter(|table| known.contains(table)).collect()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherTool {
    pub tool: String,
    /// The table with its schema.
    pub table: String,
    #[serde(skip)]
    pub schema: String,
    /// The table's name without its schema.
    #[serde(skip)]
    pub name: String,
}

pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<_> = TOOLS.iter().map(|known| known.0).collect();
    names.dedup();
    names.into_iter()
}

/// Returns the histories among these tables, given by schema, name and columns.
pub fn recognise<'a>(tables: impl Iterator<Item = (&'a str, &'a str, &'a [String])>) -> Vec<OtherTool> {
    let mut found: Vec<OtherTool> =
        tables.filter_map(|(schema, name, columns)| known(name, schema, columns)).collect();
    let rails: Vec<String> =
        found.iter().filter(|table| table.name == RAILS).map(|table| table.schema.clone()).collect();
    for table in found.iter_mut().filter(|table| table.tool == "dbmate" && rails.contains(&table.schema)) {
        table.tool = "Rails".into();
    }
    found
}

fn known(name: &str, schema: &str, columns: &[String]) -> Option<OtherTool> {
    let has = |column: &&str| columns.iter().any(|found| found == column);
    let fits = |known: &&KnownTable| known.0 == name && known.2.iter().all(has);
    let tool = TOOLS.iter().find(fits).filter(|_| !schema.starts_with("pg_"))?;
    Some(table(tool.1, schema, name))
}

/// Returns the history table of a tool.
pub(crate) fn table(tool: &str, schema: &str, name: &str) -> OtherTool {
    OtherTool {
        tool: tool.into(),
        table: format!("{schema}.{name}"),
        schema: schema.into(),
        name: name.into(),
    }
}

/// Returns the hint for moving from a tool, named as in [`OtherTool::tool`].
pub fn hint(service: &str, tool: &str) -> String {
    match IMPORTED.iter().find(|row| row.0 == tool) {
        Some((_, from)) => way(service, from),
        None => format!(
            "`martydb baseline --service {service} --from-database` turns the present schema into the first migration; \
             see docs/coming-from.md"
        ),
    }
}

fn way(service: &str, from: &str) -> String {
    format!(
        "`martydb import --from {from} --service {service} DIR` imports its files, `martydb baseline --service \
         {service} --from-database` uses the present schema; see docs/coming-from.md"
    )
}

/// Returns the hint for a database whose contents are not in the files.
fn escape(service: &str) -> String {
    format!("if none of it is in the files: `martydb baseline --service {service} --at 0`")
}

/// Rejects a first run on a database that another tool has migrated.
///
/// # Errors
/// [`Kind::Divergent`] if there is one.
pub fn refuse(service: &str, found: &[OtherTool]) -> Result<()> {
    let Some(first) = found.first() else { return Ok(()) };
    let message = format!("another tool, {}, has migrated the database of {service}", first.tool);
    let cause = |other: &OtherTool| format!("its table {} exists, and martydb has no history", other.table);
    Err(Error::new(Kind::Divergent, message)
        .causes(found.iter().map(cause))
        .hint(hint(service, &first.tool))
        .hint(format!(
            "its files are already in the folder: `martydb baseline --service {service} --at N`, N the last applied"
        ))
        .hint(escape(service)))
}

/// Rejects a first run on a database that is not empty.
///
/// # Errors
/// [`Kind::Divergent`] if `objects` is not empty.
pub(crate) fn refuse_contents(service: &str, objects: &[String]) -> Result<()> {
    if objects.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Divergent,
        format!("the database of {service} is not empty, and martydb has no history"),
    )
    .cause(format!("it contains {}", objects.join(", ")))
    .hint(way(service, "TOOL"))
    .hint(format!(
        "if the files created it: `martydb baseline --service {service} --at N`, N the last applied"
    ))
    .hint(escape(service)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_one_name_are_distinguished_by_their_columns() {
        for (table, columns, expected) in [
            ("schema_migrations", &["version", "dirty"][..], Some("golang-migrate")),
            ("schema_migrations", &["version", "inserted_at"], Some("Ecto")),
            ("schema_migrations", &["version"], Some("dbmate")),
            ("schema_migrations", &["id"], None),
            ("migrations", &["id", "timestamp", "name"], Some("TypeORM")),
            ("migrations", &["id", "migration", "batch"], Some("Laravel")),
            ("migrations", &["id", "name", "run_on"], Some("db-migrate")),
            ("migrations", &["id", "bird", "season"], None),
            ("__EFMigrationsHistory", &["MigrationId", "ProductVersion"], Some("EF Core")),
            ("refinery_schema_history", &[], Some("refinery")),
            ("orders", &["version"], None),
        ] {
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            let found = known(table, "public", &columns);
            assert_eq!(found.as_ref().map(|found| found.tool.as_str()), expected, "{table} {columns:?}");
            assert_eq!(known(table, "pg_catalog", &columns), None);
        }
        assert_eq!(names().filter(|name| *name == "schema_migrations").count(), 1);
    }

    #[test]
    fn a_common_name_is_a_history_only_beside_its_companions() {
        let sqitch = ["changes", "dependencies", "events", "projects", "releases", "tags"];
        for (tables, expected) in [
            (&sqitch[..], &sqitch[..]),
            (&["changes", "events", "orders"], &[]),
            (&["orders", "alembic_version"], &["alembic_version"]),
        ] {
            assert_eq!(histories(&tables.iter().copied().collect()), expected.iter().copied().collect());
        }
    }

    #[test]
    fn rails_is_known_by_the_table_beside_its_history() {
        let columns = ["version", "key", "value"].map(String::from);
        let said = |tables: &[(&'static str, &'static str)]| -> Vec<String> {
            let tables = tables.iter().map(|(schema, name)| (*schema, *name, &columns[..]));
            recognise(tables).into_iter().map(|found| found.tool).collect()
        };
        assert_eq!(said(&[("a", "schema_migrations"), ("a", RAILS)]), ["Rails", "Rails"]);
        assert_eq!(said(&[("a", "schema_migrations"), ("b", RAILS)]), ["dbmate", "Rails"]);
    }

    #[test]
    fn the_way_names_the_tool_where_its_files_can_be_imported() {
        assert!(hint("shop", "Diesel").contains("import --from diesel --service shop DIR"));
        assert!(!hint("shop", "Knex").contains("import"));
        assert!(hint("shop", "Knex").contains("baseline --service shop --from-database"));
    }
}
