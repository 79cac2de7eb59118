//! Effects of a migration on existing relations: locks taken and tables rewritten. Read from the catalog after
//! each file, and compared here.

use std::collections::BTreeMap;

use crate::report::{RelationLock, Rewrite};
use martydb_model::sql::{List, Statement, stmt};
use martydb_pg::server::{Row, Unreadable};

/// Mode whose locks a standby replays:
/// <https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT>.
pub(crate) const ACCESS_EXCLUSIVE: &str = "AccessExclusiveLock";

/// Lock modes of tables, the weakest first.
/// <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>
const MODES: &[&str] = &[
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
    "ShareRowExclusiveLock", "ExclusiveLock", ACCESS_EXCLUSIVE,
];

/// A relation as it was before the rehearsal.
#[derive(Debug, Clone)]
struct RelationState {
    name: String,
    filenode: u32,
    /// Estimated number of rows; below 0 if the server never counted.
    rows: i64,
    /// The strongest reported lock, as an index into [`MODES`].
    lock: Option<usize>,
}

/// User relations by OID.
#[derive(Debug, Default)]
pub(crate) struct Relations(BTreeMap<u32, RelationState>);

impl Relations {
    pub(crate) fn query_sql() -> Statement {
        stmt!(
            "SELECT c.oid, n.nspname || '.' || c.relname, c.relfilenode, c.reltuples::pg_catalog.int8
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
               AND c.relpersistence <> 't'"
        )
    }

    pub(crate) fn read(rows: &[Row]) -> Result<Relations, Unreadable> {
        let one = |row: &Row| {
            let (oid, name, filenode, rows) = row.read()?;
            Ok((oid, RelationState { name, filenode, rows, lock: None }))
        };
        rows.iter().map(one).collect::<Result<_, _>>().map(Relations)
    }

    /// Returns the queries for this session's locks, and for the files of tables.
    pub(crate) fn effects_asked() -> [Statement; 2] {
        [
            stmt!(
                "SELECT relation, mode FROM pg_catalog.pg_locks
                 WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted"
            ),
            stmt!("SELECT oid, relfilenode FROM pg_catalog.pg_class WHERE relkind IN ('r', 'm')"),
        ]
    }

    /// Returns locks that are new, or stronger than those already reported.
    pub(crate) fn locks(&mut self, rows: &[Row]) -> Result<Vec<RelationLock>, Unreadable> {
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        for row in rows {
            let (relation, mode): (u32, String) = row.read()?;
            let strength = MODES.iter().position(|known| *known == mode);
            let Some(known) = self.0.get_mut(&relation).filter(|known| known.lock < strength) else {
                continue;
            };
            known.lock = strength;
            taken.insert(known.name.clone(), mode);
        }
        Ok(taken.into_iter().map(|(relation, mode)| RelationLock { relation, mode }).collect())
    }

    /// Returns the tables with a new file.
    pub(crate) fn rewritten(&mut self, rows: &[Row]) -> Result<Vec<u32>, Unreadable> {
        let mut all = vec![];
        for row in rows {
            let (relation, filenode): (u32, u32) = row.read()?;
            let known = self.0.get_mut(&relation).filter(|known| known.filenode != filenode);
            if let Some(known) = known {
                known.filenode = filenode;
                all.push(relation);
            }
        }
        Ok(all)
    }

    /// Selects the sizes of tables that this transaction has locked.
    pub(crate) fn sizes_asked(rewritten: &[u32]) -> Statement {
        stmt!(
            "SELECT oid, pg_catalog.pg_relation_size(oid::pg_catalog.regclass) FROM pg_catalog.pg_class WHERE oid IN ({all}) ORDER BY oid",
            all = List(rewritten.to_vec())
        )
    }

    pub(crate) fn rewrites(&self, rows: &[Row]) -> Result<Vec<Rewrite>, Unreadable> {
        let one = |row: &Row| {
            let (relation, bytes): (u32, i64) = row.read()?;
            let known = self.0.get(&relation);
            Ok(Rewrite {
                relation: known.map(|known| known.name.clone()).unwrap_or_default(),
                rows: known.map(|known| known.rows).filter(|rows| *rows >= 0),
                bytes,
            })
        };
        rows.iter().map(one).collect()
    }
}
