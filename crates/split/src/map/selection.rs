//! Selection of the archive entries of a service's objects: by OID if the table of contents has it, otherwise by the
//! names of selected objects.

use std::collections::BTreeSet;

use super::dependencies::{DependKey, Dependencies, class};
use super::members::ServiceObjects;

/// Entry of a table of contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TocEntry<'a> {
    pub object: DependKey,
    /// Kind, schema or `-`, tag and owner.
    pub what: &'a str,
}

/// Kinds that are never selected: privileges, and objects of the whole server.
const NEVER: &[&str] = &[
    "ACL ",
    "DEFAULT ACL ",
    "SECURITY LABEL ",
    "PUBLICATION ",
    "PUBLICATION TABLE ",
    "PUBLICATION TABLES IN SCHEMA ",
    "SUBSCRIPTION ",
    "SUBSCRIPTION TABLE ",
    "EVENT TRIGGER ",
    "DATABASE ",
    "DATABASE PROPERTIES ",
    "COMMENT - SCHEMA public ",
    "COMMENT - EXTENSION ",
    "COMMENT - DATABASE ",
];

/// Kinds whose tag begins with the table's name.
const ON_A_TABLE: &[(&str, &str)] = &[
    ("CHECK CONSTRAINT ", "CONSTRAINT"),
    ("FK CONSTRAINT ", "CONSTRAINT"),
    ("CONSTRAINT ", "CONSTRAINT"),
    ("TRIGGER ", "TRIGGER"),
    ("POLICY ", "POLICY"),
    ("RULE ", "RULE"),
];

/// Kinds with columns, the longer name first.
const WITH_COLUMNS: &[&str] = &["MATERIALIZED VIEW ", "FOREIGN TABLE ", "TABLE ", "VIEW ", "TYPE "];

