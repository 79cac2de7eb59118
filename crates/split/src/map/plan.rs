//! Plan of a split: the map, the shared database and the answers combined.

use std::collections::BTreeSet;

use super::answers::EdgeKind;
use super::assignment::{Assignment, RelationDestination};
use super::crossing_writes::{CrossingWrite, crossing_writes};
use super::edges::{CrossingEdge, crossing_edges};
use super::needs::ReferenceGraph;
use super::proposal::SplitProposal;
use super::source::{CatalogClass, RelationKind, SourceCatalog};
use martydb_manifest::SplitMap;
use martydb_model::ServiceName;
use martydb_model::error::{Error, Result};

/// Returns the edges of a proposal.
pub fn edges_of(proposal: &SplitProposal, source: &SourceCatalog) -> Vec<CrossingEdge> {
    crossing_edges(source, &Assignment::proposed(proposal, source))
}

/// Plan of a split.
pub struct SplitPlan {
    pub services: Vec<(ServiceName, Vec<PlannedTable>)>,
    pub open: Vec<OpenTable>,
    pub edges: Vec<CrossingEdge>,
    /// Objects that belong to no service and need no decision, as text.
    pub left: Vec<String>,
    /// Parts of the map that match nothing, and what the order of the cutovers must respect, as text.
    pub notes: Vec<String>,
    pub assignment: Assignment,
}

/// Table with its partitions.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PlannedTable {
    pub table: String,
    pub rows: i64,
    pub bytes: i64,
    pub partitions: usize,
    /// `true` if the service has a copy of another one's reference table.
    pub copy: bool,
}

/// Table or sequence that the map does not assign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTable {
    pub name: String,
    /// Parts of the map that dispute it.
    pub claims: Vec<String>,
}

impl SplitPlan {
    /// # Errors
    /// If the map has an invalid answer to an edge.
    pub fn new(map: &SplitMap, source: &SourceCatalog) -> Result<SplitPlan> {
        let assignment = Assignment::new(map, source);
        let mut edges = crossing_edges(source, &assignment);
        let mut notes: Vec<String> = assignment
            .unmatched
            .iter()
            .map(|words| format!("{words}: no object of the source has that name"))
            .collect();
        notes.extend(answer(map, &mut edges)?);
        notes.extend(order(&assignment, source));
        let services = map.services.keys();
        let tables = |service: &ServiceName| (service.clone(), tables(&assignment, source, service));
        let services = services.map(tables).collect();
        let open = assignment.open(source).into_iter();
        let open =
            open.map(|(oid, claims)| OpenTable { name: source.ident(oid).to_owned(), claims }).collect();
        Ok(SplitPlan { services, open, edges, left: left(source), notes, assignment })
    }

    pub fn unanswered(&self) -> impl Iterator<Item = &CrossingEdge> {
        self.edges.iter().filter(|edge| edge.answer.is_none())
    }

    /// Returns `true` if no service has a table.
    pub fn is_empty(&self) -> bool {
        self.services.iter().all(|(_, tables)| tables.is_empty())
    }

    /// Returns `true` if every table is assigned and every edge has an answer.
    pub fn is_complete(&self) -> bool {
        !self.is_empty() && self.open.is_empty() && self.unanswered().next().is_none()
    }
}

/// Returns the effects of each cutover on tables that stay open in the source and write into those of its service.
fn order(assignment: &Assignment, source: &SourceCatalog) -> BTreeSet<String> {
    let writes = crossing_writes(source);
    let note = |write: &CrossingWrite| {
        let its = assignment.owner(write.into)?;
        let shown = write.shown(source);
        let own = match assignment.destination(write.part.relation) {
            RelationDestination::Unassigned | RelationDestination::Disputed(_) => return None,
            _ => assignment.owner(write.part.relation),
        };
        match own {
            Some(own) if own == its => None,
            _ if write.part.is_switchable() => Some(format!(
                "{shown}: the cutover of {its} disables it in the source, a rollback enables it"
            )),
            Some(own) => Some(format!("{shown}: cut over {own} before {its}")),
            None => {
                Some(format!("{shown}: the cutover of {its} refuses until it is removed from the source"))
            }
        }
    };
    writes.iter().filter_map(note).collect()
}

