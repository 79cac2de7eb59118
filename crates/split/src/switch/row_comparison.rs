//! Comparison of the rows at both sides: while neither accepts writes, or at one LSN of the open side.

use super::reverse;
use super::sides::SplitSides;
use crate::compare::{ComparedAt, ComparedTables, DifferingTable, SidesComparison, TargetComparison};
use crate::copy::{CopyTarget, SplitCopy};
use crate::database::tables::DatabaseTables;
use crate::stream::publishing::{FirstSlot, SlotLife};
use crate::stream::{ApplyTarget, FollowGoal, Lsn, StreamOrigin, follow};
use martydb_model::ServiceName;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::text::printable;
use martydb_model::units::counted;

/// Sessions at each side.
const JOBS: usize = 4;

/// Inclusion of copies of other services' tables, which may accept writes at the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ComparedCopies {
    Too,
    No,
}

/// Direction of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamDirection {
    ToTarget,
    ToSource,
}

/// Compares both sides while neither accepts writes: all tables, or those that are read quickly.
///
/// # Errors
/// [`Kind::Divergent`] with the tables that differ.
pub(super) async fn compare(
    sides: &mut SplitSides,
    copies: ComparedCopies,
    tables: ComparedTables,
) -> Result<()> {
    let found = compared(sides, copies, ComparedAt::Still, tables).await?;
    refuse_differences(sides, &found)
}

/// Number of attempts to compare both sides at one LSN.
const MAX_TRIES: usize = 5;

/// Compares all rows while one side accepts writes: the stream stops at one LSN, at which the open side is read in a
/// snapshot. A follower that has not given way yet may apply later changes; then both sides are compared again.
///
/// # Errors
/// If no such LSN is available, a change cannot be applied, or another process keeps applying changes.
pub(super) async fn at_one_moment(
    sides: &mut SplitSides,
    direction: StreamDirection,
    origin: &StreamOrigin,
    target: &ApplyTarget,
) -> Result<TargetComparison> {
    for attempt in 0..MAX_TRIES {
        // The server may not have dropped the former slot yet.
        let name = reverse::slot_name(sides, &format!("m{attempt}"));
        let slot = FirstSlot::make(&origin.access, &origin.database, &name, SlotLife::Session).await?;
        let end = at_slot(sides, direction, origin, target, &slot).await;
        slot.close().await;
        if let Some(found) = end? {
            return Ok(found);
        }
    }
    Err(Error::new(
        Kind::Locked,
        format!("another process applies the changes of {} during the comparison", sides.service.name),
    )
    .hint("end it, or wait until it has given way, then run the same command again"))
}

/// Compares both sides at the LSN of the slot; `None` if later changes were applied meanwhile.
async fn at_slot(
    sides: &mut SplitSides,
    direction: StreamDirection,
    origin: &StreamOrigin,
    target: &ApplyTarget,
    slot: &FirstSlot,
) -> Result<Option<TargetComparison>> {
    let point = Lsn::parse(&slot.point).ok_or_else(|| Error::operation("cannot read the new slot's LSN"))?;
    follow(origin, target, FollowGoal::UpTo(point), &mut |_| ()).await?;
    let (at, copies) = match direction {
        // The stream contains the copies of other services' tables, too.
        StreamDirection::ToTarget => (ComparedAt::OfSource(&slot.snapshot), ComparedCopies::Too),
        StreamDirection::ToSource => (ComparedAt::OfTarget(&slot.snapshot), ComparedCopies::No),
    };
    let found = compared(sides, copies, at, ComparedTables::All).await?;
    Ok((target.applied().await? <= point).then_some(found))
}

async fn compared(
    sides: &mut SplitSides,
    copies: ComparedCopies,
    at: ComparedAt<'_>,
    tables: ComparedTables,
) -> Result<TargetComparison> {
    let source = DatabaseTables::read(&mut sides.source.session).await?;
    let service = &sides.service.name;
    let unusable = |error| Error::operation("the state of the split has no name of a service").cause(error);
    let all = sides.relations.iter().filter(|one| copies == ComparedCopies::Too || one.copy_of.is_none());
    let of = CopyTarget {
        service: ServiceName::new(service.clone()).map_err(unusable)?,
        target: sides.target.at.clone(),
        relations: all.cloned().collect(),
        phase: sides.service.phase,
    };
    let copy = SplitCopy {
        access: &sides.source.access,
        database: &sides.source.database,
        run: &sides.run,
        jobs: JOBS,
        wait: sides.wait,
        cutover: String::new(),
    };
    SidesComparison { copy: &copy, of: &of, at, tables }.compare(&source).await
}

/// # Errors
/// [`Kind::Divergent`] with the tables that differ.
pub(super) fn refuse_differences(sides: &SplitSides, found: &TargetComparison) -> Result<()> {
    let service = &sides.service.name;
    if found.differences.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Divergent, format!("the rows of {service} differ between both sides"))
        .causes(found.differences.iter().map(difference))
        .hint(hint(sides, found)))
}

/// Copies of other services' tables get no changes while their service is cut over.
fn hint(sides: &SplitSides, found: &TargetComparison) -> String {
    let copies: Vec<String> = sides
        .relations
        .iter()
        .filter(|one| one.copy_of.is_some())
        .map(|one| format!("{}.{}", one.schema, one.name))
        .collect();
    let service = &sides.service.name;
    match found.differences.iter().all(|one| copies.contains(&one.table)) {
        true => format!(
            "these are copies of other services' tables, which are not followed while {service} is cut over: \
             `martydb split rollback --service {service} --forget` empties them, and `martydb split copy --online` copies {service} again"
        ),
        false => "`martydb split verify` lists the rows".to_owned(),
    }
}

fn difference(found: &DifferingTable) -> String {
    let table = printable(&found.table);
    let rows = |count: i64| counted(usize::try_from(count).unwrap_or_default(), "row");
    let (source, target) = (rows(found.rows_source), rows(found.rows_target));
    match found.rows_source == found.rows_target {
        true => format!("table {table} has {source} at both sides, but with different values"),
        false => format!("table {table} has {source} at the source and {target} at the target"),
    }
}
