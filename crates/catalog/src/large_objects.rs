//! Secrets in large objects that a role other than a superuser can read: dumps and keys are kept in them.

use super::database::DatabaseCatalog;
use super::rows;
use super::snapshot::NotExamined;
use super::texts::StoredPasswords;
use martydb_model::error::Result;
use martydb_model::{DbName, sqlstate};
use martydb_pg::server::Connection;

/// Searches their beginnings; only superusers can read the catalog that contains them.
pub(crate) async fn search(
    connection: &mut Connection,
    found: &mut DatabaseCatalog,
    known: &StoredPasswords,
) -> Result<()> {
    if !found.objects.iter().any(|item| item.kind == "large object") {
        return Ok(());
    }
    let question = include_str!("sql/large_objects.sql");
    match rows::read(connection, question, |row| found.texts.add_row(row, known).map(|()| 0)).await {
        Err(error) if error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) => {
            found.texts.closed_objects = true;
            Ok(())
        }
        read => read.map(drop),
    }
}

/// Returns a note if the admin could not read them.
pub(crate) fn unread(catalog: &DatabaseCatalog, name: &DbName) -> Option<NotExamined> {
    let what = format!("secrets in the large objects of database {name}");
    let why = "only superusers can read pg_largeobject";
    catalog.texts.closed_objects.then(|| NotExamined::new(what, why))
}
