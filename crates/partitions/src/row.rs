//! Partitions of one table: what a run did or would do, and until when rows have one.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use martydb_model::error::{Error, Result};
use martydb_model::text::printable;
use martydb_model::units::counted;
use martydb_model::{DesiredService, PartitionedTable, Removal};

use super::{COUNTED, Coverage, Maintained, Span, day};

/// Number of names in a cell.
const MAX_NAMED: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum PartitionState {
    Ok,
    Incomplete,
}

/// A time whose rows have no partition, in RFC 3339.
#[derive(Serialize)]
struct Gap {
    from: String,
    to: String,
}

impl Gap {
    fn new(span: &Span) -> Gap {
        Gap { from: rfc3339(span.from), to: rfc3339(span.to) }
    }
}

#[derive(Serialize)]
pub struct PartitionRow {
    pub service: String,
    pub table: String,
    /// Partitions that were made, or would be.
    pub made: Vec<String>,
    /// Partitions that were detached or dropped, or would be.
    pub removed: Vec<String>,
    /// Partitions whose interrupted `DETACH … CONCURRENTLY` was finished, or would be.
    finished: Vec<String>,
    /// First days of periods that have rows in the default partition, and so no partition.
    left_out: Vec<String>,
    /// First day whose rows have no partition of their own; null if every row has one.
    pub until: Option<String>,
    /// Time from which on rows have no partition of their own; null if every row has one.
    covered_until: Option<String>,
    /// `ok` if rows have partitions from now on without a gap.
    state: PartitionState,
    /// Times between partitions whose rows have none.
    gaps: Vec<Gap>,
    /// Rows in the default partition, up to 10 000; null without one.
    default_rows: Option<i64>,
    pub outcome: &'static str,
    /// First of the errors.
    pub error: Option<Error>,
    #[serde(skip)]
    further: Vec<Error>,
    #[serde(skip)]
    removal: Removal,
    #[serde(skip)]
    coverage: Option<Coverage>,
}

impl PartitionRow {
    pub fn new(service: &DesiredService, table: &PartitionedTable, end: Result<Maintained>) -> PartitionRow {
        let coverage = end.as_ref().ok().map(|done| done.coverage);
        let mut done =
            end.unwrap_or_else(|error| Maintained { failures: vec![error], ..Maintained::default() });
        let left = occupied(service, table, &done.left_out);
        let gaps: Vec<Gap> = done.gaps.iter().map(Gap::new).collect();
        let holds = coverage.is_some_and(|coverage| coverage.holds_now());
        let is_whole = holds && gaps.is_empty() && left.is_none() && done.failures.is_empty();
        let outcome = match (done.failures.is_empty(), &left) {
            (false, _) => "failed",
            (true, Some(_)) => "incomplete",
            (true, None) => "ok",
        };
        done.failures.extend(left);
        let mut errors = done.failures.into_iter();
        let Maintained { made, removed, finished, left_out, .. } = done;
        PartitionRow {
            service: service.name.to_string(),
            table: table.to_string(),
            made,
            removed,
            finished,
            left_out,
            until: coverage.and_then(|one| one.until).map(day),
            covered_until: coverage.and_then(|one| one.until).map(rfc3339),
            state: if is_whole { PartitionState::Ok } else { PartitionState::Incomplete },
            gaps,
            default_rows: coverage.and_then(|one| one.default_rows),
            outcome,
            error: errors.next(),
            further: errors.collect(),
            removal: table.removal,
            coverage,
        }
    }

    pub fn errors(&self) -> impl Iterator<Item = &Error> {
        self.error.iter().chain(&self.further)
    }

    /// Returns `true` if a row written now has no partition of its own, there are gaps, periods are left out, or the table
    /// cannot be read.
    pub fn is_short(&self) -> bool {
        self.state == PartitionState::Incomplete
    }

