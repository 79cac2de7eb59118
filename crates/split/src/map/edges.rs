//! Edges that cross a boundary after every table has its place: objects that need something outside of their databases.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::EdgeKind;
use super::assignment::{Assignment, RelationDestination, ServicePlacement};
use super::needs::Needs;
use super::placement::{Placement, Placements};
use super::source::{
    CatalogClass, ObjectKey, Oid, PartKind, RelationKind, SourceCatalog, SourceForeignKey, SourcePart,
};

/// Edge that crosses a boundary, with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossingEdge {
    pub kind: EdgeKind,
    pub from: String,
    pub to: String,
    pub answer: Option<String>,
    pub reason: Option<String>,
    /// Crossing object, if it is a single one: a target that cannot contain it does without.
    pub object: Option<ObjectKey>,
}

impl CrossingEdge {
    /// Returns the name, as in the map.
    pub fn name(&self) -> String {
        format!("{} {} -> {}", self.kind.name(), self.from, self.to)
    }
}

/// Stands for the tables of a routine that builds its statements at run time.
const UNKNOWN: &str = "unknown";

/// Returns all edges, each once, in the order of their kinds and names.
pub(crate) fn crossing_edges(source: &SourceCatalog, assignment: &Assignment) -> Vec<CrossingEdge> {
    let placement = Placement::new(source, assignment);
    let mut finder = EdgeFinder { source, assignment, placement, parts: vec![], found: vec![] };
    finder.gather();
    finder.foreign_keys();
    finder.children();
    finder.views();
    finder.hanging();
    finder.sequences();
    finder.types();
    finder.row_types();
    finder.routines();
    finder.large_objects();
    finder.publications();
    let mut found = finder.found;
    found.sort_by_key(|edge| (edge.kind, edge.name()));
    found.dedup_by_key(|edge| edge.name());
    found
}

struct EdgeFinder<'a> {
    source: &'a SourceCatalog,
    assignment: &'a Assignment,
    placement: Placement<'a>,
    /// Parts of tables, with their needs.
    parts: Vec<(&'a SourcePart, Needs)>,
    found: Vec<CrossingEdge>,
}

impl<'a> EdgeFinder<'a> {
    fn add(&mut self, kind: EdgeKind, from: impl Into<String>, to: impl Into<String>) {
        let (from, to) = (from.into(), to.into());
        self.found.push(CrossingEdge { kind, from, to, answer: None, reason: None, object: None });
    }

    fn add_object(&mut self, kind: EdgeKind, from: String, to: String, object: ObjectKey) {
        self.found.push(CrossingEdge { kind, from, to, answer: None, reason: None, object: Some(object) });
    }

    fn names(&self, relations: impl IntoIterator<Item = Oid>) -> String {
        let names: Vec<&str> = relations.into_iter().map(|oid| self.source.ident(oid)).collect();
        names.join(", ")
    }

    /// Collects parts. A partition in the place of its table adds nothing to the table's parts.
    fn gather(&mut self) {
        let source = self.source;
        let speaks = |part: &&SourcePart| {
            let root = source.root(part.relation);
            part.kind != PartKind::View
                && (root == part.relation
                    || self.assignment.destination(root) != self.assignment.destination(part.relation))
        };
        let parts = source.parts.iter().filter(speaks);
        self.parts = parts.map(|part| (part, self.placement.graph.needs([(part.class, part.oid)]))).collect();
    }

    fn foreign_keys(&mut self) {
        let source = self.source;
        for key in &source.foreign_keys {
            let Some(placements) = self.assignment.placements(key.relation) else { continue };
            if !self.placement.missing(&placements, &[key.to].into()).is_empty() {
                let (from, to) = foreign_key(source, key);
                self.add_object(EdgeKind::ForeignKey, from, to, (CatalogClass::Constraint, key.oid));
            }
        }
    }

    fn children(&mut self) {
        let source = self.source;
        for one in &source.children {
            let (child, parent) =
                (self.assignment.placements(one.child), self.assignment.placements(one.parent));
            if let (Some(child), Some(parent)) = (child, parent)
                && child != parent
            {
                let kind = if one.partition { EdgeKind::Partition } else { EdgeKind::Inheritance };
                let object = (CatalogClass::Relation, one.child);
                self.add_object(
                    kind,
                    source.ident(one.child).into(),
                    source.ident(one.parent).into(),
                    object,
                );
            }
        }
    }

