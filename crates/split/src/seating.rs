//! In which databases something will be, by the tables that it needs.

use std::collections::BTreeSet;

use super::assignment::{Assignment, Home, Seat};
use super::needs::ReferenceGraph;
use super::source::{CatalogueClass, ObjectNumber, SourceCatalogue};

/// Databases in which something will be.
pub type Seats = BTreeSet<Seat>;

/// A source with the places of its tables.
pub struct Seating<'a> {
    source: &'a SourceCatalogue,
    assignment: &'a Assignment,
    pub graph: ReferenceGraph<'a>,
}

impl<'a> Seating<'a> {
    pub fn of(source: &'a SourceCatalogue, assignment: &'a Assignment) -> Seating<'a> {
        Seating { source, assignment, graph: ReferenceGraph::of(source) }
    }

    /// The tables that are not everywhere where something will be that needs them. What is open is not judged.
    pub fn missing(&self, seats: &Seats, tables: &BTreeSet<ObjectNumber>) -> Vec<ObjectNumber> {
        let lacks = |table: &ObjectNumber| {
            self.assignment.seats(*table).is_some_and(|there| !seats.is_subset(&there))
        };
        tables.iter().copied().filter(lacks).collect()
    }

    /// The databases that have all of these tables; `None` while one of them is open.
    pub fn common(&self, tables: &BTreeSet<ObjectNumber>) -> Option<Seats> {
        let mut all = tables.iter().map(|table| self.assignment.seats(*table));
        let first = all.next()??;
        all.try_fold(first, |common, seats| Some(common.intersection(&seats?).cloned().collect()))
    }

    /// A view is where the map says, or else wherever all of its tables are.
    pub fn seats(&self, relation: ObjectNumber) -> Option<Seats> {
        let is_view = self.source.relations.get(&relation).is_some_and(|one| one.is_view());
        if is_view && *self.assignment.home(relation) == Home::Unassigned {
            let needs = self.graph.needs([(CatalogueClass::Relation, relation)]);
            return self.common(&needs.tables).filter(|seats| !seats.is_empty());
        }
        self.assignment.seats(relation)
    }
}
