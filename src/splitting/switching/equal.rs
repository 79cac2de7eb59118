//! Whether both ends hold the same rows, while neither takes writes.

use super::ends::SwitchEnds;
use crate::error::{Error, Kind, Result};
use crate::model::ServiceName;
use crate::report::printable;
use crate::splitting::comparing::{self, DifferingTable};
use crate::splitting::copying::{CopyTarget, SplitCopy};
use crate::splitting::tables::DatabaseTables;
use crate::units::counted;

/// Sessions at each side.
const JOBS: usize = 4;

/// Whether copies of others' tables are compared, too: at the source these may take writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedCopies {
    Too,
    No,
}

/// Compares all rows of the service.
///
/// # Errors
/// [`Kind::Divergent`] with the tables that differ.
pub async fn compare(ends: &mut SwitchEnds, copies: ComparedCopies) -> Result<()> {
    let source = DatabaseTables::read(&mut ends.source.session).await?;
    let service = &ends.service.name;
    let unusable = |error| Error::operation("the state of the split has no name of a service").cause(error);
    let all = ends.relations.iter().filter(|one| copies == ComparedCopies::Too || one.copy_of.is_none());
    let of = CopyTarget {
        service: ServiceName::new(service.clone()).map_err(unusable)?,
        target: ends.target.at.clone(),
        relations: all.cloned().collect(),
        phase: ends.service.phase,
    };
    let copy = SplitCopy {
        access: &ends.source.access,
        database: &ends.source.database,
        run: &ends.run,
        jobs: JOBS,
        wait: ends.wait,
        cutover: String::new(),
    };
    let found = comparing::compare(&copy, &of, &source, None).await?;
    if found.differences.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Divergent, format!("the rows of {service} differ between both sides"))
        .causes(found.differences.iter().map(difference))
        .hint("`martydb split verify` says which rows"))
}

fn difference(found: &DifferingTable) -> String {
    let table = printable(&found.table);
    let rows = |count: i64| counted(usize::try_from(count).unwrap_or_default(), "row");
    let (source, target) = (rows(found.rows_source), rows(found.rows_target));
    match found.rows_source == found.rows_target {
        true => format!("table {table} has {source}, and other ones at the target"),
        false => format!("table {table} has {source} at the source and {target} at the target"),
    }
}
