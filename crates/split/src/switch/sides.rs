//! Both sides of a service's switch: the source, with the admin's session, and its own database, with its owner's.

use std::time::Duration;

use crate::copy::held::{SourceTables, open_source_sql};
use crate::database::sessions;
use crate::state::source::{self, SplitRelation, SplitRun, SplitService};
use crate::state::{LOCK, SplitKind, target};
use crate::stream::ApplyTarget;
use martydb_context::{Context, targets};
use martydb_migrate::MigrationTarget;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_pg::server::lock::{self, SessionLock};
use martydb_pg::server::{Access, Connection, query_as};

/// Command of a service while `split verify` compares it: followers wait.
pub(crate) const VERIFYING: &str = "verify";

/// Sessions and state of both sides.
pub struct SplitSides {
    pub run: SplitRun,
    pub service: SplitService,
    pub relations: Vec<SplitRelation>,
    pub source: SourceSide,
    pub target: TargetSide,
    /// Timeout for other sessions.
    pub wait: Duration,
}

/// Shared database.
pub struct SourceSide {
    pub access: Access,
    pub database: String,
    /// The admin's session.
    pub session: Connection,
}

/// Database of the service.
pub struct TargetSide {
    pub access: Access,
    pub at: MigrationTarget,
    /// The migrator's session, acting as the owner.
    pub session: Connection,
}

/// Permission of other commands to work in the service's database at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LockMode {
    Shared,
    Exclusive,
}

impl SplitSides {
    /// Opens both sides.
    ///
    /// # Errors
    /// If one of them is unreachable, or the service is not part of the split.
    #[martydb_pg::boxed]
    pub async fn open(
        context: &Context,
        access: &Access,
        database: &str,
        service: &DesiredService,
    ) -> Result<SplitSides> {
        let source = access.write(database).await?;
        SplitSides::with(context, access, source, database, service, LockMode::Shared).await
    }

    /// Opens both sides for a switch; the session that holds the lock of the split works at the source. A killed command
    /// keeps its locks until the server has ended its last statement; only then is the state read.
    ///
    /// # Errors
    /// As [`SplitSides::open`], or if another command is running.
    pub async fn open_alone(
        context: &Context,
        access: &Access,
        locked: Connection,
        database: &str,
        service: &DesiredService,
    ) -> Result<SplitSides> {
        SplitSides::with(context, access, locked, database, service, LockMode::Exclusive).await
    }

    async fn with(
        context: &Context,
        access: &Access,
        mut source: Connection,
        database: &str,
        service: &DesiredService,
        hold: LockMode,
    ) -> Result<SplitSides> {
        let Some(split) = begun(&mut source).await? else { return Err(not_begun()) };
        let at = targets::for_services(context, std::slice::from_ref(service)).await?.remove(0).1?;
        let mut target = TargetSide {
            access: context.admin(&service.server).await?,
            session: sessions::open_inspecting(&at).await?,
            at,
        };
        if hold == LockMode::Exclusive {
            target.lock(context.lock_wait).await?;
        }
        let name = service.name.as_str();
        let service = source::one(&mut source, name).await?;
        let relations = source::relations(&mut source, name).await?;
        let source = SourceSide { access: access.clone(), database: database.to_owned(), session: source };
        Ok(SplitSides { run: split, service, relations, source, target, wait: context.lock_wait })
    }

    /// Returns the service's tables without copies of others' tables, which are closed, opened and restored with
    /// their service.
    fn own(&self) -> impl Iterator<Item = &SplitRelation> {
        self.relations.iter().filter(|one| one.copy_of.is_none() && one.kind != SplitKind::Sequence)
    }

    /// Returns the OIDs of the service's own tables at the source.
    pub(crate) fn source_tables(&self) -> Vec<u32> {
        self.own().map(|one| one.oid).collect()
    }

    /// Returns schema and name of the service's own tables.
    pub(crate) fn own_names(&self) -> Vec<(String, String)> {
        self.own().map(|one| (one.schema.clone(), one.name.clone())).collect()
    }

    /// Returns schema and name of all of the service's tables.
    pub fn names(&self) -> Vec<(String, String)> {
        let tables = self.relations.iter().filter(|one| one.kind != SplitKind::Sequence);
        tables.map(|one| (one.schema.clone(), one.name.clone())).collect()
    }

