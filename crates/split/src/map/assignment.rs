//! Assignment of each table to a service, from the map.

use std::collections::{BTreeMap, BTreeSet};

use super::proposal::SplitProposal;
use super::source::{Oid, SourceCatalog, SourceRelation};
use martydb_manifest::{ReferenceTable, SplitMap, TablePattern};
use martydb_model::ServiceName;

/// Destination of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelationDestination {
    Service(ServiceName),
    /// Its owner, and a copy for each reader.
    Reference(ReferenceTable),
    /// The shared database.
    Ignored,
    /// Several parts of the map contain the relation; these parts, as text.
    Disputed(Vec<String>),
    Unassigned,
}

/// Database that will contain a relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ServicePlacement {
    Source,
    Service(ServiceName),
}

/// Destinations of all relations, and the entries of the map without a relation.
pub struct Assignment {
    destinations: BTreeMap<Oid, RelationDestination>,
    /// Names and patterns of the map that match nothing in the database.
    pub unmatched: Vec<String>,
}

impl Assignment {
    pub fn new(map: &SplitMap, source: &SourceCatalog) -> Assignment {
        let claims = claims(map);
        let mut used = BTreeSet::new();
        let mut destinations = BTreeMap::new();
        for relation in source.relations.values() {
            let destination = decide(&claims, relation, &mut used);
            destinations.insert(relation.oid, destination);
        }
        follow(&mut destinations, source);
        let unmatched = claims.iter().enumerate().filter(|(at, _)| !used.contains(at));
        Assignment { destinations, unmatched: unmatched.map(|(_, claim)| claim.words()).collect() }
    }

    /// Returns the assignment of a proposal.
    pub fn proposed(proposal: &SplitProposal, source: &SourceCatalog) -> Assignment {
        let services = proposal.services.iter().flat_map(|(service, tables)| {
            tables.iter().map(|table| (table.table.as_str(), RelationDestination::Service(service.clone())))
        });
        let ignored =
            proposal.ignored.iter().map(|table| (table.table.as_str(), RelationDestination::Ignored));
        let named: BTreeMap<&str, RelationDestination> = services.chain(ignored).collect();
        let destination = |ident: &str| named.get(ident).cloned().unwrap_or(RelationDestination::Unassigned);
        let mut destinations =
            source.relations.values().map(|one| (one.oid, destination(&one.ident))).collect();
        follow(&mut destinations, source);
        Assignment { destinations, unmatched: vec![] }
    }

    pub fn destination(&self, relation: Oid) -> &RelationDestination {
        self.destinations.get(&relation).unwrap_or(&RelationDestination::Unassigned)
    }

    /// Returns the service that has the relation, and not a copy of it.
    pub fn owner(&self, relation: Oid) -> Option<&ServiceName> {
        match self.destination(relation) {
            RelationDestination::Service(service) => Some(service),
            RelationDestination::Reference(table) => Some(&table.owner),
            _ => None,
        }
    }

    /// Returns the databases that will contain the relation; `None` if it is unassigned.
    pub(crate) fn placements(&self, relation: Oid) -> Option<BTreeSet<ServicePlacement>> {
        match self.destination(relation) {
            RelationDestination::Service(service) => {
                Some([ServicePlacement::Service(service.clone())].into())
            }
            RelationDestination::Reference(table) => {
                let all = table.readers.iter().chain([&table.owner]);
                Some(all.map(|service| ServicePlacement::Service(service.clone())).collect())
            }
            RelationDestination::Ignored => Some([ServicePlacement::Source].into()),
            RelationDestination::Disputed(_) | RelationDestination::Unassigned => None,
        }
    }

