//! State of a split: in the schema `martydb_split` of the source, and in one of the same name in each target.
//!
//! A command records its intention before it acts, for the next command. The side that accepts the writes is defined by
//! the target: [`target::opened`].

pub(crate) mod notes;
pub(crate) mod source;
pub(crate) mod target;

use serde::Serialize;

use martydb_model::error::Error;
use martydb_model::sql::Qualified;

/// Schema at both sides.
pub(crate) const STATE_SCHEMA: &str = "martydb_split";

/// Key of the lock that a command on a split holds in the source.
pub const LOCK: i32 = 0x7370_6c74;

/// Trigger that refuses writes, at both sides.
pub(crate) const CLOSED_TRIGGER: &str = "martydb_split_closed";

/// Phase of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitPhase {
    #[default]
    Planned,
    Copying,
    /// Offline: the rows are copied, and the tables of the source accept no writes.
    Copied,
    /// Online: the rows are copied, and changes follow.
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
    /// Returns the name in the state.
    pub fn name(self) -> &'static str {
        PHASES.iter().find(|(phase, _)| *phase == self).map_or("", |(_, name)| name)
    }

    pub fn named(name: &str) -> Option<SplitPhase> {
        PHASES.iter().find(|(_, known)| *known == name).map(|(phase, _)| *phase)
    }
}

/// Kind of a service's relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitKind {
    /// Contains rows.
    Table,
    /// Contains no rows of its own.
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

/// Returns a table of the state, quoted.
fn table(name: &str) -> Qualified {
    Qualified(vec![STATE_SCHEMA.into(), name.into()])
}

/// Returns the name of the source's table with one row that a service's closing transaction changes last.
pub(crate) fn marker_name(service: &str) -> String {
    format!("marker_{service}")
}

/// Returns the error for a word in the state that this version does not know.
fn unknown(what: &str) -> Error {
    Error::operation(format!("the state of the split contains \"{what}\", which this version does not know"))
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
