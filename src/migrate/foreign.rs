//! Histories of other tools. A database that has one and none of ours was migrated before martydb came: running the
//! first file there would be wrong, and `baseline` is right.

use serde::Serialize;

use crate::error::{Error, Kind};

/// Tables that other tools keep their history in.
const TOOLS: &[(&str, &str)] = &[
    ("alembic_version", "Alembic"),
    ("flyway_schema_history", "Flyway"),
    ("_sqlx_migrations", "sqlx"),
    ("schema_migrations", "dbmate, golang-migrate or Rails"),
    ("pgmigrations", "node-pg-migrate"),
    ("goose_db_version", "goose"),
    ("databasechangelog", "Liquibase"),
    ("knex_migrations", "Knex"),
    ("django_migrations", "Django"),
    ("__diesel_schema_migrations", "Diesel"),
    (crate::REFINERY_TABLE, "refinery"),
    ("atlas_schema_revisions", "Atlas"),
];

/// A history of another tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Foreign {
    /// The tool.
    pub tool: String,
    /// The table, with its schema.
    pub table: String,
}

/// The names to look for.
pub fn names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|known| known.0)
}

/// The history that a table is, if it is one.
pub fn known(name: &str, schema: &str) -> Option<Foreign> {
    let tool = TOOLS.iter().find(|known| known.0 == name).filter(|_| !schema.starts_with("pg_"))?;
    Some(Foreign { tool: tool.1.into(), table: format!("{schema}.{name}") })
}

/// What to do about them.
pub fn hint(service: &str) -> String {
    format!(
        "`martydb baseline --service {service} --at N` takes the history over; docs/coming-from.md shows the way"
    )
}

/// Stops a first run on a database that another tool has migrated.
pub fn stop(service: &str, found: &[Foreign]) -> Option<Error> {
    let first = found.first()?;
    let message = format!("the database of {service} was migrated by {} before", first.tool);
    let causes =
        found.iter().map(|foreign| format!("there is its table {}, and no history of ours", foreign.table));
    let mut error = Error::new(Kind::Divergent, message).hint(hint(service));
    error.causes.extend(causes);
    Some(
        error
            .hint(format!("if nothing of it is in the files: `martydb baseline --service {service} --at 0`")),
    )
}
