//! Databases that nobody needs: made for one rehearsal, provisioned like the service's own, gone afterwards.
//!
//! The name tells what it is, and an advisory lock keyed by the name tells whether its maker still lives: what a
//! killed run left is removed by the next.

use crate::error::{Error, Result};
use crate::model::{ActualServer, DbName, DesiredServer, DesiredService, Grantee, RoleKind};
use crate::plan::authority::Authority;
use crate::plan::{Action, Object, Stage, Step, diff};
use crate::server::apply::{Tools, apply};
use crate::server::{Access, Connection, execute, execute_protected, inspect, lock, query};
use crate::sql::Literal;
use crate::stmt;

/// How every scratch database's name begins.
const PREFIX: &str = "martydb_scratch_";

/// Rounds of acting and looking again: a closed database can be looked into only once it is open.
const ROUNDS: usize = 3;

/// A scratch database. Dropping the value drops the database, but better call [`Scratch::remove`].
pub struct Scratch {
    /// Its name.
    pub database: DbName,
    access: Access,
    /// Holds the lock that says that it is in use.
    keeper: Option<Connection>,
}

impl Scratch {
    /// Makes one for a service, after removing what dead runs left on the server.
    pub async fn make(access: &Access, desired: &DesiredServer, service: &DesiredService) -> Result<Scratch> {
        sweep(access).await?;
        let database = name()?;
        let mut keeper = access.write(&access.maintenance).await?;
        lock::poll(&mut keeper, key(&database), std::time::Duration::ZERO, database.as_str()).await?;
        let scratch = Scratch { database, access: access.clone(), keeper: Some(keeper) };
        match provision(&scratch, desired, service).await {
            Ok(()) => Ok(scratch),
            Err(error) => {
                scratch.remove().await?;
                Err(error.while_doing("cannot make a scratch database"))
            }
        }
    }

    /// Removes it.
    pub async fn remove(mut self) -> Result<()> {
        match self.keeper.take() {
            Some(mut keeper) => drop_database(&mut keeper, &self.database).await,
            None => Ok(()),
        }
    }
}

/// An interrupted run has no time left in its own runtime, so it gets another.
impl Drop for Scratch {
    fn drop(&mut self) {
        if self.keeper.take().is_none() {
            return;
        }
        let (access, database) = (self.access.clone(), self.database.clone());
        let remove = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut connection = access.write(&access.maintenance).await.ok()?;
                drop_database(&mut connection, &database).await.ok()
            })
        };
        // Where even this fails, the next run removes it.
        let _left_to_the_next_run = std::thread::spawn(remove).join();
    }
}

async fn drop_database(connection: &mut Connection, database: &DbName) -> Result<()> {
    let statement = stmt!("DROP DATABASE IF EXISTS {database} WITH (FORCE)", database = database);
    // A notice says that it was not there; that is no failure.
    execute_protected(connection, &statement).await
}

fn name() -> Result<DbName> {
    let mut random = [0u8; 8];
    getrandom::fill(&mut random).map_err(|error| Error::operation("no random numbers").cause(error))?;
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    DbName::new(format!("{PREFIX}{hex}")).map_err(|error| Error::operation(error.to_string()))
}

/// The lock's key: the first 32 bits of the random part.
fn key(database: &DbName) -> i32 {
    let hex = database.as_str().trim_start_matches(PREFIX);
    u32::from_str_radix(hex.get(..8).unwrap_or_default(), 16).unwrap_or_default().cast_signed()
}

/// Removes scratch databases of this admin whose makers are gone.
async fn sweep(access: &Access) -> Result<()> {
    let mut connection = access.write(&access.maintenance).await?;
    let all = stmt!(
        "SELECT datname::text FROM pg_database WHERE starts_with(datname, {prefix})
         AND pg_get_userbyid(datdba) = current_user ORDER BY 1",
        prefix = Literal(PREFIX.into())
    );
    let rows = query(&mut connection, &all).await?;
    for name in rows.iter().filter_map(|row| row.try_get::<String>(0).ok()) {
        let Ok(database) = DbName::new(name) else { continue };
        if lock::poll(&mut connection, key(&database), std::time::Duration::ZERO, database.as_str())
            .await
            .is_ok()
        {
            drop_database(&mut connection, &database).await?;
            execute(
                &mut connection,
                &stmt!(
                    "SELECT pg_advisory_unlock({class}, {key})",
                    class = lock::LOCK_CLASS,
                    key = key(&database)
                ),
            )
            .await?;
        }
    }
    Ok(())
}

/// What `apply` would do for a service with this database, less what concerns roles and other logins.
async fn provision(scratch: &Scratch, desired: &DesiredServer, service: &DesiredService) -> Result<()> {
    let service = DesiredService { database: scratch.database.clone(), ..service.clone() };
    let mut desired = desired.clone();
    desired.project += "#scratch";
    desired.services = [(service.name.clone(), service.clone())].into();
    for _ in 0..ROUNDS {
        let inside = std::slice::from_ref(&scratch.database);
        let actual = inspect::inspect(&scratch.access, inside, &desired.marker(), 1).await?;
        if let Some(error) = actual.databases.get(&scratch.database).and_then(|found| found.unread.clone()) {
            return Err(error);
        }
        let steps = steps(&desired, &actual, &service);
        if steps.is_empty() {
            return Ok(());
        }
        let authority = Authority::new(&desired, &actual);
        let tools = Tools {
            access: &scratch.access,
            major: actual.major(),
            authority: Some(&authority),
            password: &|_| None,
            parallel: 1,
        };
        apply(&tools, &steps, &|_| {}).await.1?;
    }
    Ok(())
}

fn steps(desired: &DesiredServer, actual: &ActualServer, service: &DesiredService) -> Vec<Step> {
    let stranger = |to: &Grantee| {
        [RoleKind::App, RoleKind::Readonly]
            .iter()
            .any(|kind| *to == Grantee::Role(service.role(*kind).clone()))
    };
    let wanted = |step: &Step| {
        let admits =
            matches!(&step.action, Action::Grant { on: Object::Database(_), to, .. } if stranger(to));
        step.service.is_some() && step.stage != Stage::Cluster && !admits
    };
    diff(desired, actual, &|_| true).steps.into_iter().filter(wanted).collect()
}
