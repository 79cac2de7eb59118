//! Creating the history tables, and closing those that other roles can reach.

use super::preflight::{HistoryTable, Preflight};
use super::session::MigrationSession;
use crate::error::{Error, Result};
use crate::migrate::files::VersionType;
use crate::migrate::history::tables;
use crate::migrate::target::MigrationTarget;
use crate::model::SchemaName;
use crate::server::execute;
use crate::sql::{Statement, stmt};

/// Makes the tables as they must be, in one transaction.
pub async fn prepare(
    session: &mut MigrationSession,
    target: &MigrationTarget,
    preflight: &Preflight,
    version_type: VersionType,
) -> Result<()> {
    let schema = session.present.schema(&target.schemas);
    let mut all = statements(target, preflight, &schema, version_type);
    if all.is_empty() {
        return Ok(());
    }
    all.insert(0, stmt!("BEGIN"));
    all.push(stmt!("COMMIT"));
    let failed = |error: Error| {
        error
            .while_doing(format!("cannot create the history tables of {}", target.service))
            .hint(format!("`martydb plan --service {}` shows what is missing on the server", target.service))
    };
    execute(&mut session.connection, &Statement::join(all)).await.map_err(failed)?;
    session.present.history = true;
    session.present.refinery = Some(schema);
    Ok(())
}

/// Empty if the tables are as they must be. Runs as the owner.
fn statements(
    target: &MigrationTarget,
    preflight: &Preflight,
    schema: &SchemaName,
    version_type: VersionType,
) -> Vec<Statement> {
    let outsiders = target.outsiders();
    let (mut all, mut open) = (vec![], vec![]);
    if preflight.history.is_none() {
        all.extend(tables::create_history(&outsiders));
    }
    open.extend(preflight.history.iter().filter(|table| table.shared).map(|_| stmt!("martydb.history")));
    if preflight.refinery.is_none() {
        all.push(tables::create_refinery(schema, version_type));
    }
    if preflight.refinery.as_ref().is_none_or(|HistoryTable { shared, .. }| *shared) {
        open.push(stmt!("{schema}.refinery_schema_history", schema = schema));
    }
    all.extend((!open.is_empty()).then(|| tables::close(open, &outsiders)));
    all
}
