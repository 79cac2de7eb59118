//! Rollback. Before the cutover, the source is opened again and the copy discarded; after it, the source gets the
//! writes made since, and accepts writes again. Its commit point is the transaction that opens the source.

use std::time::{Duration, Instant};

use super::afterwards::restore_objects;
use super::catch_up::{catch_up, drain};
use super::cutover::{self, Switched, quiesce_target};
use super::reverse;
use super::row_comparison::{self, ComparedCopies, StreamDirection};
use super::sides::SplitSides;
use crate::compare::ComparedTables;
use crate::copy::held::SourceTables;
use crate::database::sequences;
use crate::database::transaction::transact;
use crate::database::write_block::{self, WriteBlock};
use crate::state::SplitPhase;
use crate::state::notes;
use crate::state::source::{self, phase_sql};
use crate::state::target::{self, DeferredStage};
use crate::stream::publishing::{SOURCE_IDENTITY, drop_slot};
use crate::stream::{Lsn, log_end};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_pg::server::{Login, execute};

/// Result of a rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolledBack {
    /// The target was not open: the copy is discarded.
    CopyForgotten,
    /// The source accepts the writes again, and has those made in the meantime.
    WritesBack,
}

/// Treatment of the copy after a rollback, or without a cutover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterRollback {
    /// The service can be cut over again.
    Keep,
    Forget,
}

/// Directs the writes back to the source.
///
/// # Errors
/// Leaves the target open as before.
#[martydb_pg::boxed(?Send)]
pub async fn roll_back(sides: &mut SplitSides, copy: AfterRollback) -> Result<(RolledBack, Switched)> {
    let phase = sides.service.phase;
    if phase == SplitPhase::Finished {
        return Err(Error::usage(
            "the split is finished: the source has no tables that could accept the writes",
        ));
    }
    let Some(opened) = sides.opened().await? else { return not_opened(sides, copy).await };
    if phase != SplitPhase::CutOver && sides.service.closed {
        // A cutover died after its opening.
        cutover::complete(sides).await?;
    }
    let mut done = Switched::default();
    // A run that died after the source was opened only needs completion.
    if sides.service.phase == SplitPhase::CutOver {
        let name = sides.service.name.clone();
        source::record_intent(&mut sides.source.session, &name, Some("rollback")).await?;
        let slot = sides.service.reverse_slot.clone().filter(|_| sides.run.online);
        done.refused = match slot {
            Some(slot) => {
                let login = reverse::login(sides).await?;
                Some(online(sides, &slot, &opened, login).await?)
            }
            None => {
                offline(sides).await?;
                None
            }
        };
    }
    complete(sides).await?;
    done.warnings = restore_objects(sides).await;
    done.disabled = notes::disabled(&mut sides.source.session).await?;
    Ok((RolledBack::WritesBack, done))
}

/// Handles a source that accepts the writes already.
async fn not_opened(sides: &mut SplitSides, copy: AfterRollback) -> Result<(RolledBack, Switched)> {
    match sides.service.phase {
        SplitPhase::CutOver => {
            return Err(Error::new(Kind::Divergent, "the state of the split contradicts itself").cause(
                "according to the source the service was cut over, but according to its own database it was not opened",
            ));
        }
        SplitPhase::RolledBack if copy == AfterRollback::Keep => {
            if sides.run.online {
                complete(sides).await?;
            }
            let warnings = restore_objects(sides).await;
            let disabled = notes::disabled(&mut sides.source.session).await?;
            return Ok((RolledBack::WritesBack, Switched { warnings, disabled, ..Switched::default() }));
        }
        _ => {}
    }
    let warnings = discard_copy(sides).await?;
    let disabled = notes::disabled(&mut sides.source.session).await?;
    Ok((RolledBack::CopyForgotten, Switched { warnings, disabled, ..Switched::default() }))
}

