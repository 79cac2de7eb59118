//! Switch from the source to the service's own database. Its commit point is the transaction that opens the database:
//! before it, everything can be undone by opening the source again; after it, only `rollback` can.

use std::time::{Duration, Instant};

use super::afterwards::restore_objects;
use super::catch_up::{catch_up, drain};
use super::definitions;
use super::reverse;
use super::row_comparison::{self, ComparedCopies, StreamDirection};
use super::sides::{SourceSide, SplitSides};
use crate::compare::ComparedTables;
use crate::copy::held::hold_sql;
use crate::database::sequences;
use crate::database::side_effects::{self, AFTERWARDS};
use crate::database::transaction::transact;
use crate::database::write_block::{self, WriteBlock};
use crate::state::SplitPhase;
use crate::state::notes::{self, SplitNote};
use crate::state::source::{self, phase_sql};
use crate::state::target::{self, Deferred, DeferredStage};
use crate::stream::publishing::drop_slot;
use crate::stream::{ApplyTarget, Lsn, log_end};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Literal, ServerText, Statement, stmt};
use martydb_pg::server::{Connection, execute, query_as};

/// Result of a switch.
#[derive(Debug, Default)]
pub struct Switched {
    /// Time for which both sides refused writes; `None` if they did so before.
    pub refused: Option<Duration>,
    /// Steps that failed without harm.
    pub warnings: Vec<String>,
    /// Triggers and rules of the source that are disabled while the tables into which they write are closed there.
    pub disabled: Vec<String>,
}

/// Refuses a cutover in another phase, before anything is changed. Returns `true` if the service's database is open already.
///
/// # Errors
/// If the service was not copied, is finished, or a rollback was interrupted.
pub async fn is_cut_over(sides: &mut SplitSides) -> Result<bool> {
    let (name, phase) = (sides.service.name.clone(), sides.service.phase);
    if phase == SplitPhase::Finished {
        return Err(too_early(&name, phase));
    }
    let is_open = sides.opened().await?.is_some();
    if is_open && !sides.service.closed {
        return Err(Error::usage("a rollback was interrupted")
            .hint(format!("`martydb split rollback --service {name}` ends it")));
    }
    match phase {
        SplitPhase::Copied | SplitPhase::Following => Ok(is_open),
        SplitPhase::RolledBack if sides.run.online => Ok(is_open),
        phase if !is_open => Err(too_early(&name, phase)),
        _ => Ok(true),
    }
}

/// Directs the writes to the service's own database; calls `opened` as soon as it accepts them.
///
/// # Errors
/// Leaves the source open if it was open before, and closed if the copy had closed it.
#[martydb_pg::boxed(?Send)]
pub async fn cut_over(sides: &mut SplitSides, opened: &dyn Fn()) -> Result<Switched> {
    let mut done = Switched::default();
    let name = sides.service.name.clone();
    if !is_cut_over(sides).await? {
        source::record_intent(&mut sides.source.session, &name, Some("cutover")).await?;
        let end = match sides.service.phase {
            SplitPhase::Copied => offline(sides).await.map(|()| None),
            SplitPhase::Following => online(sides).await.map(Some),
            SplitPhase::RolledBack if sides.run.online => online(sides).await.map(Some),
            phase => Err(too_early(&name, phase)),
        };
        if end.is_err() {
            // Followers may continue.
            let _still_recorded = source::record_intent(&mut sides.source.session, &name, None).await;
        }
        done.refused = end?;
    }
    opened();
    complete(sides).await?;
    done.warnings = validate_foreign_keys(&mut sides.target.session).await;
    done.disabled = notes::disabled(&mut sides.source.session).await?;
    Ok(done)
}

fn too_early(service: &str, phase: SplitPhase) -> Error {
    let error = Error::usage(format!("cannot cut over service \"{service}\": its phase is {}", phase.name()));
    match phase {
        SplitPhase::CutOver | SplitPhase::Finished => error.hint("`martydb split status` shows its status"),
        _ => error.hint("run `martydb split copy` first"),
    }
}

/// Switches a source that has been closed since the copy.
async fn offline(sides: &mut SplitSides) -> Result<()> {
    let tables = sides.source_tables();
    let writable = write_block::still_open(&mut sides.source.session, &tables).await?;
    if !writable.is_empty() {
        return Err(Error::new(Kind::Divergent, "tables of the source accept writes, which the copy lacks")
            .causes(writable.into_iter().map(|table| format!("{table} has lost the trigger that closes it")))
            .hint("`martydb split rollback --service NAME` opens all of them; then copy again"));
    }
    definitions::refuse_changed(sides).await?;
    row_comparison::compare(sides, ComparedCopies::Too, ComparedTables::All).await?;
    open(sides).await
}

