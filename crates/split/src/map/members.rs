//! Objects of one service in the source: those that its schema begins with, those that are excluded, and those that are
//! undone afterwards.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::EdgeKind;
use super::assignment::{RelationDestination, ServicePlacement};
use super::dependencies::{DependKey, class};
use super::edges::CrossingEdge;
use super::placement::Placement;
use super::plan::SplitPlan;
use super::source::{CatalogClass, ObjectKey, Oid, PartKind, RelationKind, SourceCatalog, SourcePart, key};
use martydb_model::ServiceName;
use martydb_model::sql::{List, ServerText, stmt};

impl SplitPlan {
    /// Returns the objects of a service's schema that its owner cannot make.
    pub fn beyond(&self, service: &ServiceName, source: &SourceCatalog) -> Vec<String> {
        let placement = Placement::new(source, &self.assignment);
        let objects = ServiceObjects::new(service, self, source, &placement);
        let all = objects.closure(source, &placement, &BTreeSet::new());
        all.iter().filter_map(|key| source.beyond.get(key).cloned()).collect()
    }

    /// Returns the schemas of a service's objects, each with one of the objects.
    pub fn schemas(&self, service: &ServiceName, source: &SourceCatalog) -> BTreeMap<String, String> {
        let placement = Placement::new(source, &self.assignment);
        let objects = ServiceObjects::new(service, self, source, &placement);
        let all = objects.closure(source, &placement, &BTreeSet::new());
        let found = all.iter().filter_map(|(class, oid)| match *class {
            class::RELATION => source.relations.get(oid).map(|one| (&one.schema, &one.ident)),
            class::ROUTINE => source.routines.get(oid).map(|one| (&one.schema, &one.ident)),
            class::TYPE => source.types.get(oid).map(|one| (&one.schema, &one.ident)),
            _ => None,
        });
        found.map(|(schema, ident)| (schema.clone(), ident.clone())).collect()
    }
}

/// Objects of one service, without their dependencies.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceObjects {
    pub roots: BTreeSet<DependKey>,
    pub kept_out: BTreeSet<DependKey>,
    /// Partitions of a table in another database.
    pub detached: BTreeSet<Oid>,
    /// Tables of other services that are read here: their copies have no row security.
    pub copies: BTreeSet<Oid>,
    /// Relations outside whose row types columns here have: they become composite types.
    pub row_types: BTreeSet<Oid>,
    /// Tables outside that tables here inherit from: created for their columns, and dropped afterwards.
    pub parents: BTreeSet<Oid>,
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
                // It is valid in each database, and goes with what needs it, as such a function does.
                false if relation.is_view() && placement.is_without_tables(relation.oid) => {}
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
        all.inherit(source);
        all.add_row_types(source, placement, &own);
        let is_copy = |relation| matches!(plan.assignment.destination(relation), RelationDestination::Reference(table) if table.owner != *service);
        for part in source.parts.iter().filter(|part| part.stays_with_the_owner() && is_copy(part.relation)) {
            all.keep_out(key((part.class, part.oid)));
        }
        all.add_sequences(source, placement);
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
            EdgeKind::Function => self.leave(object, source, placement),
            _ => {}
        }
    }

    /// Adds the parents of tables here that are not here; their children keep the columns.
    fn inherit(&mut self, source: &SourceCatalog) {
        let mut left: Vec<Oid> =
            self.roots.iter().filter(|root| root.0 == class::RELATION).map(|root| root.1).collect();
        let mut detached = vec![];
        while let Some(child) = left.pop() {
            for one in source.children.iter().filter(|one| !one.partition && one.child == child) {
                if self.has(one.parent) {
                    continue;
                }
                if self.has(child) {
                    let [child, parent] = [child, one.parent]
                        .map(|oid| ServerText::quoted_by_server(source.ident(oid).to_owned()));
                    detached.push(stmt!("ALTER TABLE {child} NO INHERIT {parent};").shown().to_owned());
                }
                if self.parents.insert(one.parent) {
                    left.push(one.parent);
                }
            }
        }
        let parents: Vec<_> = self
            .parents
            .iter()
            .map(|oid| ServerText::quoted_by_server(source.ident(*oid).to_owned()))
            .collect();
        if !parents.is_empty() {
            detached.push(stmt!("DROP TABLE {parents};", parents = List(parents)).shown().to_owned());
        }
        // An inherited check cannot be dropped.
        self.afterwards.splice(0..0, detached);
        let needs: Vec<DependKey> =
            self.parents.iter().flat_map(|parent| source.depends.of_definition(*parent)).collect();
        self.roots.extend(needs);
    }

    fn add_row_types(&mut self, source: &SourceCatalog, placement: &Placement, own: &ServicePlacement) {
        let databases = [own.clone()].into();
        let mut left: Vec<Oid> =
            self.roots.iter().filter(|root| root.0 == class::RELATION).map(|root| root.1).collect();
        left.extend(&self.parents);
        while let Some(relation) = left.pop() {
            for row in placement.lacking_rows(relation, &databases) {
                if self.row_types.insert(row) {
                    left.push(row);
                    self.roots.extend(source.depends.of_definition(row).filter(|to| to.0 != class::ROUTINE));
                }
            }
        }
    }

    /// Adds the sequences of defaults and functions here that belong to tables outside.
    fn add_sequences(&mut self, source: &SourceCatalog, placement: &Placement) {
        let parts =
            source.parts.iter().filter(|part| self.has(part.relation)).map(|part| (part.class, part.oid));
        let routines = source.routines.keys().map(|oid| (CatalogClass::Routine, *oid));
        let users = parts.chain(routines.filter(|one| self.roots.contains(&key(*one))));
        let users: Vec<_> = users.filter(|one| !self.kept_out.contains(&key(*one))).collect();
        let sequences = placement.graph.needs(users).sequences;
        self.roots.extend(sequences.into_iter().map(|oid| (class::RELATION, oid)));
    }

    /// Returns all objects of the schema, except for `without` and those that need it.
    pub(crate) fn closure(
        &self,
        source: &SourceCatalog,
        placement: &Placement,
        without: &BTreeSet<DependKey>,
    ) -> BTreeSet<DependKey> {
        let is_sequence =
            |oid| source.relations.get(&oid).is_some_and(|one| one.kind == RelationKind::Sequence);
        let also = |(class, oid): DependKey| match class {
            class::ROUTINE => {
                let named = placement.graph.named(oid);
                named
                    .filter(|(class, oid)| *class == CatalogClass::Routine || is_sequence(*oid))
                    .map(key)
                    .collect()
            }
            _ => vec![],
        };
        let kept_out = self.kept_out.union(without).copied().collect();
        source.depends.closure(&self.roots, &kept_out, also)
    }

    /// Leaves a function where it is, without the defaults and checks here that call it: they are written within their table, so
    /// it is still there when they are removed.
    fn leave(&mut self, routine: ObjectKey, source: &SourceCatalog, placement: &Placement) {
        let within = |part: &&SourcePart| {
            matches!(part.kind, PartKind::Default | PartKind::Check) && self.has(part.relation)
        };
        let calls = |part: &&SourcePart| {
            placement.graph.needs([(part.class, part.oid)]).routines.contains(&routine.1)
        };
        let parts: Vec<&SourcePart> = source.parts.iter().filter(within).filter(calls).collect();
        if parts.is_empty() {
            self.keep_out(key(routine));
        }
        parts.into_iter().for_each(|part| self.undo(part, source.ident(part.relation)));
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
        // Two edges may have one part.
        let statement = statement.shown().to_owned();
        if !self.afterwards.contains(&statement) {
            self.afterwards.push(statement);
        }
    }
}
