//! Databases of an object, derived from the tables that it needs.

use std::collections::BTreeSet;

use super::assignment::{Assignment, RelationDestination, ServicePlacement};
use super::needs::ReferenceGraph;
use super::source::{CatalogClass, Oid, SourceCatalog};

/// Databases that will contain an object.
pub(crate) type Placements = BTreeSet<ServicePlacement>;

/// Source with the places of its tables.
pub(crate) struct Placement<'a> {
    source: &'a SourceCatalog,
    assignment: &'a Assignment,
    pub graph: ReferenceGraph<'a>,
}

impl<'a> Placement<'a> {
    pub(crate) fn new(source: &'a SourceCatalog, assignment: &'a Assignment) -> Placement<'a> {
        Placement { source, assignment, graph: ReferenceGraph::new(source) }
    }

    /// Returns the tables that are missing in some database of an object that needs them. Unassigned tables are not
    /// judged.
    pub(crate) fn missing(&self, placements: &Placements, tables: &BTreeSet<Oid>) -> Vec<Oid> {
        let lacks = |table: &Oid| {
            self.assignment.placements(*table).is_some_and(|there| !placements.is_subset(&there))
        };
        tables.iter().copied().filter(lacks).collect()
    }

    /// Returns the databases that have all of these tables; `None` if one of them is unassigned.
    pub(crate) fn common(&self, tables: &BTreeSet<Oid>) -> Option<Placements> {
        let mut all = tables.iter().map(|table| self.assignment.placements(*table));
        let first = all.next()??;
        all.try_fold(first, |common, placements| Some(common.intersection(&placements?).cloned().collect()))
    }

    /// Returns `true` for a relation that needs no table, such as a view of the server's own statistics.
    pub(crate) fn is_without_tables(&self, relation: Oid) -> bool {
        self.graph.needs([(CatalogClass::Relation, relation)]).tables.is_empty()
    }

    /// Returns the databases of a relation. A view is where the map places it, or else wherever all of its tables are.
    pub(crate) fn placements(&self, relation: Oid) -> Option<Placements> {
        let is_view = self.source.relations.get(&relation).is_some_and(|one| one.is_view());
        if is_view && *self.assignment.destination(relation) == RelationDestination::Unassigned {
            let needs = self.graph.needs([(CatalogClass::Relation, relation)]);
            return self.common(&needs.tables).filter(|placements| !placements.is_empty());
        }
        self.assignment.placements(relation)
    }
    /// Returns the relations whose row types a table's columns have, and which some of these databases of the table lack.
    pub(crate) fn lacking_rows(&self, table: Oid, databases: &Placements) -> BTreeSet<Oid> {
        let judged = |row: &Oid| match self.placements(*row) {
            Some(there) => !databases.is_subset(&there),
            None => !self.source.relations.get(row).is_some_and(|one| one.is_table()),
        };
        self.graph.row_types(table).into_iter().filter(judged).collect()
    }
}
