//! Statements whose ACCESS EXCLUSIVE lock on a table in use cancels queries at a standby, which replays the lock.
//! <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>

use super::objects::{LintedStatement, Sentence};

/// Statements that take such a lock: their first words, and the words with which they take a weaker one.
const EXCLUSIVE: &[(&[&str], &[&[&str]])] = &[
    (
        &["alter", "table"],
        &[
            &["validate", "constraint"],
            &["set", "statistics"],
            &["attach", "partition"],
            &["concurrently"],
            &["foreign", "key"],
            &["cluster", "on"],
            &["trigger"],
        ],
    ),
    (&["drop", "table"], &[]),
    (&["drop", "view"], &[]),
    (&["drop", "materialized"], &[]),
    (&["drop", "index"], &[&["concurrently"]]),
    (&["reindex"], &[&["concurrently"]]),
    (&["refresh"], &[&["concurrently"]]),
    (&["truncate"], &[]),
    (&["cluster"], &[]),
    (&["vacuum", "full"], &[]),
];

/// Words of actions of ALTER TABLE that need the lock even beside a weaker one.
const STRONG: &[&[&str]] = &[&["drop"], &["rename"], &["type"], &["add", "column"]];

/// Returns `true` if queries that read its objects at a standby are canceled.
pub(crate) fn conflicts(statement: &LintedStatement) -> bool {
    let words = Sentence(&statement.words);
    let has = |phrases: &[&[&str]]| phrases.iter().any(|phrase| words.has(phrase));
    // Storage parameters, which are in parentheses.
    let sets_parameters = matches!(statement.words.last().map(String::as_str), Some("set" | "reset"));
    let takes = |(first, weaker): &(&[&str], &[&[&str]])| {
        words.begins(first) && (words.begins(&["alter", "table"]) && has(STRONG) || !has(weaker))
    };
    !statement.is_new && !sets_parameters && EXCLUSIVE.iter().any(takes)
}

pub(crate) fn message(statement: &LintedStatement) -> String {
    // The parent of a new partition is locked, not the partition.
    let parent = statement.other.as_ref().filter(|_| statement.verb == "create table");
    let names: Vec<&str> = statement.targets.iter().map(|target| target.name.as_str()).collect();
    let read = parent.map_or_else(|| names.join(", "), |parent| parent.name.clone());
    let of = if read.is_empty() { String::new() } else { format!(" that read {read}") };
    format!(
        "it takes an ACCESS EXCLUSIVE lock: a standby cancels queries{of} after max_standby_streaming_delay"
    )
}
