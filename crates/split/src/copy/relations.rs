//! Relations of each service in the source, as the copy and every later step use them.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::database::tables::{DatabaseTables, TableShape};
use crate::map::answers::EdgeKind;
use crate::map::assignment::{RelationDestination, ServicePlacement};
use crate::map::plan::SplitPlan;
use crate::map::source::{RelationKind, SourceCatalog, SourceRelation};
use crate::state::SplitKind;
use crate::state::source::SplitRelation;
use crate::stream::publishing;
use martydb_model::ServiceName;
use martydb_model::hex;

/// Maximum size of a part, in bytes; larger tables are copied in parts.
const PART_BYTES: i64 = 64 << 20;

/// First major version that reads a range of pages without reading the whole table.
const READS_RANGES: u32 = 14;

/// Returns the tables of a service, including partitions, with their OIDs.
pub(crate) fn relations_of(
    service: &ServiceName,
    plan: &SplitPlan,
    source: &SourceCatalog,
    shapes: &DatabaseTables,
) -> Vec<SplitRelation> {
    let placement = ServicePlacement::Service(service.clone());
    let its =
        |oid: u32| plan.assignment.placements(oid).is_some_and(|placements| placements.contains(&placement));
    let tables = source.relations.values().filter(|one| one.is_table() && its(one.oid));
    let relation = |one: &SourceRelation| {
        let copy_of = match plan.assignment.destination(one.oid) {
            RelationDestination::Reference(table) if table.owner != *service => Some(table.owner.to_string()),
            _ => None,
        };
        let kind = match one.kind {
            RelationKind::PartitionedTable => SplitKind::Partitioned,
            _ => SplitKind::Table,
        };
        let shape = shapes.table(&one.schema, &one.name);
        let number = |of: fn(&TableShape) -> i64| shape.map_or(0, of);
        SplitRelation {
            service: service.to_string(),
            schema: one.schema.clone(),
            name: one.name.clone(),
            oid: one.oid,
            kind,
            copy_of,
            storage: number(|shape| shape.storage),
            pages: number(|shape| shape.pages),
            // A table whose queries must not be planned is copied as a whole.
            parts: shape
                .filter(|shape| shape.plain)
                .map_or(1, |shape| parts(shape.bytes, shape.pages, source.major)),
            bytes: number(|shape| shape.bytes),
            fingerprint: None,
        }
    };
    tables.map(relation).collect()
}

/// Returns notes on the services' tables for a copy that follows the source.
pub fn notes_on_following(plan: &SplitPlan, source: &SourceCatalog, shapes: &DatabaseTables) -> Vec<String> {
    let of = |(service, _): &(ServiceName, _)| {
        publishing::notes_on_following(&relations_of(service, plan, source, shapes), shapes)
    };
    plan.services.iter().flat_map(of).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the owners of a service's tables, each with the first of its tables, as the source prints both.
pub fn owners_of<'a>(
    service: &ServiceName,
    plan: &SplitPlan,
    source: &'a SourceCatalog,
) -> BTreeMap<&'a str, &'a str> {
    let placement = ServicePlacement::Service(service.clone());
    let its = |one: &&SourceRelation| {
        let copy = matches!(plan.assignment.destination(one.oid), RelationDestination::Reference(table) if table.owner != *service);
        one.is_table()
            && !copy
            && plan.assignment.placements(one.oid).is_some_and(|placements| placements.contains(&placement))
    };
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for one in source.relations.values().filter(its) {
        let first = owners.entry(&one.owner).or_insert(&one.ident);
        *first = (*first).min(&one.ident);
    }
    owners
}

/// Returns the OIDs of all tables and sequences that a split changes at the source.
pub fn numbers_of(plan: &SplitPlan, source: &SourceCatalog) -> Vec<u32> {
    let goes = |oid: u32| {
        plan.assignment.placements(oid).is_some_and(|placements| {
            placements.iter().any(|placement| *placement != ServicePlacement::Source)
        })
    };
    let kind = |one: &SourceRelation| one.is_table() || one.kind == RelationKind::Sequence;
    source.relations.values().filter(|one| kind(one) && goes(one.oid)).map(|one| one.oid).collect()
}

/// Returns the number of parts for a table of this size.
fn parts(bytes: i64, pages: i64, major: u32) -> i32 {
    if major < READS_RANGES {
        return 1;
    }
    i32::try_from((bytes / PART_BYTES + 1).min(pages.max(1))).unwrap_or(1)
}

/// Kinds of edges that a cutover, or the operator before one, removes from the source.
const REMOVED_EDGES: &[EdgeKind] =
    &[EdgeKind::ForeignKey, EdgeKind::Default, EdgeKind::Check, EdgeKind::Policy];

/// Returns a hash of the map: destinations and answers, without edges that end during the split.
pub(crate) fn map_hash(plan: &SplitPlan, relations: &[SplitRelation]) -> String {
    let mut hash = Sha256::new();
    for one in relations {
        let SplitRelation { service, schema, name, .. } = one;
        hash.update(format!("{service}\0{schema}\0{name}\0{}\0", one.copy_of.as_deref().unwrap_or_default()));
    }
    for edge in plan.edges.iter().filter(|edge| !REMOVED_EDGES.contains(&edge.kind)) {
        hash.update(format!("{}\0{}\0", edge.name(), edge.answer.as_deref().unwrap_or_default()));
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn large_tables_have_parts_and_none_is_empty_by_itself() {
        for (bytes, pages, major, expected) in [
            (0, 0, 15, 1),
            (8192, 1, 15, 1),
            (64 << 20, 8192, 15, 2),
            (1 << 30, 131_072, 15, 17),
            (1 << 30, 131_072, 13, 1),
            // Most of the table is stored out of line.
            (1 << 30, 3, 15, 3),
        ] {
            assert_eq!(parts(bytes, pages, major), expected, "{bytes} {pages} {major}");
        }
    }
}
