//! Parts of a table that write into another table whenever a row of theirs is written. Once that table is closed at the
//! source, every such write fails.

use std::collections::BTreeSet;

use super::needs::ReferenceGraph;
use super::source::{Oid, PartKind, SourceCatalog, SourcePart};

/// Part of a table, and another table that it writes into.
#[derive(Debug, Clone)]
pub(crate) struct CrossingWrite {
    pub part: SourcePart,
    pub into: Oid,
}

/// Returns the parts of tables that write into other tables. An index and a generated column cannot: their functions
/// are immutable.
pub(crate) fn crossing_writes(source: &SourceCatalog) -> Vec<CrossingWrite> {
    let graph = ReferenceGraph::new(source);
    let runs = |part: &&SourcePart| match part.kind {
        PartKind::Rule | PartKind::Trigger | PartKind::Policy | PartKind::Check => true,
        PartKind::Default => part.generated.as_deref().is_none_or(str::is_empty),
        PartKind::View | PartKind::Index => false,
    };
    let on_table =
        |part: &&SourcePart| source.relations.get(&part.relation).is_some_and(|one| one.is_table());
    let parts = source.parts.iter().filter(runs).filter(on_table);
    let writes = parts.flat_map(|part| {
        let into = graph.writes((part.class, part.oid)).into_iter();
        into.filter(|into| *into != source.root(part.relation))
            .map(move |into| CrossingWrite { part: part.clone(), into })
    });
    writes.collect()
}

impl CrossingWrite {
    /// Returns the part and the table that it writes into, as text.
    pub(crate) fn shown(&self, source: &SourceCatalog) -> String {
        let SourcePart { kind, relation, name, .. } = &self.part;
        let (table, into) = (source.ident(*relation), source.ident(self.into));
        format!("{} {table}.{name} writes into {into}", kind.name())
    }

    /// Returns the statement that removes the part, as its answer does at the target; a trigger or a rule needs none.
    pub(crate) fn removal(&self, source: &SourceCatalog) -> Option<String> {
        let (table, name) = (source.ident(self.part.relation), &self.part.name);
        match self.part.kind {
            PartKind::Default => Some(format!("ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT")),
            PartKind::Check => Some(format!("ALTER TABLE {table} DROP CONSTRAINT {name}")),
            PartKind::Policy => Some(format!("DROP POLICY {name} ON {table}")),
            _ => None,
        }
    }
}

/// Returns the names of a trigger or rule as a side effect of its table, and of each partition.
pub(crate) fn effect_names(source: &SourceCatalog, part: &SourcePart) -> BTreeSet<String> {
    let name = |table: &Oid| format!("{} {} {}", part.kind.name(), source.ident(*table), part.bare);
    source.family(part.relation).iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::source::{CatalogClass, RelationKind, SourceRelation, SourceRoutine};

    fn source(body: &str, kind: PartKind) -> SourceCatalog {
        let mut source = SourceCatalog::default();
        for (oid, name) in [(1, "a"), (2, "b")] {
            let (schema, name) = ("public".to_owned(), name.to_owned());
            let ident = format!("public.{name}");
            let (kind, owner) = (RelationKind::Table, "o".to_owned());
            let relation =
                SourceRelation { oid, schema, name, ident, kind, unlogged: false, owner, rows: 0, bytes: 0 };
            source.relations.insert(oid, relation);
        }
        let routine = SourceRoutine {
            oid: 9,
            ident: "f()".into(),
            schema: "public".into(),
            name: "f".into(),
            language: "plpgsql".into(),
            body: body.into(),
        };
        source.routines.insert(9, routine);
        source.parts.push(SourcePart {
            kind,
            class: CatalogClass::Trigger,
            oid: 5,
            relation: 2,
            name: "\"Noted\"".into(),
            bare: "Noted".into(),
            rule: None,
            generated: None,
            roles: None,
        });
        source.references.insert((CatalogClass::Trigger, 5), [(CatalogClass::Routine, 9)].into());
        source
    }

    #[test]
    fn a_part_that_writes_elsewhere_is_found_and_one_that_reads_is_not() {
        let shown = |body: &str, kind| -> Vec<String> {
            let source = source(body, kind);
            crossing_writes(&source).iter().map(|one| one.shown(&source)).collect()
        };
        let writes = "BEGIN INSERT INTO a VALUES (1); INSERT INTO b VALUES (2); END";
        assert_eq!(shown(writes, PartKind::Trigger), ["trigger public.b.\"Noted\" writes into public.a"]);
        assert_eq!(shown(writes, PartKind::Default), ["default public.b.\"Noted\" writes into public.a"]);
        assert!(shown(writes, PartKind::Index).is_empty());
        assert!(shown("BEGIN PERFORM FROM a; DELETE FROM b; END", PartKind::Trigger).is_empty());
    }

    #[test]
    fn an_effect_has_the_names_of_its_table_and_partitions() {
        let source = source("", PartKind::Trigger);
        let names: Vec<String> = effect_names(&source, &source.parts[0]).into_iter().collect();
        assert_eq!(names, ["trigger public.b Noted"]);
    }
}