    fn views(&mut self) {
        let source = self.source;
        for view in source.relations.values().filter(|relation| relation.is_view()) {
            let kind = match view.kind {
                RelationKind::MaterializedView => EdgeKind::MaterializedView,
                _ => EdgeKind::View,
            };
            let tables = self.placement.graph.needs([(CatalogClass::Relation, view.oid)]).tables;
            let missing = match self.assignment.destination(view.oid) {
                RelationDestination::Ignored => continue,
                RelationDestination::Unassigned => match self.placement.common(&tables) {
                    Some(common) if common.is_empty() => tables.into_iter().collect(),
                    _ => vec![],
                },
                _ => self
                    .assignment
                    .placements(view.oid)
                    .map_or(vec![], |placements| self.placement.missing(&placements, &tables)),
            };
            if !missing.is_empty() {
                let to = self.names(missing);
                self.add_object(kind, view.ident.clone(), to, (CatalogClass::Relation, view.oid));
            }
        }
    }

    /// Finds crossing rules, triggers, policies, defaults, checks and indexes.
    fn hanging(&mut self) {
        let mut crossing = vec![];
        for (part, needs) in &self.parts {
            let Some(kind) = part.kind.edge() else { continue };
            let mut others = needs.tables.clone();
            others.remove(&self.source.root(part.relation));
            let placements = match part.stays_with_the_owner() {
                true => Some(self.writers(part.relation)),
                false => self.placement.placements(part.relation),
            };
            let missing =
                placements.as_ref().map_or(vec![], |placements| self.placement.missing(placements, &others));
            let mut to: Vec<String> =
                missing.into_iter().map(|oid| self.source.ident(oid).to_owned()).collect();
            // Roles belong to the whole server: each service has its own, which the manifest creates.
            let moved = placements.is_some_and(|placements| {
                placements.iter().any(|placement| matches!(placement, ServicePlacement::Service(_)))
            });
            let roles = part.roles.iter().flatten().filter(|_| moved);
            to.extend(roles.map(|role| format!("role {role}")));
            if !to.is_empty() {
                let from = format!("{}.{}", self.source.ident(part.relation), part.name);
                crossing.push((kind, from, to.join(", "), (part.class, part.oid)));
            }
        }
        for (kind, from, to, object) in crossing {
            self.add_object(kind, from, to, object);
        }
    }

    /// Returns the services that write a table: only the owner of a reference table.
    fn writers(&self, relation: Oid) -> Placements {
        match self.assignment.destination(relation) {
            RelationDestination::Reference(table) => [ServicePlacement::Service(table.owner.clone())].into(),
            _ => self.assignment.placements(relation).unwrap_or_default(),
        }
    }

    fn is_shared(&self, users: &BTreeSet<Oid>) -> bool {
        users.iter().flat_map(|user| self.writers(*user)).collect::<Placements>().len() > 1
    }

    fn sequences(&mut self) {
        let mut users: BTreeMap<Oid, BTreeSet<Oid>> = BTreeMap::new();
        for (part, needs) in &self.parts {
            for sequence in &needs.sequences {
                users.entry(*sequence).or_default().insert(self.source.root(part.relation));
            }
        }
        for (sequence, tables) in &mut users {
            tables.extend(self.source.owner_of_sequence(*sequence));
            if self.source.owner_of_sequence(*sequence).is_none()
                && self.assignment.placements(*sequence).is_some()
            {
                tables.insert(*sequence);
            }
        }
        for (sequence, tables) in
            users.iter().filter(|(_, tables)| self.is_shared(tables)).collect::<Vec<_>>()
        {
            let to = self.names(tables.iter().copied().filter(|table| table != sequence));
            let from = self.source.ident(*sequence).to_owned();
            self.add(EdgeKind::Sequence, from, to);
        }
    }