/// Applies the remaining changes while both sides are closed.
async fn online(sides: &mut SplitSides) -> Result<Duration> {
    let forward = sides.service.forward_slot.clone().ok_or_else(|| no_slot(sides))?;
    definitions::refuse_changed(sides).await?;
    let SourceSide { access, database, session } = &mut sides.source;
    let held = hold_sql(session, access, database, &sides.service.name).await?;
    quiesce_target(sides).await?;
    prepare_reverse_stream(sides).await?;
    let origin = reverse::from_source(sides, &forward);
    let start = sides.service.forward_from.as_deref().and_then(Lsn::parse).unwrap_or_default();
    let target = ApplyTarget { start, ..sides.forward_target("forward") };
    let mut near = sides.source.access.read(&sides.source.database).await?;
    catch_up(&mut near, &origin, &target).await?;
    // Compared while the source accepts writes; later changes are applied row by row, and each row must exist.
    let found = row_comparison::at_one_moment(sides, StreamDirection::ToTarget, &origin, &target).await?;
    row_comparison::refuse_differences(sides, &found)?;
    let closing = async {
        let started = close_source(sides, held).await?;
        let end = log_end(&mut sides.source.session).await?;
        Ok((started, end))
    };
    let drained = drain(&mut near, &origin, &target, closing).await;
    near.close().await;
    let opening = async {
        let started = drained?;
        refuse_changed(sides).await?;
        open(sides).await.map(|()| started.elapsed())
    };
    match opening.await {
        Err(error) => Err(reopen_source(sides, error).await),
        end => end,
    }
}

/// Compares both sides while neither accepts writes.
async fn refuse_changed(sides: &mut SplitSides) -> Result<()> {
    row_comparison::compare(sides, ComparedCopies::No, ComparedTables::Quick).await?;
    definitions::refuse_changed(sides).await
}

fn no_slot(sides: &SplitSides) -> Error {
    Error::operation(format!("the state of the split has no slot for {}", sides.service.name))
        .hint("run `martydb split copy --online` again")
}

/// Disables the side effects of the target's tables. The statements that restore them are recorded in the same
/// transaction.
///
/// # Errors
/// If another session locks a table for longer than the timeout.
pub(crate) async fn quiesce_target(sides: &mut SplitSides) -> Result<()> {
    let names = sides.names();
    let found = side_effects::find(&mut sides.target.session, &names).await?;
    let mut statements = vec![];
    for side_effect in found {
        let kept = Deferred {
            id: 0,
            rank: side_effect.rank,
            relation: side_effect.relation.clone(),
            kind: side_effect.kind.clone(),
            name: side_effect.name.clone(),
            definition: side_effect.back.clone(),
        };
        statements.push(target::defer_sql(DeferredStage::Opening, &kept));
        statements.extend(side_effect.off());
    }
    if statements.is_empty() {
        return Ok(());
    }
    transact(&mut sides.target.session, sides.wait, &statements).await
}

/// Creates the login at the source, and publication and slot at the target.
async fn prepare_reverse_stream(sides: &mut SplitSides) -> Result<()> {
    let login = reverse::login(sides).await?;
    reverse::prove_login(sides, &login).await?;
    let slot = reverse::slot_name(sides, "r");
    let name = sides.service.name.clone();
    let set = stmt!("reverse_slot = {slot}", slot = Literal(slot.clone()));
    source::change(&mut sides.source.session, &name, &set).await?;
    set_replica_identities(sides).await?;
    let names = sides.own_names();
    reverse::publish(&mut sides.target.session, sides.wait, &slot, &names).await?;
    let mut admin = sides.target.access.write(sides.target.at.database.as_str()).await?;
    let end = reverse::recreate_slot(&mut admin, &slot).await;
    admin.close().await;
    end
}

