//! Objects of one service in the source: those that its schema begins with, those that are excluded, and those that are
//! undone afterwards.

use std::collections::BTreeSet;

use super::answers::EdgeKind;
use super::assignment::{RelationDestination, ServicePlacement};
use super::dependencies::{DependKey, class, key};
use super::edges::CrossingEdge;
use super::placement::Placement;
use super::plan::SplitPlan;
use super::source::{CatalogClass, Oid, PartKind, RelationKind, SourceCatalog, SourcePart};
use martydb_model::ServiceName;
use martydb_model::sql::{ServerText, stmt};

/// Objects of one service, without their dependencies.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceObjects {
    pub roots: BTreeSet<DependKey>,
    pub kept_out: BTreeSet<DependKey>,
    /// Partitions of a table in another database.
    pub detached: BTreeSet<Oid>,
    /// Tables of other services that are read here: their copies have no row security.
    pub copies: BTreeSet<Oid>,
    /// Statements that remove parts of a table which an answer dropped.
    pub afterwards: Vec<String>,
    /// Reasons why no file can be written, as text.
    pub refused: Vec<String>,
}

impl ServiceObjects {
    pub(crate) fn new(
        service: &ServiceName,
        plan: &SplitPlan,
        source: &SourceCatalog,
        placement: &Placement,
    ) -> ServiceObjects {
        let own = ServicePlacement::Service(service.clone());
        let mut all = ServiceObjects::default();
        for relation in source.relations.values() {
            let here = match relation.kind {
                RelationKind::Sequence => {
                    *plan.assignment.destination(relation.oid)
                        == RelationDestination::Service(service.clone())
                }
                _ => placement.placements(relation.oid).is_some_and(|placements| placements.contains(&own)),
            };
            let object = (class::RELATION, relation.oid);
            match here {
                true => drop(all.roots.insert(object)),
                false if relation.kind == RelationKind::Sequence => {}
                false => drop(all.kept_out.insert(object)),
            }
        }
        for routine in source.routines.keys() {
            let needs = placement.graph.needs([(CatalogClass::Routine, *routine)]);
            if placement.common(&needs.tables).is_some_and(|placements| placements.contains(&own)) {
                all.roots.insert((class::ROUTINE, *routine));
            }
        }
        for edge in &plan.edges {
            all.answer(edge, source, placement);
        }
        let is_copy = |relation| matches!(plan.assignment.destination(relation), RelationDestination::Reference(table) if table.owner != *service);
        for part in source.parts.iter().filter(|part| part.stays_with_the_owner() && is_copy(part.relation)) {
            all.keep_out(key((part.class, part.oid)));
        }
        all.copies = source.relations.keys().copied().filter(|relation| is_copy(*relation)).collect();
        let out = all.kept_out.clone();
        all.roots.retain(|root| !out.contains(root));
        all
    }

    fn has(&self, relation: Oid) -> bool {
        self.roots.contains(&(class::RELATION, relation))
    }

    fn answer(&mut self, edge: &CrossingEdge, source: &SourceCatalog, placement: &Placement) {
        let Some(object) = edge.object else { return };
        let part = source.parts.iter().find(|part| (part.class, part.oid) == object);
        let relation = part.map_or(object.1, |part| part.relation);
        match edge.kind {
            EdgeKind::View | EdgeKind::MaterializedView | EdgeKind::Rule | EdgeKind::Trigger => {
                self.keep_out(key(object))
            }
            EdgeKind::Policy | EdgeKind::Index => self.keep_out(key(object)),
            EdgeKind::Partition if self.has(relation) => drop(self.detached.insert(relation)),
            EdgeKind::Inheritance if self.has(relation) => {
                self.refused.push(format!(
                    "{} inherits its columns from {}, which is in another database",
                    edge.from, edge.to
                ));
            }
            EdgeKind::Default | EdgeKind::Check if self.has(relation) => {
                if let Some(part) = part {
                    self.undo(part, source.ident(relation));
                }
            }
            EdgeKind::Function if edge.answer.as_deref() == Some("copy") => {
                let tables = placement.graph.needs([object]).tables;
                if tables.iter().any(|table| self.has(*table)) {
                    self.roots.insert(key(object));
                }
            }
            EdgeKind::Function => self.keep_out(key(object)),
            _ => {}
        }
    }

    fn keep_out(&mut self, object: DependKey) {
        self.kept_out.insert(object);
    }

    /// Removes a default or a check, which are parts of their table's DDL.
    fn undo(&mut self, part: &SourcePart, ident: &str) {
        let table = ServerText::quoted_by_server(ident.to_owned());
        let name = ServerText::quoted_by_server(part.name.clone());
        let statement = match (part.kind, part.generated.as_deref()) {
            (PartKind::Check, _) => stmt!("ALTER TABLE {table} DROP CONSTRAINT {name};"),
            (_, Some("s")) => stmt!("ALTER TABLE {table} ALTER COLUMN {name} DROP EXPRESSION;"),
            (_, Some("v")) => {
                let name = &part.name;
                self.refused.push(format!(
                    "{ident}.{name} is virtual, and generated from an object in another database"
                ));
                return;
            }
            _ => stmt!("ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT;"),
        };
        self.afterwards.push(statement.shown().to_owned());
    }
}