    /// Returns a line about interrupted detaching that was finished, or in a dry run would be.
    pub fn finished_text(&self, dry: bool) -> Option<String> {
        let names = (!self.finished.is_empty()).then(|| names(&self.finished))?;
        let (table, service) = (printable(&self.table), &self.service);
        let verb = if dry { "Would finish" } else { "Finished" };
        Some(format!("\n{verb} the interrupted detaching of {names} from {table} of {service}.\n"))
    }

    /// Returns the number of rows in the default partition in words, if it has some.
    fn default_count(&self) -> Option<String> {
        let rows = self.default_rows.filter(|rows| *rows > 0)?;
        let least = if rows < COUNTED { "" } else { "at least " };
        Some(format!("{least}{}", counted(usize::try_from(rows).unwrap_or_default(), "row")))
    }

    /// Returns a line about rows in the default partition, which have no period and are never removed.
    pub fn default_text(&self) -> Option<String> {
        let count = self.default_count()?;
        let (table, service) = (printable(&self.table), &self.service);
        Some(format!(
            "\nThe default partition of {table} of {service} has {count}, which no retention removes.\n"
        ))
    }

    /// Returns a line about the state of the table, and of what the next run would remove.
    pub fn state_text(&self) -> String {
        let head = format!("partitions of {} of {}", self.table, self.service);
        if let (Some(error), None) = (&self.error, self.coverage) {
            return printable(&format!("{head}: unknown: {error}"));
        }
        let mut parts = vec![match &self.until {
            Some(until) if self.coverage.is_some_and(|coverage| coverage.holds_now()) => {
                format!("made until {until}")
            }
            Some(_) => "rows written now have none".to_owned(),
            None => "made without an end".to_owned(),
        }];
        parts.extend(self.gaps.iter().map(|gap| format!("no partition from {} to {}", gap.from, gap.to)));
        parts.extend(self.default_count().map(|count| format!("{count} in the default partition")));
        parts.extend(self.next_text());
        printable(&format!("{head}: {}", parts.join("; ")))
    }

    /// Returns what the next run would do, if it would do something.
    pub fn next_text(&self) -> Option<String> {
        let verb = if self.removal == Removal::Drop { "drops" } else { "detaches" };
        let makes = (!self.made.is_empty()).then(|| format!("makes {}", self.made.len()));
        let removes = (!self.removed.is_empty()).then(|| format!("{verb} {}", names(&self.removed)));
        let finishes =
            (!self.finished.is_empty()).then(|| format!("finishes detaching {}", names(&self.finished)));
        let leaves = (!self.left_out.is_empty()).then(|| {
            format!("leaves out {}, which have rows in the default partition", self.left_out.join(", "))
        });
        let all: Vec<String> = [makes, removes, finishes, leaves].into_iter().flatten().collect();
        (!all.is_empty()).then(|| format!("the next `martydb partitions` {}", all.join(", ")))
    }
}

fn rfc3339(at: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(at).ok().and_then(|time| time.format(&Rfc3339).ok());
    time.unwrap_or_else(|| at.to_string())
}

/// Makes the error about periods whose rows are in the default partition.
fn occupied(service: &DesiredService, table: &PartitionedTable, left_out: &[String]) -> Option<Error> {
    if left_out.is_empty() {
        return None;
    }
    let message = format!(
        "the default partition of {table} of {} has rows of {}, which have no partition of their own: {}",
        service.name,
        counted(left_out.len(), "period"),
        left_out.join(", ")
    );
    let hint = "move them in one migration: detach the default partition, create the partition of the period, insert its rows into the table, \
                delete them from the detached one, and attach it again";
    Some(Error::operation(message).hint(hint))
}

/// Returns the names, or the first and the last of many.
pub fn names(names: &[String]) -> String {
    printable(&match names.len() {
        0 => "-".to_owned(),
        n if n <= MAX_NAMED => names.join(", "),
        n => format!("{} … {} ({n})", names[0], names[n - 1]),
    })
}
