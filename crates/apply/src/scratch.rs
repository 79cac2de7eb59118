//! Scratch databases: created for one rehearsal, provisioned like the service's own database and dropped
//! afterwards.
//!
//! The name identifies a scratch database. An advisory lock keyed by the name is held while its run is alive; the
//! next run drops the databases of killed runs.
//!
//! The admin works inside the database only while the service cannot have created anything there. The service's
//! logins get CONNECT last; from then on the admin only drops the database from outside.

mod removal;
mod schema;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::converge::{Planner, Policy, Remaining, converge};
use martydb_catalog::inspect;
use martydb_migrate::MigrationTarget;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_model::units::first_of;
use martydb_model::{ActualServer, DbName, DesiredServer, DesiredService, Grantee, Jobs, RoleKind, RoleName};
use martydb_pg::server::existence::{Existence, ExistenceCheck};
use martydb_pg::server::{Access, Connection, execute_protected, lock, query};
use martydb_plan::admin_capabilities::{AdminCapabilities, can_create};
use martydb_plan::scratch::{SCRATCH_PREFIX as PREFIX, is_scratch};
use martydb_plan::{Action, Object, Selection, Stage, Step, StoredLogins, Verb, diff, impossible};
pub use removal::{drop_with_sessions, end_sessions, logins_in};
use removal::{left_behind, remove};
pub use schema::settle_schema;

/// Most scratch databases that are named.
const MAX_NAMED_DATABASES: usize = 3;

/// Privileges inside a scratch database before any object is created there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScratchPrivileges {
    /// Those of the service's own database.
    Declared,
    None,
}

/// A scratch database. Dropping the value drops the database, but only [`Scratch::remove_after`] can fail.
pub struct Scratch {
    pub database: DbName,
    access: Access,
    /// Logins of the service, whose sessions may still be ending when the database is dropped.
    logins: Vec<RoleName>,
    /// Session that holds the advisory lock of the database while it is in use.
    keeper: Option<Connection>,
}

impl Scratch {
    /// Creates a scratch database for a service, after dropping those that dead runs left on the server.
    #[martydb_pg::boxed]
    pub async fn make(access: &Access, desired: &DesiredServer, service: &DesiredService) -> Result<Scratch> {
        Scratch::make_with(access, desired, service, ScratchPrivileges::Declared).await
    }

    /// Creates a scratch database without the manifest's privileges, for content that includes its own, such as an
    /// archive: the manifest's default privileges would restore what was revoked.
    pub async fn make_without_rights(
        access: &Access,
        desired: &DesiredServer,
        service: &DesiredService,
    ) -> Result<Scratch> {
        Scratch::make_with(access, desired, service, ScratchPrivileges::None).await
    }

    async fn make_with(
        access: &Access,
        desired: &DesiredServer,
        service: &DesiredService,
        rights: ScratchPrivileges,
    ) -> Result<Scratch> {
        sweep(access).await?;
        let database = name()?;
        let mut keeper = access.write(&access.maintenance).await?;
        lock::acquire(&mut keeper, key(&database), Duration::ZERO, database.as_str()).await?;
        let logins = RoleKind::LOGINS.map(|kind| service.role(kind).clone()).into();
        let scratch = Scratch { database, access: access.clone(), logins, keeper: Some(keeper) };
        match provision(&scratch, desired, service, rights).await {
            Ok(()) => Ok(scratch),
            Err(error) => {
                scratch.remove_after(Err(error.while_doing("cannot make a scratch database"))).await
            }
        }
    }

    /// Returns the migration target of the same service in this database, as its migrator.
    pub fn target(&self, own: &MigrationTarget) -> MigrationTarget {
        MigrationTarget {
            database: self.database.clone(),
            existence: ExistenceCheck::Known(Existence::Present),
            throwaway: true,
            further: vec![],
            ..own.clone()
        }
    }

    /// Renames the database, sets its comment and closes it to connections; it is then no longer a scratch
    /// database. One transaction: a database with the new name is complete.
    pub async fn keep_as(mut self, name: &DbName, mark: &str) -> Result<()> {
        let Some(keeper) = &mut self.keeper else { return Ok(()) };
        let (from, to) = (&self.database, name);
        let all = Statement::join([
            stmt!("BEGIN"),
            stmt!("ALTER DATABASE {from} ALLOW_CONNECTIONS false"),
            stmt!("COMMENT ON DATABASE {from} IS {mark}", mark = Literal(mark.into())),
            stmt!("ALTER DATABASE {from} RENAME TO {to}"),
            stmt!("COMMIT"),
        ]);
        match execute_protected(keeper, &all).await {
            Ok(()) => {
                self.keeper = None;
                Ok(())
            }
            Err(error) => {
                let error = error.while_doing(format!("cannot keep {from} as {to}"));
                self.remove_after(Err(error)).await
            }
        }
    }