    fn types(&mut self) {
        let mut users: BTreeMap<Oid, BTreeSet<Oid>> = BTreeMap::new();
        let source = self.source;
        for table in source.relations.values().filter(|relation| relation.is_table()) {
            for one in self.placement.graph.needs([(CatalogClass::Relation, table.oid)]).types {
                users.entry(one).or_default().insert(self.source.root(table.oid));
            }
        }
        for (oid, tables) in &users {
            let Some(one) = source.types.get(oid) else { continue };
            // Readers count here: their copies have the columns, too.
            let placements: Placements =
                tables.iter().filter_map(|table| self.assignment.placements(*table)).flatten().collect();
            if placements.len() > 1 && one.kind != 'm' {
                let kind = if one.kind == 'd' { EdgeKind::Domain } else { EdgeKind::Type };
                let to = self.names(tables.iter().copied());
                self.add(kind, one.ident.as_str(), to);
            }
        }
    }

    /// Finds columns of the row type of a relation in another database.
    fn row_types(&mut self) {
        let (source, mut users) = (self.source, BTreeMap::<Oid, BTreeSet<Oid>>::new());
        for table in source.relations.values().filter(|relation| relation.is_table()) {
            let Some(databases) = self.assignment.placements(table.oid) else { continue };
            for row in self.placement.lacking_rows(table.oid, &databases) {
                users.entry(row).or_default().insert(source.root(table.oid));
            }
        }
        for (row, tables) in users {
            let to = self.names(tables);
            self.add(EdgeKind::Type, source.ident(row), to);
        }
    }

    /// Finds crossing routines. A routine that a part of a table calls is covered by that part, unless it has dynamic
    /// SQL.
    fn routines(&mut self) {
        let attached: BTreeSet<Oid> =
            self.parts.iter().flat_map(|(_, needs)| needs.routines.iter().copied()).collect();
        let source = self.source;
        for routine in source.routines.values() {
            let needs = self.placement.graph.needs([(CatalogClass::Routine, routine.oid)]);
            let crosses = !attached.contains(&routine.oid)
                && self.placement.common(&needs.tables).is_some_and(|common| common.is_empty());
            let mut to: Vec<String> = vec![];
            if crosses {
                to.push(self.names(needs.tables));
            }
            if self.placement.graph.is_unknown(routine.oid) {
                to.push(UNKNOWN.into());
            }
            if !to.is_empty() {
                let object = (CatalogClass::Routine, routine.oid);
                self.add_object(EdgeKind::Function, routine.ident.clone(), to.join(", "), object);
            }
        }
    }

    fn large_objects(&mut self) {
        let source = self.source;
        for column in &source.large_object_columns {
            if self.is_moved(column.relation) {
                let from = format!("{}.{}", source.ident(column.relation), column.name);
                self.add(EdgeKind::LargeObject, from, "large objects");
            }
        }
    }

    fn is_moved(&self, relation: Oid) -> bool {
        matches!(
            self.assignment.destination(relation),
            RelationDestination::Service(_) | RelationDestination::Reference(_)
        )
    }

    fn publications(&mut self) {
        let source = self.source;
        for publication in &source.publications {
            let listed = publication.tables.as_deref().unwrap_or_default();
            let moved = listed.iter().filter(|oid| self.is_moved(**oid)).map(|oid| source.ident(*oid));
            let moved: BTreeSet<&str> = moved.collect();
            let any = source.relations.values().any(|one| one.is_table() && self.is_moved(one.oid));
            let to = match publication.all {
                true if any => "all tables".to_owned(),
                true => continue,
                false => moved.into_iter().collect::<Vec<_>>().join(", "),
            };
            if !to.is_empty() {
                self.add(EdgeKind::Publication, publication.name.as_str(), to);
            }
        }
    }
}

/// Formats `schema.table.column`, or `schema.table.(a, b)` for several columns.
fn foreign_key(source: &SourceCatalog, key: &SourceForeignKey) -> (String, String) {
    let columns = |all: &[String]| match all {
        [one] => one.clone(),
        all => format!("({})", all.join(", ")),
    };
    (
        format!("{}.{}", source.ident(key.relation), columns(&key.columns)),
        format!("{}.{}", source.ident(key.to), columns(&key.to_columns)),
    )
}
