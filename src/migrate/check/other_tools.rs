//! Histories of other tools. A database that has one and none of ours was migrated before martydb came: running the
//! first file there would be wrong, and `baseline` is right.

use serde::Serialize;

use crate::error::{Error, Kind, Result};

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
    (crate::contract::REFINERY_TABLE, "refinery"),
    ("atlas_schema_revisions", "Atlas"),
];

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherTool {
    pub tool: String,
    /// The table, with its schema.
    pub table: String,
}

pub fn names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|known| known.0)
}

pub fn known(name: &str, schema: &str) -> Option<OtherTool> {
    let tool = TOOLS.iter().find(|known| known.0 == name).filter(|_| !schema.starts_with("pg_"))?;
    Some(OtherTool { tool: tool.1.into(), table: format!("{schema}.{name}") })
}

pub fn hint(service: &str) -> String {
    format!(
        "`martydb baseline --service {service} --at N` takes the history over; docs/coming-from.md shows the way"
    )
}

/// Stops a first run on a database that another tool has migrated.
///
/// # Errors
/// [`Kind::Divergent`] if there is one.
pub fn refuse(service: &str, found: &[OtherTool]) -> Result<()> {
    let Some(first) = found.first() else { return Ok(()) };
    let message = format!("another tool, {}, has migrated the database of {service}", first.tool);
    let causes =
        found.iter().map(|other| format!("its table {} exists, and martydb has no history", other.table));
    let mut error = Error::new(Kind::Divergent, message).hint(hint(service));
    error.causes.extend(causes);
    Err(error.hint(format!("if none of it is in the files: `martydb baseline --service {service} --at 0`")))
}
