//! Tables that a request reads, if its answer may be kept.

use std::collections::BTreeMap;

use super::node::PlanNode;
use super::tree::PlannedTree;
use crate::catalog::{CachedTable, CatalogName, ServedCatalog};

/// Types of PostgreSQL to which a value may be cast, as `format_type` writes them: a type of the service of one of these names has
/// its schema before it. A cast to a domain runs code of the service.
const OWN_TYPES: &[&str] = &[
    "bigint", "boolean", "bytea", "character varying", "date", "double precision", "integer", "json",
    "jsonb", "numeric", "real", "smallint", "text", "time without time zone", "timestamp with time zone",
    "timestamp without time zone", "uuid",
];

impl PlannedTree<'_> {
    /// Returns the tables that the request reads, if answers of each of them are kept, and nothing else decides the answer.
    pub(crate) fn cached<'k>(&self, catalog: &'k ServedCatalog) -> Option<Vec<&'k CachedTable>> {
        if catalog.keeps_no_answers() || self.runs_code() {
            return None;
        }
        let mut found = BTreeMap::new();
        add(&self.root, catalog, &mut found)?;
        Some(found.into_values().collect())
    }
}

fn add<'k>(
    node: &PlanNode<'_>,
    catalog: &'k ServedCatalog,
    found: &mut BTreeMap<CatalogName, &'k CachedTable>,
) -> Option<()> {
    let mut casts = node.select.iter().flat_map(|field| field.cast.iter().chain(&field.aggregate_cast));
    if !casts.all(|cast| catalog.cast(cast).is_ok_and(|found| OWN_TYPES.contains(&found.name.as_str()))) {
        return None;
    }
    let own = (node.relation.schema.clone(), node.relation.name.clone());
    let junction = node.relationship.and_then(|one| one.junction.as_ref()).map(|one| one.table.clone());
    for table in [own].into_iter().chain(junction) {
        let cached = catalog.cached(&table)?;
        found.insert(table, cached);
    }
    node.children.iter().try_for_each(|child| add(child, catalog, found))
}