    /// Returns the session that holds the lock, in the maintenance database.
    ///
    /// # Panics
    /// Never: only [`Scratch::remove_after`] and [`Scratch::keep`] take it, and they take the value.
    pub fn keeper(&mut self) -> &mut Connection {
        self.keeper.as_mut().expect("a scratch database has its keeper")
    }

    /// Releases the database: it has another name now and is no longer a scratch database.
    pub fn keep(mut self) {
        self.keeper = None;
    }

    /// Drops the database and returns `result`. A failed drop is an error, in addition to the work's own.
    pub async fn remove_after<T>(mut self, result: Result<T>) -> Result<T> {
        let Some(keeper) = self.keeper.take() else { return result };
        match (result, remove(&self.access, keeper, &self.database, &self.logins).await) {
            (result, Ok(())) => result,
            (Ok(_), Err(left)) => Err(left),
            (Err(error), Err(left)) => Err(error.and_also(left)),
        }
    }
}

/// An interrupted run has no time left in its own runtime, so the drop gets another one.
impl Drop for Scratch {
    fn drop(&mut self) {
        if self.keeper.take().is_none() {
            return;
        }
        let (access, database, logins) = (self.access.clone(), self.database.clone(), self.logins.clone());
        let remove = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Error::operation("cannot start a runtime").cause(error))?;
            runtime.block_on(async {
                let mut connection = access.write(&access.maintenance).await?;
                drop_with_sessions(&mut connection, &database, &logins).await
            })
        };
        let removed = std::thread::spawn(remove).join();
        let removed = removed.unwrap_or_else(|_| Err(Error::operation("the thread that removes it ended")));
        if let Err(error) = removed {
            warn(&left_behind(&self.database, error));
        }
    }
}

/// Reports a failed removal where it is not the run's own failure.
pub fn warn(error: &Error) {
    tracing::warn!(target: "martydb", "warning: {}: {}", error.message, error.causes.join("; "));
}

fn name() -> Result<DbName> {
    let random =
        getrandom::u64().map_err(|error| Error::operation("cannot get random numbers").cause(error))?;
    DbName::new(format!("{PREFIX}{random:016x}")).map_err(|error| Error::operation(error.to_string()))
}

/// Returns the key of the lock: the first 32 bits of the random part of the name.
fn key(database: &DbName) -> i32 {
    let hex = database.as_str().trim_start_matches(PREFIX);
    u32::from_str_radix(hex.get(..8).unwrap_or_default(), 16).unwrap_or_default().cast_signed()
}

/// Returns the scratch databases of a server, in use or left.
pub fn among(actual: &ActualServer) -> Vec<&str> {
    actual.databases.keys().map(DbName::as_str).filter(|name| name.starts_with(PREFIX)).collect()
}

/// Names the scratch databases of a server in a sentence; `None` without any.
pub fn described(actual: &ActualServer) -> Option<String> {
    let names = among(actual);
    let shown = first_of(&names, MAX_NAMED_DATABASES);
    let words = format!("a run is using {shown}, or was killed: `martydb apply` drops what killed runs left");
    (!names.is_empty()).then_some(words)
}

/// Returns the scratch databases of superusers and of the admin: no service can have made one of them. Their logins,
/// privileges and objects are not judged one by one.
pub fn of_trusted(actual: &ActualServer) -> BTreeSet<&DbName> {
    actual.databases.keys().filter(|name| is_scratch(actual, name)).collect()
}

/// Drops this admin's scratch databases whose runs have ended.
///
/// # Errors
/// If one of them cannot be dropped.
pub async fn sweep(access: &Access) -> Result<()> {
    let mut connection = access.write(&access.maintenance).await?;
    let all = stmt!(
        "SELECT d.datname::pg_catalog.text FROM pg_catalog.pg_database d
         WHERE pg_catalog.starts_with(d.datname, {prefix}) AND pg_catalog.pg_get_userbyid(d.datdba) = current_user
         ORDER BY 1",
        prefix = Literal(PREFIX.into())
    );
    let rows = query(&mut connection, &all).await?;
    let mut end = Ok(());
    for name in rows.iter().filter_map(|row| row.try_get::<String>(0).ok()) {
        let Ok(database) = DbName::new(name) else { continue };
        // One that stays is no reason to keep the others.
        end = end.and(drop_left(&mut connection, &database).await);
    }
    end
}

/// Drops a scratch database unless its run is still alive.
async fn drop_left(connection: &mut Connection, database: &DbName) -> Result<()> {
    let held = match lock::acquire(connection, key(database), Duration::ZERO, database.as_str()).await {
        Ok(held) => held,
        Err(error) if error.kind == Kind::Locked => return Ok(()),
        Err(error) => return Err(error),
    };
    let logins = logins_in(connection, database).await?;
    let end = drop_with_sessions(connection, database, &logins).await;
    lock::release(connection, held).await?;
    end.map_err(|error| left_behind(database, error))?;
    tracing::info!(target: "martydb", "dropped database {database}, which a killed run left");
    Ok(())
}

