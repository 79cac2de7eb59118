//! Online copy: changes that are committed before one LSN are in the copied snapshot, later ones are in the slots.

use super::fill::{FilledCount, fill};
use super::snapshot::ExportedSnapshot;
use super::{CopyTarget, SplitCopy, read_tables, refuse_planning};
use crate::database::sequences;
use crate::database::tables::DatabaseTables;
use crate::inspect;
use crate::state::SplitPhase;
use crate::state::source::{self, phase_sql};
use crate::stream::publishing::{
    FirstSlot, SlotLife, drop_slot, identify, publish, same_slot, slot_names, unfollowable,
};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_model::text::printable;
use martydb_pg::server::{Connection, execute};

/// Copies these services. An interrupted copy starts again: its snapshot is lost, and no slot has the changes since.
///
/// # Errors
/// With all obstacles, or the first error of a server.
#[martydb_pg::boxed(?Send)]
pub async fn copy(
    session: &mut Connection,
    copy: &SplitCopy<'_>,
    targets: &[&CopyTarget],
    shapes: &DatabaseTables,
) -> Result<FilledCount> {
    let ready = copy.examine_all(targets, shapes).await?;
    refuse_unfollowable(session, copy, targets, shapes).await?;
    for one in &ready {
        let service = source::one(session, one.of.service.as_str()).await?;
        source::enter(session, &service.name, SplitPhase::Copying).await?;
        if let Some(slot) = &service.forward_slot {
            drop_slot(session, slot).await?;
        }
        copy.prepare(one).await?;
    }
    let names = publish_all(session, copy, targets, shapes).await?;
    let Some(first_name) = names.first() else { return Ok(FilledCount::default()) };
    let first = FirstSlot::make(copy.access, copy.database, first_name, SlotLife::UntilDropped).await?;
    for name in &names[1..] {
        same_slot(session, first_name, name).await?;
    }
    let tables = read_tables(&ready);
    // Two sessions hold the snapshot.
    let moment = ExportedSnapshot::hold(copy.access, copy.database, Some(&first.snapshot), &tables).await?;
    refuse_planning(session, &ready).await?;
    let count = fill(copy, &ready, &moment.snapshot, &tables).await?;
    moment.close().await;
    let point = first.point.clone();
    first.close().await;
    let numbers = sequences::read(session).await?;
    for target in targets {
        copy.set_sequences(target, &numbers).await?;
    }
    let following = targets.iter().map(|target| {
        let set = stmt!(
            "{phase}, forward_from = {point}",
            phase = phase_sql(SplitPhase::Following),
            point = Literal(point.clone())
        );
        source::change_sql(target.service.as_str(), &set)
    });
    let all = [stmt!("BEGIN")].into_iter().chain(following).chain([stmt!("COMMIT")]);
    execute(session, &Statement::join(all)).await?;
    Ok(count)
}

/// Checks the prerequisites of following the source, before any change there.
async fn refuse_unfollowable(
    session: &mut Connection,
    copy: &SplitCopy<'_>,
    targets: &[&CopyTarget],
    shapes: &DatabaseTables,
) -> Result<()> {
    let settings = inspect::settings(copy.access, copy.database).await?;
    // An interrupted copy has left its own slots.
    let left: Vec<String> = source::services(session)
        .await?
        .into_iter()
        .filter(|one| one.forward_slot.is_some())
        .map(|one| one.name)
        .collect();
    let new = targets.iter().filter(|target| !left.contains(&target.service.to_string())).count();
    // One more slot for the comparison of both sides.
    let wanted = i64::try_from(new + 1).unwrap_or(i64::MAX);
    let role = &copy.access.admin.role;
    let mut problems: Vec<String> = [
        (
            settings.wal_level == "logical",
            format!("wal_level is {}, but must be logical", settings.wal_level),
        ),
        (settings.may_replicate, format!("{role} may not replicate")),
        (
            settings.free_slots >= wanted,
            format!("{} replication slots are free, {wanted} are needed", settings.free_slots.max(0)),
        ),
    ]
    .into_iter()
    .filter(|(met, _)| !met)
    .map(|(_, problem)| problem)
    .collect();
    for target in targets {
        problems.extend(unfollowable(&target.relations, shapes).iter().map(|one| printable(one)));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::operation("cannot follow the source")
        .causes(problems)
        .hint("without --online none of this is needed, but the source accepts no writes during the copy"))
}

/// Publishes the tables of each service; names are recorded before they are used.
async fn publish_all(
    session: &mut Connection,
    copy: &SplitCopy<'_>,
    targets: &[&CopyTarget],
    shapes: &DatabaseTables,
) -> Result<Vec<String>> {
    let services: Vec<String> = source::services(session).await?.into_iter().map(|one| one.name).collect();
    let all = slot_names(&copy.run.id, &services);
    let mut names = vec![];
    for target in targets {
        let service = target.service.as_str();
        let Some(name) = services.iter().zip(&all).find(|(one, _)| *one == service).map(|(_, name)| name)
        else {
            continue;
        };
        names.push(name.clone());
        let set = stmt!("forward_slot = {name}, forward_from = NULL", name = Literal(name.clone()));
        source::change(session, service, &set).await?;
        identify(session, service, &target.relations, shapes, copy.wait).await?;
        // The publication precedes its slot: an older server never finds a publication created later, and a newer one
        // silently loses rows.
        publish(session, copy.wait, name, service, &target.relations, shapes).await?;
    }
    Ok(names)
}