/// Opens the source, and empties the copied tables.
async fn discard_copy(sides: &mut SplitSides) -> Result<Vec<String>> {
    let planned = stmt!("{phase}, closed = false", phase = phase_sql(SplitPhase::Planned));
    let tables = sides.read_source().await?;
    let mut all = sides.open_source_sql(&tables).await?;
    all.push(source::change_sql(&sides.service.name, &planned));
    transact(&mut sides.source.session, sides.wait, &all).await?;
    let warnings = restore_objects(sides).await;
    for slot in [&sides.service.forward_slot, &sides.service.reverse_slot].into_iter().flatten() {
        drop_slot(&mut sides.source.session, slot).await?;
        reverse::unpublish(&mut sides.source.session, sides.wait, slot).await?;
    }
    // Only now: rows without an identity cannot be changed while their table is published.
    restore_replica_identities(sides).await?;
    drop_reverse_slot(sides).await?;
    reverse::restore_target_identities(sides).await?;
    let set = stmt!("forward_slot = NULL, forward_from = NULL, reverse_slot = NULL, reverse_from = NULL");
    source::change(&mut sides.source.session, &sides.service.name, &set).await?;
    empty_target(sides).await?;
    Ok(warnings)
}

/// Restores the replica identities of the source's tables; one that another service copies too keeps it until that
/// service is done.
async fn restore_replica_identities(sides: &mut SplitSides) -> Result<()> {
    let name = sides.service.name.clone();
    let session = &mut sides.source.session;
    let notes = notes::read(session, &name, SOURCE_IDENTITY).await?;
    if notes.is_empty() {
        return Ok(());
    }
    let others = notes::published_by_others(session, &name).await?;
    let mut all = vec![];
    for note in &notes {
        match others.get(&note.name) {
            Some(other) => all.push(notes::note_sql(other, note)),
            None => all.push(note.back()),
        }
        all.push(notes::forget_sql(&name, &note.kind, &note.name));
    }
    transact(session, sides.wait, &all).await
}

/// Restores the state before the copy, including its closing triggers.
async fn empty_target(sides: &mut SplitSides) -> Result<()> {
    if !target::exists(&mut sides.target.session).await? {
        return Ok(());
    }
    let tables = sides.target_tables().await?;
    let session = &mut sides.target.session;
    let names = sides
        .relations
        .iter()
        .map(|one| martydb_model::sql::Qualified(vec![one.schema.clone(), one.name.clone()]));
    let names: Vec<_> = names.collect();
    let mut all = vec![];
    if !names.is_empty() {
        all.push(stmt!("TRUNCATE {names}", names = martydb_model::sql::List(names)));
    }
    for stage in [DeferredStage::Load, DeferredStage::Opening] {
        let back = target::deferred(session, stage).await?;
        all.extend(back.iter().map(target::restore_sql));
    }
    all.extend(write_block::unblock_sql(session, &tables).await?);
    all.push(stmt!("DROP SCHEMA IF EXISTS martydb_split CASCADE"));
    transact(session, sides.wait, &all).await
}

/// Requires equal rows at both sides: writes at the target would be lost.
async fn offline(sides: &mut SplitSides) -> Result<()> {
    let tables = sides.read_source().await?;
    close_target(sides).await?;
    let opening = async {
        row_comparison::compare(sides, ComparedCopies::No, ComparedTables::All).await.map_err(|error| {
            let service = &sides.service.name;
            error
                .while_doing(format!("rows were written into the database of {service} since it was opened"))
                .hint("only a split that was copied with --online can bring them back")
        })?;
        open_source(sides, &tables, vec![]).await
    };
    match opening.await {
        Err(error) => Err(reopen_target(sides, error).await),
        end => end,
    }
}

