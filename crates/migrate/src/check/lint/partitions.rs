//! Rules about partitions, by the words of each statement: locks on a parent that is in use, and statements that
//! PostgreSQL refuses for a partitioned table.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::LintedStatement;
use martydb_manifest::lint_rules::{ATTACH_UNCHECKED, CONCURRENT_ON_PARENT, DEFAULT_PART, LIVE_PARENT};

/// Tables as the statements before the current one leave them.
#[derive(Debug, Default)]
pub(crate) struct Partitioned {
    /// Partitioned tables that these files make.
    parents: BTreeSet<String>,
    /// Partitioned tables in use.
    live: BTreeSet<String>,
    /// Default partitions by their tables.
    defaults: BTreeMap<String, String>,
    /// Tables that these files make, which are empty when they are attached.
    made: BTreeSet<String>,
    /// Tables with a CHECK constraint of their own.
    checked: BTreeSet<String>,
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
        let target = statement.targets.first().cloned().unwrap_or_default();
        let mut found = vec![];
        if words.begins(&["create", "index"]) || words.begins(&["create", "unique", "index"]) {
            found.extend(self.indexed(&words, &target));
        } else if words.begins(&["create", "table"]) {
            found.extend(self.created(&words, &target));
        } else if words.begins(&["alter", "table"]) {
            found.extend(self.altered(&words, &target, statement.is_new));
        } else if words.begins(&["drop", "table"]) {
            statement.targets.iter().for_each(|name| self.forget(name));
        }
        found
    }

    fn indexed(&self, words: &Sentence<'_>, table: &str) -> Option<PartitionViolation> {
        let is_live = self.live.contains(table);
        let message = match words.has(&["concurrently"]) {
            true if is_live || self.parents.contains(table) => {
                format!("CREATE INDEX CONCURRENTLY is refused for the partitioned table {table}")
            }
            false if is_live && !words.has(&["on", "only"]) => format!(
                "CREATE INDEX on the partitioned table {table} blocks the writers of every partition while it is built"
            ),
            _ => return None,
        };
        Some((CONCURRENT_ON_PARENT, message, EACH_PART))
    }

    fn forget(&mut self, table: &str) {
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

    fn created(&mut self, words: &Sentence<'_>, name: &str) -> Vec<PartitionViolation> {
        self.made.insert(name.to_owned());
        if words.has(&["partition", "by"]) {
            self.parents.insert(name.to_owned());
        }
        let Some(parent) = words.after(&["partition", "of"]) else { return vec![] };
        let is_default = words.ends_with_default();
        let mut found = vec![];
        // A parent of these files has no readers yet.
        if !self.parents.contains(&parent) {
            let message = format!(
                "CREATE TABLE … PARTITION OF waits for every reader of {parent}, and then blocks them"
            );
            found.push((LIVE_PARENT, message, ATTACH_INSTEAD));
            found.extend(is_default.then(|| default_of(&parent)));
        }
        if is_default {
            self.defaults.insert(parent, name.to_owned());
        }
        found
    }

    fn altered(&mut self, words: &Sentence<'_>, table: &str, is_new: bool) -> Vec<PartitionViolation> {
        if words.has(&["check"]) {
            self.checked.insert(table.to_owned());
        }
        if let Some(part) = words.after(&["detach", "partition"]) {
            let refused = words.has(&["concurrently"]) && self.defaults.contains_key(table);
            if self.defaults.get(table) == Some(&part) {
                self.defaults.remove(table);
            }
            let message =
                format!("DETACH PARTITION … CONCURRENTLY is refused while {table} has a default partition");
            return refused.then_some((DEFAULT_PART, message, NO_DEFAULT)).into_iter().collect();
        }
        let Some(part) = words.after(&["attach", "partition"]) else { return vec![] };
        if words.ends_with_default() {
            let lives = !is_new && !self.parents.contains(table);
            self.defaults.insert(table.to_owned(), part);
            return lives.then(|| default_of(table)).into_iter().collect();
        }
        let scanned = !is_new && !self.checked.contains(&part) && !self.made.contains(&part);
        let message = format!("ATTACH PARTITION reads all of {part} while {table} and {part} are locked");
        scanned.then_some((ATTACH_UNCHECKED, message, CHECK_FIRST)).into_iter().collect()
    }
}

fn default_of(parent: &str) -> PartitionViolation {
    let message = format!(
        "a default partition of {parent} is read for each new partition, and rows in it keep a partition from being made"
    );
    (DEFAULT_PART, message, NO_DEFAULT)
}

/// Words of a statement outside parentheses, in lower case.
pub(crate) struct Sentence<'a>(pub &'a [String]);

impl Sentence<'_> {
    pub(crate) fn begins(&self, words: &[&str]) -> bool {
        self.0.len() >= words.len() && self.0.iter().zip(words).all(|(one, other)| one == other)
    }

    fn at(&self, words: &[&str]) -> Option<usize> {
        self.0
            .windows(words.len())
            .position(|window| window.iter().zip(words).all(|(one, other)| one == other))
    }

    pub(crate) fn has(&self, words: &[&str]) -> bool {
        self.at(words).is_some()
    }

    /// Returns the name behind the words, without its schema.
    pub(crate) fn after(&self, words: &[&str]) -> Option<String> {
        const BEHIND: &[&str] = &["concurrently", "default", "for", "partition", "using", "with"];
        let from = self.at(words)? + words.len();
        let (first, second) = (self.0.get(from)?, self.0.get(from + 1));
        // A dot is no word.
        let of_schema = second.filter(|second| !BEHIND.contains(&second.as_str()));
        Some(of_schema.unwrap_or(first).clone())
    }

    fn ends_with_default(&self) -> bool {
        self.0.last().is_some_and(|word| word == "default")
    }
}