/// Sets the replica identity of the target's tables without a key: their updates would be refused once they are
/// published.
async fn set_replica_identities(sides: &mut SplitSides) -> Result<()> {
    let query = stmt!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = ANY ({oids}::pg_catalog.oid[]) AND c.relreplident = 'd' AND NOT EXISTS (
             SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate)",
        oids = write_block::numbers(&sides.target_tables().await?)
    );
    let mut statements = vec![];
    for name in query_as::<String>(&mut sides.target.session, &query).await? {
        let table = ServerText::quoted_by_server(name.clone());
        let back = stmt!("ALTER TABLE {table} REPLICA IDENTITY DEFAULT");
        let note =
            SplitNote { kind: reverse::TARGET_IDENTITY.into(), name, definition: back.shown().to_owned() };
        execute(&mut sides.source.session, &notes::note_sql(&sides.service.name, &note)).await?;
        statements.push(stmt!("ALTER TABLE {table} REPLICA IDENTITY FULL"));
    }
    if statements.is_empty() {
        Ok(())
    } else {
        transact(&mut sides.target.session, sides.wait, &statements).await
    }
}

async fn close_source(sides: &mut SplitSides, held: Vec<Statement>) -> Result<Instant> {
    let (tables, hint, login) = (sides.source_tables(), sides.new_address(), sides.login_name());
    let closing = WriteBlock {
        tables: &tables,
        hint: &hint,
        passes: &login,
        first: Statement::join(held),
        last: write_block::close_source_sql(&sides.service.name),
        wait: sides.wait,
    };
    write_block::close(&mut sides.source.session, &closing).await
}

/// Reverts the switch before the target was opened: the source accepts the writes as before. If the target cannot be
/// read, nothing is opened.
async fn reopen_source(sides: &mut SplitSides, error: Error) -> Error {
    match sides.opened().await {
        Ok(None) => {}
        Ok(Some(_)) => return error.hint("run the same command again: the database is already open"),
        Err(second) => {
            return error
                .and_also(second)
                .hint("run the same command again: both sides are closed until then");
        }
    }
    let undo = async {
        let tables = sides.read_source().await?;
        let mut all = sides.open_source_sql(&tables).await?;
        all.push(source::change_sql(&sides.service.name, &stmt!("closed = false, wanted = NULL")));
        transact(&mut sides.source.session, sides.wait, &all).await
    };
    match undo.await {
        Ok(()) => error.causes(restore_objects(sides).await).hint("the source accepts the writes as before"),
        Err(second) => error.and_also(second),
    }
}

/// Opens the database in one transaction, which is the commit point.
async fn open(sides: &mut SplitSides) -> Result<()> {
    let tables = sides.target_tables().await?;
    let there = sequences::read(&mut sides.source.session).await?;
    let session = &mut sides.target.session;
    let here = sequences::read(session).await?;
    let mut all = sequences::raise_sql(&there, &here);
    let back = target::deferred(session, DeferredStage::Opening).await?;
    all.extend(back.iter().filter(|one| one.rank < AFTERWARDS).map(target::restore_sql));
    all.extend(write_block::unblock_sql(session, &tables).await?);
    all.push(target::open_sql(&sides.run.id));
    transact(session, sides.wait, &all).await
}

/// Completes the switch afterwards. Idempotent.
///
/// # Errors
/// If the source refuses a statement.
pub(super) async fn complete(sides: &mut SplitSides) -> Result<()> {
    let name = sides.service.name.clone();
    if sides.service.phase != SplitPhase::CutOver {
        let from = sides.opened().await?;
        let cut_over = stmt!(
            "{phase}, closed = true, reverse_from = {from}",
            phase = phase_sql(SplitPhase::CutOver),
            from = from.map(Literal)
        );
        let online = sides.run.online;
        reverse::quiesce_source(sides, online, vec![source::change_sql(&name, &cut_over)]).await?;
        sides.service.phase = SplitPhase::CutOver;
    }
    let Some(forward) = sides.service.forward_slot.take() else { return Ok(()) };
    drop_slot(&mut sides.source.session, &forward).await?;
    source::change(&mut sides.source.session, &name, &stmt!("forward_from = NULL")).await
}

/// Validates the foreign keys, which already apply to rows written since the opening. Returns those that fail.
#[martydb_pg::boxed]
pub(super) async fn validate_foreign_keys(session: &mut Connection) -> Vec<String> {
    let mut warnings = vec![];
    for one in target::deferred(session, DeferredStage::Opening).await.unwrap_or_default() {
        if let Err(error) = target::restore(session, &one).await {
            warnings.push(format!("{} of {} is not validated: {error}", one.name, one.relation));
        }
    }
    warnings
}
