//! Statements whose ACCESS EXCLUSIVE lock on a table in use cancels queries at a standby, which replays the lock.
//! <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>

use super::objects::LintedStatement;

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

/// Returns `true` if queries that read its objects at a standby are canceled.
pub fn conflicts(statement: &LintedStatement) -> bool {
    let words = &statement.words;
    let begins = |first: &[&str]| words.len() >= first.len() && words.iter().zip(first).all(|(a, b)| a == b);
    let has =
        |phrase: &[&str]| words.windows(phrase.len()).any(|at| at.iter().zip(phrase).all(|(a, b)| a == b));
    // Storage parameters, which are in parentheses.
    let sets_parameters = matches!(words.last().map(String::as_str), Some("set" | "reset"));
    let takes = |row: &(&[&str], &[&[&str]])| begins(row.0) && !row.1.iter().any(|weaker| has(weaker));
    !statement.is_new && !sets_parameters && EXCLUSIVE.iter().any(takes)
}

pub fn message(statement: &LintedStatement) -> String {
    let of = match statement.targets.as_slice() {
        [] => String::new(),
        all => format!(" that read {}", all.join(", ")),
    };
    format!(
        "it takes an ACCESS EXCLUSIVE lock: a standby cancels queries{of} after max_standby_streaming_delay"
    )
}
