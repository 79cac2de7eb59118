//! Histories of other tools. A database that has one and none of ours was migrated before martydb came: running the
//! first file there would be wrong, and `baseline` is right.

use serde::Serialize;
use sqlx::Row;

use super::session::{Session, query, unreadable};
use crate::error::{Error, Kind, Result};
use crate::stmt;

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
    ("refinery_schema_history", "refinery"),
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

/// Looks for them, in every schema: ours are found by other means.
pub async fn find(session: &mut Session) -> Result<Vec<Foreign>> {
    let statement = stmt!(
        "SELECT c.relname::text, format('%I.%I', n.nspname, c.relname)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' ORDER BY 2"
    );
    let results = query(&mut session.connection, &statement).await?;
    let mut found = vec![];
    for row in results.iter().flatten() {
        let (name, table): (String, String) =
            (row.try_get(0).map_err(unreadable)?, row.try_get(1).map_err(unreadable)?);
        let tool = TOOLS.iter().find(|known| known.0 == name);
        found.extend(tool.map(|known| Foreign { tool: known.1.into(), table }));
    }
    Ok(found)
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
