//! Partitions that are equal to their parent: they are made and removed every day, by martydb and by other programs. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::Catalog;
use crate::history::index_text::table_and_method;

/// Parts of a table.
#[derive(Default)]
struct TableParts<'a> {
    columns: BTreeMap<&'a str, &'a str>,
    constraints: BTreeSet<&'a str>,
    /// Definitions of indexes, from their kind on.
    indexes: BTreeSet<(bool, &'a str)>,
    /// Names of triggers, policies and rules.
    others: BTreeSet<(&'a str, &'a str)>,
}

/// Returns the partitions whose columns, constraints, indexes, triggers, policies and rules are those of their parent.
pub(crate) fn equal_to_parent(catalog: &Catalog) -> BTreeSet<String> {
    let mut tables: BTreeMap<&str, TableParts<'_>> = BTreeMap::new();
    let partitions: Vec<(&str, &str)> = catalog.0.iter().filter_map(partition).collect();
    if partitions.is_empty() {
        return BTreeSet::new();
    }
    for ((kind, name), text) in &catalog.0 {
        match kind.as_str() {
            "index" => {
                let Some((table, method)) = table_and_method(text) else { continue };
                tables.entry(table).or_default().indexes.insert((text.starts_with("CREATE UNIQUE"), method));
            }
            "column" | "constraint" | "trigger" | "policy" | "rule" => {
                let Some((table, part)) = last_name(name) else { continue };
                let parts = tables.entry(table).or_default();
                match kind.as_str() {
                    "column" => drop(parts.columns.insert(part, text)),
                    "constraint" => drop(parts.constraints.insert(text)),
                    kind => drop(parts.others.insert((kind, part))),
                }
            }
            _ => {}
        }
    }
    let none = TableParts::default();
    let of = |table: &str| tables.get(table).unwrap_or(&none);
    let is_equal = |(child, parent): &&(&str, &str)| {
        let (child, parent) = (of(child), of(parent));
        child.columns == parent.columns
            && child.constraints.is_subset(&parent.constraints)
            && child.indexes.is_subset(&parent.indexes)
            && child.others.is_subset(&parent.others)
    };
    partitions.iter().filter(is_equal).map(|(child, _)| (*child).to_owned()).collect()
}

/// Returns a partition with its parent.
fn partition<'a>(((kind, name), text): (&'a (String, String), &'a String)) -> Option<(&'a str, &'a str)> {
    let is_table = matches!(kind.as_str(), "table" | "partitioned table");
    let (bound, parent) = text.split_once(" inherits ").filter(|_| is_table)?;
    let is_partition = bound.contains(" FOR VALUES ") || bound.ends_with(" DEFAULT");
    is_partition.then_some((name.as_str(), &parent[..end_of_name(parent)]))
}

/// Returns the end of the qualified name at the start of a text.
fn end_of_name(text: &str) -> usize {
    let mut quoted = false;
    let is_end = |c: char| {
        quoted ^= c == '"';
        !quoted && (c == ' ' || c == ',')
    };
    text.find(is_end).unwrap_or(text.len())
}

/// Splits the last part of a qualified name off.
fn last_name(name: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let dot = name.char_indices().rev().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '.' && !quoted
    });
    dot.map(|(at, _)| (&name[..at], &name[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_with_parts_of_its_own_is_not_equal() {
        let base = [
            ("partitioned table", "public.ev", "p identity d RANGE (at)"),
            ("column", "public.ev.at", "date"),
            ("column", "public.ev.note", "text"),
            ("constraint", "public.ev.pk", "PRIMARY KEY (at)"),
            ("index", "public.ev_at", "CREATE INDEX ev_at ON ONLY public.ev USING btree (at)"),
            (
                "table",
                "public.\"ev 1\"",
                "p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01') identity d inherits public.ev am heap",
            ),
            ("column", "public.\"ev 1\".at", "date"),
            ("column", "public.\"ev 1\".note", "text"),
            ("constraint", "public.\"ev 1\".pk1", "PRIMARY KEY (at)"),
            ("index", "public.ev1_at", "CREATE INDEX ev1_at ON public.\"ev 1\" USING btree (at)"),
            ("table", "public.child", "p inherits public.ev am heap"),
        ];
        let catalog = |extra: Option<(&str, &str, &str)>| {
            let rows = base.iter().copied().chain(extra);
            Catalog(
                rows.map(|(kind, name, text)| ((kind.to_owned(), name.to_owned()), text.to_owned()))
                    .collect(),
            )
        };
        assert_eq!(equal_to_parent(&catalog(None)), BTreeSet::from(["public.\"ev 1\"".to_owned()]));
        for extra in [
            ("constraint", "public.\"ev 1\".c", "CHECK (note IS NOT NULL)"),
            ("index", "public.x", "CREATE INDEX x ON public.\"ev 1\" USING btree (note)"),
            ("column", "public.\"ev 1\".note", "text default 'x'"),
            ("trigger", "public.\"ev 1\".t", "CREATE TRIGGER t"),
        ] {
            assert_eq!(equal_to_parent(&catalog(Some(extra))), BTreeSet::new(), "{extra:?}");
        }
    }
}
