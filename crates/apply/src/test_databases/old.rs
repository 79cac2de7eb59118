//! Removal of expired test databases and of templates whose files have changed.
//!
//! Databases in use are never dropped by force: they are kept and reported.

use std::collections::BTreeMap;

use super::context::CopyContext;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, stmt};
use martydb_model::sqlstate;
use martydb_model::{ActualServer, DbName, DesiredServer, made_at};
use martydb_pg::server::{Connection, execute, query};

/// Lifetime of a test database, in seconds.
pub const LIFETIME: u64 = 24 * 60 * 60;

/// Names of the dropped databases, and those still in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClearedDatabases {
    pub removed: Vec<DbName>,
    pub in_use: Vec<BusyTestDatabase>,
}

/// An expired test database that is still in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusyTestDatabase {
    pub database: DbName,
    /// Sessions in the database, or the server's message if there are none.
    pub why: String,
}

impl CopyContext<'_> {
    /// Drops the project's test databases that are older than [`LIFETIME`], and unfinished ones of killed runs.
    pub async fn clear_old(&mut self) -> Result<ClearedDatabases> {
        let now = self.now().await?;
        let mut cleared = ClearedDatabases::default();
        let actual = &self.actual;
        let old: Vec<DbName> = actual
            .databases
            .keys()
            .filter(|name| made_at(name).is_some_and(|then| then.saturating_add(LIFETIME) < now))
            .filter(|name| is_ours(actual, self.desired, name))
            .cloned()
            .collect();
        if old.is_empty() {
            return Ok(cleared);
        }
        let sessions = sessions(&mut self.session).await?;
        for database in old {
            let open = sessions.get(database.as_str()).copied().unwrap_or(0);
            let end = if open > 0 {
                Err(martydb_model::units::counted(open, "session"))
            } else {
                drop_unused(&mut self.session, &database).await?
            };
            match end {
                Ok(()) => cleared.removed.push(database),
                Err(why) => cleared.in_use.push(BusyTestDatabase { database, why }),
            }
        }
        Ok(cleared)
    }

    /// Drops the service's other templates that no test database was copied from.
    pub(super) async fn drop_other_templates(&mut self, current: &DbName) -> Result<()> {
        let all = self.actual.test_databases(self.desired);
        let is_used = |name: &DbName| all.values().any(|test| test.copied_from.as_ref() == Some(name));
        for (name, test) in &all {
            let is_own = test.copied_from.is_none() && test.service == self.service.name;
            if is_own && name != current && !is_used(name) {
                // A template that is being copied is kept until the next change.
                let _in_use = drop_unused(&mut self.session, name).await?;
            }
        }
        Ok(())
    }
}

/// Returns `true` if the database has the project's mark, or is the admin's, unmarked and has never accepted
/// connections: a killed run left it between the copy and the mark.
fn is_ours(actual: &ActualServer, desired: &DesiredServer, name: &DbName) -> bool {
    let marked = actual.test_database(name, desired).is_some_and(|test| test.copied_from.is_some());
    let half_made = actual.databases.get(name).is_some_and(|found| {
        found.comment.is_none() && !found.allow_connections && found.owner == actual.admin.name
    });
    marked || half_made
}

/// Drops a database without sessions; otherwise returns the reason why it was kept.
async fn drop_unused(session: &mut Connection, name: &DbName) -> Result<Result<(), String>> {
    match execute(session, &stmt!("DROP DATABASE IF EXISTS {name}")).await {
        Ok(_) => Ok(Ok(())),
        Err(error) if error.sqlstate.as_deref() == Some(sqlstate::OBJECT_IN_USE) => Ok(Err(reason(&error))),
        Err(error) => Err(error.while_doing(format!("cannot remove {name}"))),
    }
}

fn reason(error: &Error) -> String {
    error.causes.first().unwrap_or(&error.message).clone()
}

/// Returns the number of sessions in each test database, without background workers.
#[martydb_pg::boxed]
pub async fn sessions(session: &mut Connection) -> Result<BTreeMap<String, usize>> {
    let statement = stmt!(
        "SELECT d.datname::pg_catalog.text, pg_catalog.count(a.pid)::pg_catalog.text
         FROM pg_catalog.pg_database d JOIN pg_catalog.pg_stat_get_activity(NULL) a ON a.datid = d.oid
         WHERE pg_catalog.starts_with(d.datname, {prefix}) AND a.usesysid IS NOT NULL GROUP BY 1",
        prefix = Literal("martydb_test_".into())
    );
    let rows = query(session, &statement).await?;
    let read = |row: &martydb_pg::server::Row| {
        let count: String = row.try_get(1).ok()?;
        Some((row.try_get(0).ok()?, count.parse().ok()?))
    };
    Ok(rows.iter().filter_map(read).collect())
}