/// Applies the service's plan to this database, without steps on roles and other logins.
async fn provision(
    scratch: &Scratch,
    desired: &DesiredServer,
    service: &DesiredService,
    rights: ScratchPrivileges,
) -> Result<()> {
    let (own, service) = (service.database.clone(), service.copied_to(&scratch.database));
    let mut desired = desired.clone();
    desired.project += "#scratch";
    desired.services = [(service.name.clone(), service.clone())].into();
    desired.access.clear();
    let access = &scratch.access;
    let mut planner =
        Provision { access, desired, service, own, rights, actual: ActualServer::default(), open: false };
    // The keeper's lock excludes other runs.
    let policy = Policy { lock_wait: None, jobs: Jobs::ONE, record: None };
    converge(access, &mut planner, &policy).await.end
}

struct Provision<'a> {
    access: &'a Access,
    desired: DesiredServer,
    service: DesiredService,
    /// Service's own database.
    own: DbName,
    rights: ScratchPrivileges,
    actual: ActualServer,
    /// `true` once the service's migrator can connect: from then on the admin stays outside the database.
    open: bool,
}

impl Planner for Provision<'_> {
    /// Grants CONNECT to the service's migrator last, when no other step is left.
    async fn remaining(&mut self, _done: &[Step]) -> Result<Remaining> {
        let database = &self.service.database;
        let inside = if self.open { &[] } else { std::slice::from_ref(database) };
        self.actual = inspect::inspect(self.access, &self.desired, inside, Jobs::ONE).await?;
        if let Some(error) = self.actual.databases.get(database).and_then(|found| found.unread.clone()) {
            return Err(error);
        }
        for service in self.desired.services.values_mut() {
            let parameters = &mut service.parameters;
            parameters.made_with = self.actual.made_as(&self.own, &parameters.made_with);
            if let Some(error) = impossible(&self.actual, service) {
                return Err(error);
            }
        }
        let mut due = steps(&self.desired, &self.actual, &self.service);
        due.retain(|step| {
            self.rights == ScratchPrivileges::Declared || !is_right_inside(&self.service, step)
        });
        let (admitting, others): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|step| step.stage == Stage::GrantConnect);
        self.open |= others.is_empty();
        can_create(&self.actual.admin, &others)?;
        Ok(if self.open { admitting } else { others }.into())
    }

    fn actual(&self) -> &ActualServer {
        &self.actual
    }

    fn authority(&self) -> Option<AdminCapabilities<'_>> {
        Some(AdminCapabilities::new(&self.desired, &self.actual))
    }

    fn unfinished(&self, left: &[Step]) -> Error {
        let reasons: Vec<&str> = left.iter().map(|step| step.reason.as_str()).collect();
        Error::operation(format!("{} still differs from the manifest", self.service.database))
            .cause(format!("these steps are left: {}", reasons.join("; ")))
    }
}

/// Returns `true` for a privilege on an object or on future objects inside the database.
fn is_right_inside(service: &DesiredService, step: &Step) -> bool {
    // The owner reaches an extension that is the admin's only by this privilege.
    let reaches = matches!(&step.action, Action::Grant { on: Object::Schema(name), .. } if service.is_of_extensions(name));
    !reaches && step.stage == Stage::InDatabase && matches!(step.action.verb(), Verb::Grant | Verb::Revoke)
}

fn steps(desired: &DesiredServer, actual: &ActualServer, service: &DesiredService) -> Vec<Step> {
    let others = RoleKind::APPLICATIONS.map(|kind| Grantee::Role(service.role(kind).clone()));
    let wanted = |step: &Step| {
        let admits =
            matches!(&step.action, Action::Grant { on: Object::Database(_), to, .. } if others.contains(to));
        step.service.is_some() && step.stage != Stage::Cluster && !admits
    };
    diff(desired, actual, &StoredLogins::All, &Selection::all(desired))
        .steps
        .into_iter()
        .filter(wanted)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_looks_for_the_lock_that_a_run_holds() {
        let sql = include_str!("../../catalog/src/sql/audit_cluster.sql");
        let name = name().unwrap();
        let (start, digits) = (PREFIX.len() + 1, name.as_str().len() - PREFIX.len());
        for part in [
            format!("'^{PREFIX}[0-9a-f]{{{digits}}}$'"),
            format!("l.classid = {}\n", lock::LOCK_CLASS),
            format!("d.datname::text, {start}, 8)"),
        ] {
            assert!(sql.contains(&part), "{part}");
        }
    }
}