    /// Returns the OIDs of the service's tables at the target.
    ///
    /// # Errors
    /// If the target cannot be read, or lacks one.
    pub(crate) async fn target_tables(&mut self) -> Result<Vec<u32>> {
        let names = self.names();
        let found = numbers(&mut self.target.session, &names).await?;
        let missing: Vec<String> = names
            .iter()
            .filter(|name| !found.iter().any(|(known, _)| known == *name))
            .map(|(schema, name)| format!("{schema}.{name}"))
            .collect();
        if missing.is_empty() {
            return Ok(found.into_iter().map(|(_, oid)| oid).collect());
        }
        let service = &self.service.name;
        Err(Error::operation(format!("the database of {service} lacks tables of the split")).causes(missing))
    }

    /// Returns the name of the login for rollbacks.
    pub(crate) fn login_name(&self) -> String {
        self.run.login(&self.service.name)
    }

    /// Returns the LSN at which the target was opened; `None` while it is not.
    ///
    /// # Errors
    /// If the target cannot be read.
    pub async fn opened(&mut self) -> Result<Option<String>> {
        let session = &mut self.target.session;
        if target::exists(session).await? { target::opened(session).await } else { Ok(None) }
    }

    /// Reads the shared database and the state of its tables.
    ///
    /// # Errors
    /// As `SourceTables::read`.
    pub async fn read_source(&mut self) -> Result<SourceTables> {
        let SourceSide { access, database, session } = &mut self.source;
        SourceTables::read(session, access, database).await
    }

    /// Returns the statements that open the service's tables at the source.
    ///
    /// # Errors
    /// As [`open_source_sql`].
    pub(crate) async fn open_source_sql(&mut self, tables: &SourceTables) -> Result<Vec<Statement>> {
        let own = self.source_tables();
        open_source_sql(&mut self.source.session, &self.service.name, &own, tables).await
    }

    /// Returns the target of changes from the source.
    pub(crate) fn forward_target(&self, direction: &str) -> ApplyTarget {
        ApplyTarget {
            endpoint: self.target.at.endpoint.clone(),
            login: self.target.at.login.clone(),
            database: self.target.at.database.to_string(),
            role: Some(self.target.at.owner.to_string()),
            direction: direction.to_owned(),
            start: crate::stream::Lsn::default(),
        }
    }

    /// Returns the new location of the service's rows, for refused writers at the source.
    pub(crate) fn new_address(&self) -> String {
        format!("write to database {} at {}", self.target.at.database, self.target.at.endpoint)
    }

    /// Returns the old location, for refused writers at the target.
    pub(crate) fn old_address(&self) -> String {
        format!("write to database {} at {}", self.source.database, self.source.access.endpoint)
    }

    /// Ends all sessions.
    #[martydb_pg::boxed]
    pub async fn close(self) {
        self.source.session.close().await;
        self.target.session.close().await;
    }
}

impl TargetSide {
    /// Takes the lock of the split in this database, too: the one in the source does not cover statements that still
    /// run here.
    ///
    /// # Errors
    /// If another command holds it for longer than the timeout.
    #[martydb_pg::boxed]
    pub async fn lock(&mut self, wait: Duration) -> Result<SessionLock> {
        let what = format!("the split into database \"{}\"", self.at.database);
        lock::acquire(&mut self.session, LOCK, wait, &what).await
    }
}

async fn begun(session: &mut Connection) -> Result<Option<SplitRun>> {
    if source::exists(session).await? { source::run(session).await } else { Ok(None) }
}

fn not_begun() -> Error {
    Error::usage("no split of this database has begun").hint("`martydb split copy` begins one")
}

type TableOid = ((String, String), u32);

async fn numbers(session: &mut Connection, names: &[(String, String)]) -> Result<Vec<TableOid>> {
    let query = stmt!(
        "SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.oid
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
    );
    let found = query_as(session, &query).await?.into_iter().map(|(schema, name, oid)| ((schema, name), oid));
    Ok(found.filter(|(name, _)| names.contains(name)).collect())
}
