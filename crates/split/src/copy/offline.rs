//! Offline copy: the source's tables are closed until the cutover, or until a rollback cancels the copy.

use super::fill::{FilledCount, fill};
use super::held::hold_sql;
use super::snapshot::ExportedSnapshot;
use super::{CopyTarget, SplitCopy, read_tables, refuse_planning};
use crate::database::sequences;
use crate::database::tables::DatabaseTables;
use crate::database::write_block::{self, WriteBlock};
use crate::state::source::{self, SplitRelation};
use crate::state::{SplitKind, SplitPhase};
use martydb_model::error::Result;
use martydb_model::sql::Statement;
use martydb_pg::server::Connection;

/// Copies these services, or resumes an earlier copy.
///
/// # Errors
/// With all obstacles, or the first error of a server. The next copy resumes.
#[martydb_pg::boxed]
pub async fn copy(
    session: &mut Connection,
    copy: &SplitCopy<'_>,
    targets: &[&CopyTarget],
    shapes: &DatabaseTables,
) -> Result<FilledCount> {
    let ready = copy.examine_all(targets, shapes).await?;
    for target in targets {
        source::enter(session, target.service.as_str(), SplitPhase::Copying).await?;
    }
    for one in &ready {
        copy.prepare(one).await?;
    }
    for target in targets {
        close_source(session, copy, target).await?;
    }
    let tables = read_tables(&ready);
    let moment = ExportedSnapshot::hold(copy.access, copy.database, None, &tables).await?;
    refuse_planning(session, &ready).await?;
    let count = fill(copy, &ready, &moment.snapshot, &tables).await?;
    moment.close().await;
    let last = sequences::read(session).await?;
    for target in targets {
        copy.set_sequences(target, &last).await?;
        source::enter(session, target.service.as_str(), SplitPhase::Copied).await?;
    }
    Ok(count)
}

/// Closes the tables of a service at the source; its copies of other services' tables are closed with their service.
async fn close_source(session: &mut Connection, copy: &SplitCopy<'_>, target: &CopyTarget) -> Result<()> {
    let closed = |one: &&SplitRelation| one.kind != SplitKind::Sequence && one.copy_of.is_none();
    let tables: Vec<u32> = target.relations.iter().filter(closed).map(|one| one.oid).collect();
    let new = &target.target;
    let name = target.service.as_str();
    let held = hold_sql(session, copy.access, copy.database, name).await?;
    let hint = format!("it moves to database \"{}\" at {}", new.database, new.endpoint);
    let closing = WriteBlock {
        tables: &tables,
        hint: &hint,
        passes: &copy.run.login(name),
        first: Statement::join(held),
        last: write_block::close_source_sql(name),
        wait: copy.wait,
    };
    write_block::close(session, &closing).await.map(drop)
}