    /// Returns the unassigned tables, and sequences of no table, each with the parts of the map that dispute it.
    pub fn open(&self, source: &SourceCatalog) -> Vec<(Oid, Vec<String>)> {
        let must = |relation: &&SourceRelation| source.has_to_be_placed(relation);
        let open = |relation: &SourceRelation| match self.destination(relation.oid) {
            RelationDestination::Unassigned => Some((relation.oid, vec![])),
            RelationDestination::Disputed(claims) => Some((relation.oid, claims.clone())),
            _ => None,
        };
        source.relations.values().filter(must).filter_map(open).collect()
    }

    /// Returns the tables of a service, the partitions of one table as one. Reference tables belong to their owner.
    pub fn tables_of(&self, service: &ServiceName, source: &SourceCatalog) -> Vec<Oid> {
        let its = |relation: &&SourceRelation| match self.destination(relation.oid) {
            RelationDestination::Service(destination) => destination == service,
            RelationDestination::Reference(table) => {
                table.owner == *service || table.readers.contains(service)
            }
            _ => false,
        };
        let whole = |relation: &&SourceRelation| {
            let root = source.root(relation.oid);
            root == relation.oid || self.destination(root) != self.destination(relation.oid)
        };
        let tables =
            source.relations.values().filter(|relation| relation.is_table()).filter(its).filter(whole);
        tables.map(|relation| relation.oid).collect()
    }
}

/// Places partitions that no other part of the map contains with their table, as well as objects that belong to a
/// table.
fn follow(destinations: &mut BTreeMap<Oid, RelationDestination>, source: &SourceCatalog) {
    for oid in source.relations.keys() {
        let above = source.owner_of_sequence(*oid).unwrap_or_else(|| source.root(*oid));
        if above != *oid && destinations.get(oid) == Some(&RelationDestination::Unassigned) {
            let destination =
                destinations.get(&source.root(above)).cloned().unwrap_or(RelationDestination::Unassigned);
            destinations.insert(*oid, destination);
        }
    }
}

/// Part of the map that assigns tables.
struct MapClaim<'a> {
    pattern: &'a TablePattern,
    destination: RelationDestination,
}

impl MapClaim<'_> {
    fn words(&self) -> String {
        let pattern = self.pattern.as_str();
        match &self.destination {
            RelationDestination::Service(service) => format!("{pattern} of {service}"),
            RelationDestination::Reference(_) => format!("{pattern} under reference"),
            _ => format!("{pattern} under ignore"),
        }
    }
}

fn claims(map: &SplitMap) -> Vec<MapClaim<'_>> {
    let services = map.services.iter().flat_map(|(service, patterns)| {
        patterns
            .iter()
            .map(|pattern| MapClaim { pattern, destination: RelationDestination::Service(service.clone()) })
    });
    let reference = map.reference.iter();
    let reference = reference.map(|(pattern, table)| MapClaim {
        pattern,
        destination: RelationDestination::Reference(table.clone()),
    });
    let ignored =
        map.ignore.iter().map(|pattern| MapClaim { pattern, destination: RelationDestination::Ignored });
    services.chain(reference).chain(ignored).collect()
}

/// Chooses the destination: a full name overrides a pattern; two of the same kind must agree.
fn decide(claims: &[MapClaim], relation: &SourceRelation, used: &mut BTreeSet<usize>) -> RelationDestination {
    let matching = |(at, claim): (usize, &MapClaim)| {
        claim.pattern.matches(&relation.schema, &relation.name).then_some(at)
    };
    let all: Vec<usize> = claims.iter().enumerate().filter_map(matching).collect();
    used.extend(&all);
    let (exact, patterns): (Vec<usize>, Vec<usize>) =
        all.into_iter().partition(|at| claims[*at].pattern.is_exact());
    let best = if exact.is_empty() { patterns } else { exact };
    let Some(first) = best.first() else { return RelationDestination::Unassigned };
    if best.iter().all(|at| claims[*at].destination == claims[*first].destination) {
        return claims[*first].destination.clone();
    }
    RelationDestination::Disputed(best.iter().map(|at| claims[*at].words()).collect())
}
