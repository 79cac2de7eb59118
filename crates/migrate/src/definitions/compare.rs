//! Comparison of a database's objects with those that its runs left. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::compared::Scope;
use crate::history::catalog::without_parts;
use crate::history::{Catalog, Difference};

/// An object that differs from what the runs of a service left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownDifference {
    pub kind: String,
    pub name: String,
    /// Its definition as the runs left it; `None` if they left no such object.
    pub expected: Option<String>,
    pub found: Option<String>,
    /// Time of the last run that found it as expected; `None` if that is not known.
    pub since: Option<String>,
}

/// Change of an object by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SchemaChange {
    Added,
    Changed,
    Removed,
}

/// An object that was changed by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaDrift {
    /// Kind and name, such as `column public.orders.note`.
    pub object: String,
    pub change: SchemaChange,
    /// Time of the last run that found it as expected, in UTC (RFC 3339); `None` if that is not known.
    pub since: Option<String>,
    /// Definitions before and after, for messages.
    #[serde(skip)]
    pub definitions: (Option<String>, Option<String>),
}

/// Schema of a service beside what its runs left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    Same,
    Drifted(Vec<SchemaDrift>),
    Unknown(UnknownSchema),
}

/// Reason why it is not known if a schema was changed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownSchema {
    /// No run has kept the definitions.
    NotKept,
    /// Another version of martydb kept them.
    Reader,
    /// They were kept on this major version of PostgreSQL.
    Major(u32),
    /// A run was interrupted, or refinery or an earlier martydb ran.
    Position,
}

impl std::fmt::Display for UnknownSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            UnknownSchema::NotKept => f.write_str("no run has kept its definitions yet"),
            UnknownSchema::Reader => f.write_str("another version of martydb kept its definitions"),
            UnknownSchema::Major(major) => write!(f, "its definitions were kept on PostgreSQL {major}"),
            UnknownSchema::Position => {
                f.write_str("a run was interrupted, or another program ran migrations")
            }
        }
    }
}

impl SchemaState {
    /// Returns the word of the state in documents.
    pub fn word(&self) -> &'static str {
        match self {
            SchemaState::Same => "same",
            SchemaState::Drifted(_) => "drifted",
            SchemaState::Unknown(_) => "unknown",
        }
    }

    pub(crate) fn of(differing: &[KnownDifference]) -> SchemaState {
        match drift_of(differing) {
            none if none.is_empty() => SchemaState::Same,
            some => SchemaState::Drifted(some),
        }
    }
}

/// Catalog at the end of the last run, and what was known to differ then.
pub(crate) struct KeptDefinitions {
    pub at: String,
    pub catalog: Catalog,
    pub differing: Vec<KnownDifference>,
}

impl KeptDefinitions {
    /// Returns the definitions that the runs left: objects that differed before the last run and were not changed by it are
    /// as they were expected.
    fn expected(&self, scope: &Scope) -> Catalog {
        let mut all = scope.comparable(&self.catalog);
        for one in &self.differing {
            let key = (one.kind.clone(), one.name.clone());
            if all.0.get(&key) != one.found.as_ref() {
                continue;
            }
            match &one.expected {
                Some(definition) => all.0.insert(key, definition.clone()),
                None => all.0.remove(&key),
            };
        }
        all
    }

    /// Returns every object that differs from what the runs left, parts of others among them.
    pub(crate) fn differing(&self, live: &Catalog, scope: &Scope) -> Vec<KnownDifference> {
        let known = times(&self.differing);
        let (expected, live) = (self.expected(scope), scope.comparable(live));
        let (expected, live) = scope.without_partitions(expected, live);
        let found = expected.every_difference(&live).into_iter().map(|one| {
            let since = known.get(&(one.kind.as_str(), one.name.as_str())).copied();
            let since = since.map_or_else(|| Some(self.at.clone()), |since| since.map(str::to_owned));
            KnownDifference { kind: one.kind, name: one.name, expected: one.before, found: one.after, since }
        });
        found.collect()
    }
}

/// Returns the differences for people: without the parts of objects that are missing or new as a whole.
pub(crate) fn drift_of(differing: &[KnownDifference]) -> Vec<SchemaDrift> {
    let since = times(differing);
    let all = differing.iter().map(|one| one.as_difference()).collect();
    let drift = |one: Difference| SchemaDrift {
        object: match one.kind.as_str() {
            // The name of its object begins with the kind of that.
            "owner" => one.name.clone(),
            kind => format!("{kind} {}", one.name),
        },
        change: match (&one.before, &one.after) {
            (None, _) => SchemaChange::Added,
            (_, None) => SchemaChange::Removed,
            _ => SchemaChange::Changed,
        },
        since: since.get(&(one.kind.as_str(), one.name.as_str())).copied().flatten().map(str::to_owned),
        definitions: (one.before, one.after),
    };
    without_parts(all).into_iter().map(drift).collect()
}

/// Returns the time of each object.
fn times(all: &[KnownDifference]) -> BTreeMap<(&str, &str), Option<&str>> {
    all.iter().map(|one| ((one.kind.as_str(), one.name.as_str()), one.since.as_deref())).collect()
}

impl KnownDifference {
    fn as_difference(&self) -> Difference {
        crate::history::Difference {
            kind: self.kind.clone(),
            name: self.name.clone(),
            before: self.expected.clone(),
            after: self.found.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
