//! How far a split has come: written in the schema `martydb_split` of the source, and in one of the same name in each target.
//!
//! A command writes down what it begins before it does it, so that the next one knows. Who takes the writes is what the
//! target says: [`target::opened`].

pub mod notes;
pub mod source;
pub mod target;

use serde::Serialize;

use martydb_model::error::{Error, Result};
use martydb_model::sql::Qualified;
use martydb_pg::server::{Row, Unreadable};

/// The schema at both sides.
pub const STATE_SCHEMA: &str = "martydb_split";

/// The lock that one command on a split holds at a time, in the source.
pub const LOCK: i32 = 0x7370_6c74;

/// The trigger that refuses writes, at both sides.
pub const CLOSED_TRIGGER: &str = "martydb_split_closed";

/// Where a service stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitPhase {
    Planned,
    Copying,
    /// Offline: the rows are there, and the tables of the source take no writes.
    Copied,
    /// Online: the rows are there, and what changes comes after them.
    Following,
    CutOver,
    RolledBack,
    Finished,
}

const PHASES: &[(SplitPhase, &str)] = &[
    (SplitPhase::Planned, "planned"),
    (SplitPhase::Copying, "copying"),
    (SplitPhase::Copied, "copied"),
    (SplitPhase::Following, "following"),
    (SplitPhase::CutOver, "cut_over"),
    (SplitPhase::RolledBack, "rolled_back"),
    (SplitPhase::Finished, "finished"),
];

impl SplitPhase {
    /// As the state has it.
    pub fn name(self) -> &'static str {
        PHASES.iter().find(|(phase, _)| *phase == self).map_or("", |(_, name)| name)
    }

    pub fn named(name: &str) -> Option<SplitPhase> {
        PHASES.iter().find(|(_, known)| *known == name).map(|(phase, _)| *phase)
    }
}

/// What a relation of a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitKind {
    /// It has rows.
    Table,
    /// It has none of its own.
    Partitioned,
    Sequence,
}

const KINDS: &[(SplitKind, &str)] = &[
    (SplitKind::Table, "table"),
    (SplitKind::Partitioned, "partitioned"),
    (SplitKind::Sequence, "sequence"),
];

impl SplitKind {
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    fn named(name: &str) -> Option<SplitKind> {
        KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// A relation of the state, quoted.
fn table(name: &str) -> Qualified {
    Qualified(vec![STATE_SCHEMA.into(), name.into()])
}

/// The table of the source whose one row a service's closing transaction changes last.
pub fn marker_name(service: &str) -> String {
    format!("marker_{service}")
}

fn unreadable(error: Unreadable) -> Error {
    Error::operation("cannot read how far the split has come").cause(error)
}

fn text(row: &Row, at: usize) -> Result<String> {
    row.try_get(at).map_err(unreadable)
}

/// The state's own word is not one that this version knows.
fn unknown(what: &str) -> Error {
    Error::operation(format!("the state of the split says \"{what}\", which this version does not know"))
        .hint("a newer martydb wrote it: use that one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_and_kind_has_its_own_name() {
        for (phase, name) in PHASES {
            assert_eq!((phase.name(), SplitPhase::named(name)), (*name, Some(*phase)));
            assert_eq!(serde_json::to_value(phase).unwrap(), *name);
        }
        for (kind, name) in KINDS {
            assert_eq!((kind.name(), SplitKind::named(name)), (*name, Some(*kind)));
        }
    }
}
