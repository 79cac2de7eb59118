//! Comparison of a database's objects with those that its runs left. Pure.

use std::collections::BTreeMap;

use super::compared::{DriftScope, without_partitions};
use crate::history::catalog::without_parts;
use crate::history::definitions::KnownDifference;
use crate::history::{Catalog, Difference};
use crate::report::{SchemaChange, SchemaDrift, SchemaState};

/// Catalog at the end of the last run, and what was known to differ then.
pub(crate) struct KeptDefinitions {
    pub at: String,
    pub catalog: Catalog,
    pub differing: Vec<KnownDifference>,
}

impl KeptDefinitions {
    /// Returns the definitions that the runs left: objects that differed before the last run and were not changed by it are
    /// as they were expected.
    fn expected(&self, scope: &DriftScope) -> Catalog {
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
    pub(crate) fn differing(&self, live: &Catalog, scope: &DriftScope) -> Vec<KnownDifference> {
        let known = times(&self.differing);
        let (expected, live) = (self.expected(scope), scope.comparable(live));
        let (expected, live) = without_partitions(&expected, &live);
        let found = expected.every_difference(&live).into_iter().map(|one| {
            let since = known.get(&(one.kind.as_str(), one.name.as_str())).copied();
            let since = since.map_or_else(|| Some(self.at.clone()), |since| since.map(str::to_owned));
            KnownDifference { kind: one.kind, name: one.name, expected: one.before, found: one.after, since }
        });
        found.collect()
    }
}

/// Returns the state of a schema with these differences.
pub(crate) fn state_of(differing: &[KnownDifference]) -> SchemaState {
    match drift_of(differing) {
        none if none.is_empty() => SchemaState::Same,
        some => SchemaState::Drifted(some),
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
        Difference {
            kind: self.kind.clone(),
            name: self.name.clone(),
            before: self.expected.clone(),
            after: self.found.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
