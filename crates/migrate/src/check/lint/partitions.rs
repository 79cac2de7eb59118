//! Rules about partitions, by the words of each statement: locks on a parent that is in use, and statements that
//! PostgreSQL refuses for a partitioned table.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::{LintedStatement, Object, Sentence};
use martydb_manifest::lint_rules::{ATTACH_UNCHECKED, CONCURRENT_ON_PARENT, DEFAULT_PART, LIVE_PARENT};

/// Tables as the statements before the current one leave them.
#[derive(Debug, Default)]
pub(crate) struct Partitioned {
    /// Partitioned tables that these files make.
    parents: BTreeSet<Object>,
    /// Partitioned tables in use.
    live: BTreeSet<Object>,
    /// Default partitions by their tables.
    defaults: BTreeMap<Object, Object>,
    /// Tables that these files make, which are empty when they are attached.
    made: BTreeSet<Object>,
    /// Tables with a CHECK constraint of their own.
    checked: BTreeSet<Object>,
}

/// A violation: rule, message and help.
pub(crate) type PartitionViolation = (&'static str, String, &'static str);

const ATTACH_INSTEAD: &str = "create it with CREATE TABLE … (LIKE parent INCLUDING ALL), then ALTER TABLE parent ATTACH PARTITION, \
    which lets writers go on";
const CHECK_FIRST: &str = "add a CHECK constraint that implies the partition's bounds, NOT VALID, validate it, attach, and drop the \
    constraint";
const EACH_PART: &str = "CREATE INDEX … ON ONLY parent, then CREATE INDEX CONCURRENTLY on each partition and ALTER INDEX … ATTACH \
    PARTITION";
const NO_DEFAULT: &str =
    "make partitions ahead with `martydb partitions` instead, or keep the default partition empty";

impl Partitioned {
    /// Takes note that the files so far are applied: their tables are in use.
    pub(crate) fn go_live(&mut self) {
        self.live.append(&mut self.parents);
        self.made.clear();
        self.checked.clear();
    }

    /// Processes a statement and returns what it violates.
    pub(crate) fn follow(&mut self, statement: &LintedStatement) -> Vec<PartitionViolation> {
        let words = Sentence(&statement.words);
        let (Some(target), other) = (statement.targets.first(), statement.other.as_ref()) else {
            return vec![];
        };
        let mut found = vec![];
        if words.begins(&["create", "index"]) || words.begins(&["create", "unique", "index"]) {
            found.extend(self.indexed(&words, target));
        } else if words.begins(&["create", "table"]) {
            found.extend(self.created(&words, target, other));
        } else if words.begins(&["alter", "table"]) {
            found.extend(self.altered(&words, (target, other), statement.is_new));
        } else if words.begins(&["drop", "table"]) {
            statement.targets.iter().for_each(|name| self.forget(name));
        }
        found
    }

    fn indexed(&self, words: &Sentence<'_>, table: &Object) -> Option<PartitionViolation> {
        let name = &table.name;
        let is_live = self.live.contains(table);
        let message = match words.has(&["concurrently"]) {
            true if is_live || self.parents.contains(table) => {
                format!("CREATE INDEX CONCURRENTLY is refused for the partitioned table {name}")
            }
            false if is_live && !words.has(&["on", "only"]) => format!(
                "CREATE INDEX on the partitioned table {name} blocks the writers of every partition while it is built"
            ),
            _ => return None,
        };
        Some((CONCURRENT_ON_PARENT, message, EACH_PART))
    }

    fn forget(&mut self, table: &Object) {
        self.defaults.retain(|parent, part| parent != table && part != table);
        self.parents.remove(table);
        self.live.remove(table);
    }

    /// Returns `true` for a plain index on a parent: the advice to build it concurrently does not apply.
    pub(crate) fn is_index_on_parent(&self, statement: &LintedStatement) -> bool {
        let target = statement.targets.first();
        Sentence(&statement.words).has(&["on", "only"])
            || target.is_some_and(|target| self.parents.contains(target) || self.live.contains(target))
    }

    fn created(
        &mut self,
        words: &Sentence<'_>,
        name: &Object,
        parent: Option<&Object>,
    ) -> Vec<PartitionViolation> {
        self.made.insert(name.clone());
        if words.has(&["partition", "by"]) {
            self.parents.insert(name.clone());
        }
        let Some(parent) = parent else { return vec![] };
        let is_default = words.ends_with_default();
        let mut found = vec![];
        // A parent of these files has no readers yet.
        if !self.parents.contains(parent) {
            let message = format!(
                "CREATE TABLE … PARTITION OF waits for every reader of {}, and then blocks them",
                parent.name
            );
            found.push((LIVE_PARENT, message, ATTACH_INSTEAD));
            found.extend(is_default.then(|| default_of(parent)));
        }
        if is_default {
            self.defaults.insert(parent.clone(), name.clone());
        }
        found
    }

    fn altered(
        &mut self,
        words: &Sentence<'_>,
        (table, other): (&Object, Option<&Object>),
        is_new: bool,
    ) -> Vec<PartitionViolation> {
        if words.has(&["check"]) {
            self.checked.insert(table.clone());
        }
        let Some(part) = other else { return vec![] };
        if words.has(&["detach", "partition"]) {
            let refused = words.has(&["concurrently"]) && self.defaults.contains_key(table);
            if self.defaults.get(table) == Some(part) {
                self.defaults.remove(table);
            }
            let message = format!(
                "DETACH PARTITION … CONCURRENTLY is refused while {} has a default partition",
                table.name
            );
            return refused.then_some((DEFAULT_PART, message, NO_DEFAULT)).into_iter().collect();
        }
        if words.ends_with_default() {
            let lives = !is_new && !self.parents.contains(table);
            self.defaults.insert(table.clone(), part.clone());
            return lives.then(|| default_of(table)).into_iter().collect();
        }
        let scanned = !is_new && !self.checked.contains(part) && !self.made.contains(part);
        let message =
            format!("ATTACH PARTITION reads all of {0} while {1} and {0} are locked", part.name, table.name);
        scanned.then_some((ATTACH_UNCHECKED, message, CHECK_FIRST)).into_iter().collect()
    }
}

fn default_of(parent: &Object) -> PartitionViolation {
    let message = format!(
        "a default partition of {} is read for each new partition, and rows in it keep a partition from being made",
        parent.name
    );
    (DEFAULT_PART, message, NO_DEFAULT)
}