async fn online(sides: &mut SplitSides, slot: &str, opened: &str, login: Login) -> Result<Duration> {
    let origin = reverse::from_target(sides, slot);
    let target = reverse::into_source(sides, login, Lsn::parse(opened).unwrap_or_default());
    let mut near = sides.target.access.read(sides.target.at.database.as_str()).await?;
    catch_up(&mut near, &origin, &target).await?;
    // Compared while the target accepts writes; later changes are applied row by row, and each row must exist.
    let found = row_comparison::at_one_moment(sides, StreamDirection::ToSource, &origin, &target).await?;
    row_comparison::refuse_differences(sides, &found)?;
    let forward = sides.service.forward_slot.clone().unwrap_or_else(|| reverse::slot_name(sides, "f"));
    let set = stmt!("forward_slot = {slot}", slot = Literal(forward.clone()));
    let name = sides.service.name.clone();
    source::change(&mut sides.source.session, &name, &set).await?;
    let names = sides.names();
    reverse::publish(&mut sides.source.session, sides.wait, &forward, &names).await?;
    reverse::recreate_slot(&mut sides.source.session, &forward).await?;
    let tables = sides.read_source().await?;
    let closing = async {
        let started = close_target(sides).await?;
        let end = log_end(&mut sides.target.session).await?;
        Ok((started, end))
    };
    let drained = drain(&mut near, &origin, &target, closing).await;
    near.close().await;
    let opening = async {
        let started = drained?;
        row_comparison::compare(sides, ComparedCopies::No, ComparedTables::Quick).await?;
        let from = vec![stmt!("forward_from = pg_catalog.pg_current_wal_insert_lsn()")];
        open_source(sides, &tables, from).await.map(|()| started.elapsed())
    };
    match opening.await {
        Err(error) => Err(reopen_target(sides, error).await),
        end => end,
    }
}

async fn close_target(sides: &mut SplitSides) -> Result<Instant> {
    let (tables, hint, owner) =
        (sides.target_tables().await?, sides.old_address(), sides.target.at.owner.to_string());
    let closing = WriteBlock {
        tables: &tables,
        hint: &hint,
        passes: &owner,
        first: Statement::default(),
        last: target::mark_sql(),
        wait: sides.wait,
    };
    write_block::close(&mut sides.target.session, &closing).await
}

/// Reverts the rollback before the source was opened: the target accepts the writes as before.
async fn reopen_target(sides: &mut SplitSides, error: Error) -> Error {
    let name = sides.service.name.clone();
    match source::one(&mut sides.source.session, &name).await {
        Ok(now) if now.phase == SplitPhase::CutOver => {}
        Ok(_) => return error.hint("run the same command again: the source is already open"),
        Err(second) => {
            return error
                .and_also(second)
                .hint("run the same command again: both sides are closed until then");
        }
    }
    let undo = async {
        let tables = sides.target_tables().await?;
        let all = write_block::unblock_sql(&mut sides.target.session, &tables).await?;
        transact(&mut sides.target.session, sides.wait, &all).await?;
        source::record_intent(&mut sides.source.session, &name, None).await
    };
    match undo.await {
        Ok(()) => error.hint("the service's database accepts the writes as before"),
        Err(second) => error.and_also(second),
    }
}

/// Opens the source in one transaction, which is the commit point.
async fn open_source(sides: &mut SplitSides, tables: &SourceTables, also: Vec<Statement>) -> Result<()> {
    let (name, phase) = (sides.service.name.clone(), SplitPhase::RolledBack);
    let there = sequences::read(&mut sides.target.session).await?;
    let here = sequences::read(&mut sides.source.session).await?;
    let mut all = sequences::raise_sql(&there, &here);
    all.extend(sides.open_source_sql(tables).await?);
    let set = [stmt!("{phase}, closed = false", phase = phase_sql(phase))].into_iter().chain(also);
    let set = set.reduce(|one, next| stmt!("{one}, {next}")).unwrap_or_default();
    all.push(source::change_sql(&name, &set));
    transact(&mut sides.source.session, sides.wait, &all).await?;
    sides.service.phase = phase;
    Ok(())
}

/// Completes the rollback after the source is open.
async fn complete(sides: &mut SplitSides) -> Result<()> {
    if sides.run.online {
        quiesce_target(sides).await?;
        execute(&mut sides.target.session, &target::close_sql()).await?;
    } else {
        // Further writes at the source do not get here: the next copy starts again.
        empty_target(sides).await?;
    }
    drop_reverse_slot(sides).await?;
    let set = stmt!("reverse_slot = NULL, reverse_from = NULL");
    source::change(&mut sides.source.session, &sides.service.name, &set).await
}

/// Drops the slot and the publication of the target.
async fn drop_reverse_slot(sides: &mut SplitSides) -> Result<()> {
    let Some(slot) = sides.service.reverse_slot.clone() else { return Ok(()) };
    reverse::drop_stream(&mut sides.target, sides.wait, &slot).await
}
