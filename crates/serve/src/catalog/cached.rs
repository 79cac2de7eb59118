//! Tables whose answers are kept, and why those of others that the manifest names are not.

use std::collections::BTreeMap;
use std::time::Duration;

use martydb_model::WriteCounter;
use martydb_model::sql::{List, Statement, stmt};
use serde::Deserialize;

use super::relations::{CatalogName, ExposedRelation};
use super::views::CatalogOid;
use crate::settings::ServedExposure;

/// A relation of a name that the manifest keeps answers of, as the catalogs have it.
#[derive(Debug, Deserialize)]
pub(super) struct RawCached {
    oid: CatalogOid,
    schema: String,
    name: String,
    /// The function that its trigger calls, and its name.
    function: Option<CatalogOid>,
    counter: Option<String>,
    /// The property that forbids to keep its answers.
    why: Option<String>,
}

/// A table whose answers are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CachedTable {
    pub oid: CatalogOid,
    /// Schema and name, by which a statement reads it.
    pub name: CatalogName,
    /// The function that counts its writes.
    pub function: CatalogOid,
    /// Name of the sequence by which it counts.
    pub sequence: String,
    /// Longest time for which an answer is kept.
    pub time: Duration,
}

/// A relation listed under `cache:` that cannot be cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncachedRelation {
    pub relation: String,
    pub why: String,
}

/// Tables with kept answers, and what is in the way of others.
#[derive(Debug, Default)]
pub(super) struct CachedTables {
    tables: BTreeMap<CatalogName, CachedTable>,
    left_out: Vec<UncachedRelation>,
}

impl CachedTables {
    /// Sorts the relations that the manifest names.
    pub(super) fn new(
        raw: Vec<RawCached>,
        relations: &BTreeMap<CatalogName, ExposedRelation>,
        exposure: &ServedExposure,
    ) -> CachedTables {
        let mut all = CachedTables::default();
        for (name, time) in &exposure.cache {
            if !raw.iter().any(|one| one.name == *name) {
                all.leave_out(name.clone(), "there is no such table in the exposed schemas");
            }
            for one in raw.iter().filter(|one| one.name == *name) {
                let place = (one.schema.clone(), one.name.clone());
                match table(one, relations.get(&place), *time) {
                    Ok(table) => drop(all.tables.insert(place, table)),
                    Err(why) => all.leave_out(format!("{}.{name}", one.schema), why),
                }
            }
        }
        all
    }

    fn leave_out(&mut self, relation: String, why: impl Into<String>) {
        self.left_out.push(UncachedRelation { relation, why: why.into() });
    }
}

/// Returns the table, or why no answer of the relation is kept.
fn table(raw: &RawCached, relation: Option<&ExposedRelation>, time: Duration) -> Result<CachedTable, String> {
    if let Some(why) = &raw.why {
        return Err(why.clone());
    }
    let relation = relation.ok_or("it is not exposed")?;
    if relation.runs_code {
        return Err("functions of the service act as its columns, or make or read its values".into());
    }
    if let Some(column) = relation.columns.iter().find(|one| !one.builtin) {
        return Err(format!("its column {} has a type of the service", column.name));
    }
    let is_fickle = |base: &str| {
        let base = base.trim_start_matches('_');
        base.starts_with("reg") || ["aclitem", "timetz"].contains(&base)
    };
    if let Some(column) = relation.columns.iter().find(|one| is_fickle(&one.base)) {
        return Err(format!("what its column {} shows or matches changes without a write", column.name));
    }
    let counter = raw.counter.as_deref().and_then(WriteCounter::named).zip(raw.function);
    let (counter, function) =
        counter.ok_or("its trigger is missing or switched off: run `martydb apply`, which makes it")?;
    let name = (raw.schema.clone(), raw.name.clone());
    Ok(CachedTable { oid: raw.oid, name, function, sequence: counter.sequence(), time })
}

impl CachedTables {
    /// Returns a table whose answers are kept.
    pub(super) fn get(&self, table: &CatalogName) -> Option<&CachedTable> {
        self.tables.get(table)
    }

    /// Returns `true` if answers of no table are kept.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Returns the relations listed under `cache:` that cannot be cached.
    pub(super) fn left_out(&self) -> &[UncachedRelation] {
        &self.left_out
    }
}

/// Returns the expression for the relations of these names, a JSON array. What must stay as it is for an answer to be kept is asked
/// again at each check, by `run::cache`.
pub(super) fn cached(names: &BTreeMap<String, Duration>) -> Statement {
    if names.is_empty() {
        return stmt!("'[]'::json");
    }
    let names = List::literals(names.keys().cloned());
    stmt!(
        "(SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object('oid', c.oid::bigint, 'schema', s.nspname, 'name', c.relname,
      'function', w.oid::bigint, 'counter', w.proname, 'why', CASE
        WHEN c.relkind IN ('v', 'm') THEN 'it is a view: only answers of tables are kept'
        WHEN c.relkind = 'p' OR c.relispartition OR c.relhassubclass OR EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid)
          THEN 'it has partitions, or inherits: a statement that names another table writes to it'
        WHEN c.relkind <> 'r' THEN 'it is a foreign table, which others write to'
        WHEN c.relpersistence <> 'p' THEN 'it is unlogged: a crash empties it'
        WHEN c.relrowsecurity THEN 'it has row security, whose policies may read anything'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_subscription_rel u WHERE u.srrelid = c.oid)
          THEN 'a subscription writes to it, which runs no trigger of statements' END)), '[]')
    FROM pg_catalog.pg_class c JOIN spaces s ON s.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'martydb_cache' AND t.tgenabled = 'A' AND t.tgtype = 60
      LEFT JOIN pg_catalog.pg_proc w ON w.oid = t.tgfoid
        AND w.pronamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'martydb_serve')
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND c.relname IN ({names}))"
    )
}