/// Returns the selected entries, in their order: those of the members, and the tables of which only the columns count.
pub(crate) fn select(
    entries: &[TocEntry<'_>],
    members: &BTreeSet<DependKey>,
    depends: &Dependencies,
    objects: &ServiceObjects,
) -> Vec<bool> {
    let ServiceObjects { detached, copies, kept_out, parents, .. } = objects;
    let apart = |entry: &TocEntry| {
        // A partition belongs to the table that it is detached from.
        let itself = entry.object.0 == class::RELATION && detached.contains(&entry.object.1);
        itself || depends.relation_of(entry.object).is_some_and(|relation| detached.contains(&relation))
    };
    let is_owned = |entry: &TocEntry| {
        depends.relation_of(entry.object).is_none_or(|owner| !kept_out.contains(&(class::RELATION, owner)))
    };
    let numbered: Vec<bool> = entries.iter().map(|entry| is_member(entry, members, copies)).collect();
    let mut named = NamedEntries::default();
    for (entry, taken) in entries.iter().zip(&numbered) {
        named.add(entry, *taken, apart(entry), is_owned(entry));
    }
    let is_parent = |entry: &TocEntry| entry.object.0 == class::RELATION && parents.contains(&entry.object.1);
    let taken = entries.iter().zip(numbered);
    taken
        .map(|(entry, taken)| taken || is_parent(entry) || entry.object.0 == 0 && named.has(entry.what))
        .collect()
}

fn is_member(entry: &TocEntry, members: &BTreeSet<DependKey>, open: &BTreeSet<u32>) -> bool {
    if NEVER.iter().any(|kind| entry.what.starts_with(kind)) {
        return false;
    }
    // Its OID is the table's, and it has no catalog.
    if entry.what.starts_with("ROW SECURITY ") {
        return members.contains(&(class::RELATION, entry.object.1)) && !open.contains(&entry.object.1);
    }
    entry.object.0 != 0 && members.contains(&entry.object)
}

/// Text of entries without an OID that are selected.
#[derive(Default)]
struct NamedEntries {
    whole: BTreeSet<String>,
    /// Prefixes of comments on columns.
    columns: BTreeSet<String>,
    /// Prefixes and suffixes of comments on parts of a table.
    on_tables: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl NamedEntries {
    fn add(&mut self, entry: &TocEntry, taken: bool, apart: bool, owned: bool) {
        if let Some((kind, rest)) = hanging(entry.what) {
            let comment = rest.map(|(schema, table, name, owner)| {
                format!("COMMENT {schema} {kind} {name} ON {table} {owner}")
            });
            let all = if taken { &mut self.whole } else { &mut self.refused };
            all.extend(comment);
        }
        if !taken {
            return;
        }
        let Some((schema, rest)) = tag(entry.what) else { return };
        let kind = &entry.what[..entry.what.len() - schema.len() - rest.len() - 2];
        self.whole.insert(format!("COMMENT {schema} {kind} {rest}"));
        if owned {
            self.whole.insert(format!("SEQUENCE OWNED BY {schema} {rest}"));
        }
        if !apart {
            self.whole.insert(format!("TABLE ATTACH {schema} {rest}"));
            let index = rest.rsplit_once(' ').map_or(rest, |(tag, _)| tag);
            let name = if kind == "CONSTRAINT" { index.rsplit(' ').next().unwrap_or(index) } else { index };
            let owner = rest.rsplit(' ').next().unwrap_or_default();
            self.whole.insert(format!("INDEX ATTACH {schema} {name} {owner}"));
        }
        if WITH_COLUMNS.iter().any(|one| entry.what.starts_with(one)) {
            let name = rest.rsplit_once(' ').map_or(rest, |(name, _)| name);
            self.columns.insert(format!("COMMENT {schema} COLUMN {name}."));
            self.on_tables.insert(format!(" ON {rest}"));
        }
    }

    fn has(&self, what: &str) -> bool {
        if NEVER.iter().any(|kind| what.starts_with(kind)) || self.refused.contains(what) {
            return false;
        }
        let on_table = |comment: &str| {
            comment.starts_with("COMMENT ")
                && comment.match_indices(" ON ").any(|(at, _)| self.on_tables.contains(&comment[at..]))
        };
        self.whole.contains(what)
            || what.match_indices('.').any(|(at, _)| self.columns.contains(&what[..=at]))
            || on_table(what)
    }
}

/// Returns the schema, and the tag with owner, of an entry whose kind is in capitals.
fn tag(what: &str) -> Option<(&str, &str)> {
    let is_kind = |word: &str| word.chars().all(|c| c.is_ascii_uppercase());
    let mut rest = what;
    while let Some((word, after)) = rest.split_once(' ') {
        if !is_kind(word) {
            return Some((word, after));
        }
        rest = after;
    }
    None
}

type OnTable<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Returns the kind of an entry that is a part of a table, with schema, table, its own name and its owner.
fn hanging(what: &str) -> Option<(&'static str, Option<OnTable<'_>>)> {
    let (kind, rest) = ON_A_TABLE.iter().find_map(|(kind, word)| Some((*word, what.strip_prefix(kind)?)))?;
    let parts: Vec<&str> = rest.split(' ').collect();
    let whole = match parts.as_slice() {
        [schema, table, name, owner] => Some((*schema, *table, *name, *owner)),
        _ => None,
    };
    Some((kind, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_without_numbers_follow_those_that_have_some() {
        let lines = [
            ((class::RELATION, 1), "TABLE public a o"),
            ((class::RELATION, 2), "TABLE public b o"),
            ((0, 0), "COMMENT public TABLE a o"),
            ((0, 0), "COMMENT public COLUMN a.x o"),
            ((0, 0), "COMMENT public COLUMN b.x o"),
            ((class::RELATION, 3), "SEQUENCE public a_id_seq o"),
            ((0, 0), "SEQUENCE OWNED BY public a_id_seq o"),
            ((class::CONSTRAINT, 4), "CONSTRAINT public a a_pkey o"),
            ((class::CONSTRAINT, 5), "FK CONSTRAINT public a a_b_fkey o"),
            ((0, 0), "COMMENT public CONSTRAINT a_pkey ON a o"),
            ((0, 0), "COMMENT public CONSTRAINT a_b_fkey ON a o"),
            ((0, 0), "COMMENT public CONSTRAINT a_check ON a o"),
            ((0, 1), "ROW SECURITY public a o"),
            ((0, 2), "ROW SECURITY public b o"),
            ((class::RELATION, 6), "TABLE public a_1 o"),
            ((0, 0), "TABLE ATTACH public a_1 o"),
            ((class::RELATION, 7), "TABLE public a_2 o"),
            ((0, 0), "TABLE ATTACH public a_2 o"),
            ((0, 0), "ACL public TABLE a o"),
            ((2615, 8), "SCHEMA - pkd o"),
            ((0, 0), "COMMENT - SCHEMA pkd o"),
            ((0, 0), "COMMENT - SCHEMA public o"),
        ];
        let entries: Vec<TocEntry> =
            lines.iter().map(|(object, what)| TocEntry { object: *object, what }).collect();
        let members = [1, 3, 6, 7].map(|oid| (class::RELATION, oid));
        let members = members.into_iter().chain([(class::CONSTRAINT, 4), (2615, 8)]).collect();
        let objects = ServiceObjects { detached: [7].into(), ..ServiceObjects::default() };
        let taken = select(&entries, &members, &Dependencies::default(), &objects);
        let not: Vec<&str> =
            entries.iter().zip(taken).filter(|(_, taken)| !taken).map(|(entry, _)| entry.what).collect();
        assert_eq!(
            not,
            [
                "TABLE public b o",
                "COMMENT public COLUMN b.x o",
                "FK CONSTRAINT public a a_b_fkey o",
                "COMMENT public CONSTRAINT a_b_fkey ON a o",
                "ROW SECURITY public b o",
                "TABLE ATTACH public a_2 o",
                "ACL public TABLE a o",
                "COMMENT - SCHEMA public o",
            ]
        );
    }
}
