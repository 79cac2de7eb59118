//! Statements that make and drop the partitions of a superuser's table.

use super::super::pieces::{Piece, UsedName, name_at};
use super::placeholders::is_unknown;

/// Schemas that all sessions need.
const SERVERS: &[&str] = &["pg_catalog", "pg_toast", "information_schema"];

/// Words of the bounds of a partition: <https://www.postgresql.org/docs/current/sql-createtable.html>.
const BOUNDS: &[&str] = &[
    "default", "for", "from", "in", "maxvalue", "minvalue", "modulus", "null", "remainder", "to", "values",
    "with",
];

/// A table that a statement makes as a partition, or drops.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartitionChange {
    pub schema: String,
    /// Table of a new partition; `None` for a dropped table.
    pub parent: Option<UsedName>,
}

/// Returns the change of the statement at this place, and the place behind it; `None` for any other statement.
pub(super) fn partition_change(pieces: &[Piece], at: usize, end: usize) -> Option<(PartitionChange, usize)> {
    let statement = &pieces[at..end];
    let [verb, table, ..] = statement else { return None };
    if !table.is("table") {
        return None;
    }
    let from = 2 + condition(&statement[2..]);
    let (name, next) = name_at(statement, from)?;
    let schema = name.schema.filter(|of| !is_unknown(of) && !SERVERS.contains(&of.as_str()))?;
    let rest = &statement[next..];
    let parent = match verb {
        verb if verb.is("drop") && rest.is_empty() => None,
        verb if verb.is("create") => Some(parent(rest)?),
        _ => return None,
    };
    Some((PartitionChange { schema, parent }, end))
}

/// Returns the number of the words of `IF EXISTS` and `IF NOT EXISTS`.
fn condition(rest: &[Piece]) -> usize {
    match rest {
        [first, not, exists, ..] if first.is("if") && not.is("not") && exists.is("exists") => 3,
        [first, exists, ..] if first.is("if") && exists.is("exists") => 2,
        _ => 0,
    }
}

/// Returns the table of `PARTITION OF` with constant bounds.
fn parent(rest: &[Piece]) -> Option<UsedName> {
    let [partition, of, ..] = rest else { return None };
    let (name, next) = name_at(rest, 2).filter(|_| partition.is("partition") && of.is("of"))?;
    let is_bound = |piece: &Piece| match piece {
        Piece::Text(_) | Piece::Symbol(b'(' | b')' | b',' | b'0'..=b'9') => true,
        word => word.is_any(BOUNDS),
    };
    let is_known = !is_unknown(&name.name) && name.schema.as_deref().is_some_and(|of| !is_unknown(of));
    (is_known && rest[next..].iter().all(is_bound)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::*;

    #[test]
    fn a_partition_with_constant_bounds_is_made_or_dropped() {
        for (text, schema, parent) in [
            (
                "CREATE TABLE IF NOT EXISTS ops.log_2 PARTITION OF ops.log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
                "ops",
                "log",
            ),
            ("CREATE TABLE ops.rest PARTITION OF ops.log DEFAULT", "ops", "log"),
            ("DROP TABLE IF EXISTS ops.log_2", "ops", ""),
        ] {
            let words = pieces(text);
            let (found, end) = partition_change(&words, 0, words.len()).unwrap();
            assert_eq!((found.schema.as_str(), end), (schema, words.len()), "{text}");
            assert_eq!(found.parent.map_or(String::new(), |name| name.name), parent, "{text}");
        }
        for text in [
            "CREATE TABLE log_2 PARTITION OF ops.log DEFAULT",
            "CREATE TABLE ops.log_2 PARTITION OF log DEFAULT",
            "CREATE TABLE ops.log_2 (a int DEFAULT app.f())",
            "CREATE TABLE ops.log_2 PARTITION OF ops.log FOR VALUES IN (app.f())",
            "CREATE TABLE ops.log_2 AS SELECT 1",
            "DROP TABLE ops.log_2 CASCADE",
            "DROP TABLE ops.a, ops.b",
            "DROP TABLE pg_catalog.pg_class",
            "DROP SCHEMA ops",
        ] {
            let words = pieces(text);
            assert_eq!(partition_change(&words, 0, words.len()), None, "{text}");
        }
    }
}