fn tables(assignment: &Assignment, source: &SourceCatalog, service: &ServiceName) -> Vec<PlannedTable> {
    let mut all: Vec<PlannedTable> = vec![];
    for oid in assignment.tables_of(service, source) {
        let destination = assignment.destination(oid);
        let with = source.relations.values().filter(|one| {
            one.oid == oid
                || source.root(one.oid) == oid
                    && one.is_table()
                    && assignment.destination(one.oid) == destination
        });
        let (mut rows, mut bytes, mut partitions) = (0, 0, 0);
        for one in with {
            rows += one.rows;
            bytes += one.bytes;
            partitions += usize::from(one.oid != oid && one.kind == RelationKind::Table);
        }
        let copy = match destination {
            RelationDestination::Reference(table) => table.owner != *service,
            _ => false,
        };
        all.push(PlannedTable { table: source.ident(oid).to_owned(), rows, bytes, partitions, copy });
    }
    all.sort_by(|a, b| a.table.cmp(&b.table));
    all
}

/// Sets the answers of the edges, and returns unused ones as text. A full edge name overrides a pattern.
fn answer(map: &SplitMap, edges: &mut [CrossingEdge]) -> Result<Vec<String>> {
    let mut used = vec![false; map.answers.len()];
    for edge in edges.iter_mut() {
        let name = edge.name();
        let about: Vec<usize> = (0..used.len()).filter(|at| map.answers[*at].is_about(&name)).collect();
        about.iter().for_each(|at| used[*at] = true);
        let exact = about.iter().find(|at| map.answers[**at].edge == name);
        let Some(at) = exact.or(about.first()) else { continue };
        let given = &map.answers[*at];
        if edge.kind.choices().iter().all(|choice| choice.answer != given.answer) {
            return Err(wrong(map, *at, edge.kind, &name));
        }
        edge.answer = Some(given.answer.clone());
        edge.reason.clone_from(&given.reason);
    }
    let unused = used.iter().enumerate().filter(|(_, used)| !**used);
    Ok(unused.map(|(at, _)| format!("{}: no edge has that name", map.place_of_answer(at))).collect())
}

fn wrong(map: &SplitMap, at: usize, kind: EdgeKind, edge: &str) -> Error {
    let choices: Vec<&str> = kind.choices().iter().map(|choice| choice.answer).collect();
    let given = &map.answers[at].answer;
    map.wrong_answer(at, format!("\"{given}\" is not a valid answer to \"{edge}\""))
        .hint(format!("choices: {}", choices.join(", ")))
}

/// Returns objects of the source without a destination: foreign tables, and routines that name no table and that
/// nothing needs.
fn left(source: &SourceCatalog) -> Vec<String> {
    let graph = ReferenceGraph::new(source);
    let parts = source.parts.iter().map(|part| (part.class, part.oid));
    let routines = source.routines.keys().map(|oid| (CatalogClass::Routine, *oid));
    let needed: BTreeSet<u32> = parts.chain(routines).flat_map(|key| graph.needs([key]).routines).collect();
    let is_alone = |oid: &u32| {
        let tables = graph.needs([(CatalogClass::Routine, *oid)]).tables;
        tables.is_empty() && !needed.contains(oid) && !graph.is_unknown(*oid)
    };
    let foreign = source.relations.values().filter(|relation| relation.kind == RelationKind::ForeignTable);
    let foreign = foreign.map(|relation| format!("foreign table {}", relation.ident));
    let alone = source.routines.values().filter(|routine| is_alone(&routine.oid));
    let events = source.event_triggers.iter().map(|name| format!("event trigger {name}"));
    foreign.chain(alone.map(|routine| format!("function {}", routine.ident))).chain(events).collect()
}
