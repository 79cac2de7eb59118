//! Copy of a database to another server. A run may die at every step: until the copy gets its name nothing has
//! changed for the service, and the next run starts over; from then on only an ordinary `apply` remains.

use std::time::Duration;

use super::archive_progress::{ArchiveProgress, RowSizes};
use super::compare::{self, CopySide};
use super::extension_comments;
use super::load_order;
use super::obstacles::{self, MoveTarget};
use super::owner_session;
use super::source_database::{SourceDatabase, connected, refused_login};
use crate::toc::is_schema_of_extensions;
use martydb_apply::scratch::Scratch;
use martydb_catalog::inspect;
use martydb_compare::RowHash;
use martydb_context::{Context, targets};
use martydb_migrate::MigrationTarget;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, stmt};
use martydb_model::{ActualServer, DesiredServer, DesiredService, RoleKind};
use martydb_pg::server::{Access, Connection, lock, query_first};
use martydb_pg_dump::archive::{self, Archive, ArchiveEntry, ArchivePrograms, ArchiveStep};

/// A service and its new server.
pub struct Move<'a> {
    pub context: &'a Context,
    pub service: &'a DesiredService,
    pub access: &'a Access,
    pub desired: &'a DesiredServer,
    /// Snapshot of the new server with the roles of the service.
    pub actual: &'a ActualServer,
}

/// Runs that may be working on the move of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConcurrentRuns {
    /// Only this one: it holds the lock, so all others are dead.
    This,
    Others,
}

/// Both ends of a move, examined.
struct PreparedMove<'a> {
    former: SourceDatabase<'a>,
    source: MigrationTarget,
    /// Target on the new server; its scratch database has another name.
    own: MigrationTarget,
    programs: ArchivePrograms,
}

/// Copies the database, compares the copy with the original and gives it its name. Afterwards both are closed: the
/// copy as a new database is before `apply` opens it.
///
/// # Errors
/// If a step fails: the former database is open as before, and no copy is left.
pub async fn copy(of: &Move<'_>) -> Result<()> {
    let mut session = of.access.write(&of.access.maintenance).await?;
    let what = format!("the move of service \"{}\"", of.service.name);
    let key = owner_session::lock_key(0x6d6f_7665, of.service);
    let held = lock::acquire(&mut session, key, of.context.lock_wait, &what).await?;
    // Another run may have finished the move while this one waited.
    let end = match of.is_there(&mut session).await {
        Ok(true) => Ok(()),
        Ok(false) => of.begin(&mut session).await,
        Err(error) => Err(error),
    };
    let released = lock::release(&mut session, held).await;
    end.map_err(|error| error.while_doing(of.failed())).and(released)
}

impl Move<'_> {
    /// Checks for obstacles before any change. After a run that died, the copy checks by itself.
    ///
    /// # Errors
    /// As [`copy`].
    pub async fn examine(&self) -> Result<()> {
        let Some(old) = self.service.at_former_server() else { return Ok(()) };
        let former = self.former(&old).await?;
        if former.interrupted {
            return Ok(());
        }
        // Another run may be active, whose programs log in as the migrator: the copy waits for it.
        self.prepare(&old, former, ConcurrentRuns::Others)
            .await
            .map(drop)
            .map_err(|error| error.while_doing(self.failed()))
    }

    fn failed(&self) -> String {
        let (service, server) = (&self.service.name, &self.desired.name);
        format!("service \"{service}\" was not moved to server \"{server}\"")
    }

    async fn former<'o>(&self, old: &'o DesiredService) -> Result<SourceDatabase<'o>> {
        let access = self.context.admin(&old.server).await?;
        let to = format!("database \"{}\" of server \"{}\"", self.service.database, self.desired.name);
        SourceDatabase::find(&access, self.context.manifest.desired(&old.server), &old.database, to).await
    }

    async fn begin(&self, session: &mut Connection) -> Result<()> {
        let Some(old) = self.service.at_former_server() else { return Ok(()) };
        let mut former = self.former(&old).await?;
        if former.interrupted {
            former.reopen().await?;
        }
        let mut ready = self.prepare(&old, former, ConcurrentRuns::This).await?;
        let mut owner = owner_session::as_owner(&ready.source).await?;
        let sizes = RowSizes::read(&mut owner).await?;
        owner.close().await;
        let dumping = ArchiveProgress::of_dump(self.service.name.as_str(), sizes.clone(), 1);
        let listener = |step: ArchiveStep<'_>| dumping.hear(step);
        let dump = Archive::dump(&ready.programs, ready.source.acting_login(), &listener);
        let archive = dumping.during(&ready.source, None, dump).await?;
        drop(dumping);
        let scratch = Scratch::make_without_rights(self.access, self.desired, self.service).await?;
        match self.fill(&archive, &sizes, &ready.source, &scratch.target(&ready.own)).await {
            Ok(()) => self.finish(&mut ready, scratch, session).await,
            Err(error) => scratch.remove_after(Err(error)).await,
        }
    }

    /// Examines both ends, and rejects all obstacles in one error.
    async fn prepare<'o>(
        &self,
        old: &'o DesiredService,
        mut former: SourceDatabase<'o>,
        runs: ConcurrentRuns,
    ) -> Result<PreparedMove<'o>> {
        let major = self.actual.major();
        obstacles::refuse_older(self.service, former.major, major, &self.desired.name)?;
        let programs = archive::find(former.major, major).await?;
        let (source, own) = (target(self.context, old).await?, target(self.context, self.service).await?);
        let migrator = (runs == ConcurrentRuns::Others).then(|| source.login.role.clone());
        if runs == ConcurrentRuns::This {
            owner_session::end_programs(&source).await.map_err(|error| refused_login(error, old))?;
        }
        let sessions = former.settled(&[], migrator.as_deref(), Duration::from_secs(1)).await?;
        if !sessions.is_empty() {
            return Err(connected(&old.database, &old.server, &sessions));
        }
        // The service may have installed trusted ones that no manifest declares.
        let extensions =
            inspect::host_extensions(&mut self.access.read(&self.access.maintenance).await?).await?;
        let to = MoveTarget { service: self.service, desired: self.desired, actual: self.actual, extensions };
        let found = obstacles::find(&source, &to).await.map_err(|error| refused_login(error, old))?;
        for lost in found.lost {
            tracing::warn!(target: "martydb", "warning: service \"{}\": not copied: {lost}", self.service.name);
        }
        if !found.refused.is_empty() {
            let server = &old.server;
            let what = format!(
                "database \"{}\" of server \"{server}\" contains objects that cannot be copied",
                old.database
            );
            return Err(Error::operation(what).causes(found.refused).hint(format!(
                "while the manifest has the service on server \"{server}\", `martydb apply --service {}` gives tables and the like \
                 of others to the owner",
                self.service.name
            )));
        }
        Ok(PreparedMove { former, source, own, programs })
    }

    async fn fill(
        &self,
        archive: &Archive,
        sizes: &RowSizes,
        source: &MigrationTarget,
        scratch: &MigrationTarget,
    ) -> Result<()> {
        let entries: Vec<ArchiveEntry> = archive
            .entries()
            .await?
            .into_iter()
            .filter(|entry| is_wanted(&entry.what, self.service))
            .collect();
        let sizes = sizes.of_entries(archive, &entries);
        let restoring = ArchiveProgress::of_restore(self.service.name.as_str(), sizes, 1);
        let load = load_order::load(archive, entries, scratch, 1, &restoring);
        restoring.during(scratch, None, load).await?;
        drop(restoring);
        let mut former = owner_session::as_owner(source).await?;
        let comments = extension_comments::read(&mut former).await?;
        former.close().await;
        for note in extension_comments::put_back(self.access, scratch, comments).await? {
            tracing::warn!(target: "martydb", "warning: service \"{}\": {note}", self.service.name);
        }
        let mut session = owner_session::as_owner(scratch).await?;
        owner_session::analyze(&mut session, scratch).await?;
        session.close().await;
        Ok(())
    }

    /// Closes the former database, compares, and renames the copy; reopens the former database if that fails.
    async fn finish(
        &self,
        ready: &mut PreparedMove<'_>,
        scratch: Scratch,
        session: &mut Connection,
    ) -> Result<()> {
        let here = scratch.target(&ready.own);
        if let Err(error) = close_and_compare(ready, &here).await {
            return scratch.remove_after(Err(reopened(ready, error).await)).await;
        }
        let comment = self.desired.database_comment(self.service);
        let Err(error) = scratch.keep_as(&self.service.database, &comment).await else {
            return self.leave(ready).await;
        };
        match self.is_there(session).await {
            // The server has renamed it, but the answer was lost.
            Ok(true) => self.leave(ready).await,
            Ok(false) => Err(reopened(ready, error).await),
            // Two open databases would be worse than none; the next run finds out.
            Err(second) => {
                let hint = "the former database stays closed: `martydb apply --all` finds out which of the two to use";
                Err(error.and_also(second).hint(hint))
            }
        }
    }

    async fn leave(&self, ready: &mut PreparedMove<'_>) -> Result<()> {
        if let Err(error) = ready.former.mark_moved().await {
            let what = "cannot mark its former database as moved";
            tracing::warn!(target: "martydb", "warning: service \"{}\": {what}: {error}", self.service.name);
        }
        Ok(())
    }

    async fn is_there(&self, session: &mut Connection) -> Result<bool> {
        let query = stmt!(
            "SELECT pg_catalog.count(*) > 0 FROM pg_catalog.pg_database WHERE datname = {name}",
            name = Literal(self.service.database.to_string())
        );
        Ok(query_first(session, &query).await?.unwrap_or_default())
    }
}

/// Reopens the former database; returns the original error, combined with another one if that fails.
async fn reopened(ready: &mut PreparedMove<'_>, error: Error) -> Error {
    match ready.former.reopen().await {
        Ok(()) => error,
        Err(second) => error.and_also(second),
    }
}

/// Kinds of archive entries whose owner is that of the object they are about, which may be another role than the
/// service's: the admin owns the extensions, and before 15 a superuser owns the schema `public`.
const FOREIGN_OWNED: &[&str] =
    &["ACL ", "TABLE DATA ", "SEQUENCE SET ", "SCHEMA - public ", "COMMENT - SCHEMA public "];

/// Returns `true` if the restore may create an archive entry, and `apply` has not created it already.
fn is_wanted(what: &str, service: &DesiredService) -> bool {
    let owner = service.role(RoleKind::Owner);
    let made = service.schemas.iter().any(|schema| what == format!("SCHEMA - {schema} {owner}"))
        || is_schema_of_extensions(what, service);
    let others =
        !what.ends_with(&format!(" {owner}")) && FOREIGN_OWNED.iter().any(|kind| what.starts_with(kind));
    !made && !others && !what.starts_with("COMMENT - EXTENSION ")
}

async fn close_and_compare(ready: &mut PreparedMove<'_>, scratch: &MigrationTarget) -> Result<()> {
    // Opened before the database is closed; afterwards it accepts no session.
    let mut there = owner_session::as_owner(&ready.source).await?;
    let mut here = owner_session::as_owner(scratch).await?;
    let end = compared(ready, scratch, &mut there, &mut here).await;
    there.close().await;
    here.close().await;
    end
}

async fn compared(
    ready: &mut PreparedMove<'_>,
    scratch: &MigrationTarget,
    there: &mut Connection,
    here: &mut Connection,
) -> Result<()> {
    ready.former.close(&[there.backend()]).await?;
    let hash = RowHash::best(there.major().min(here.major()));
    let sides = futures_util::future::join(compare::read(there, hash), compare::read(here, hash)).await;
    let (former, copy): (CopySide, CopySide) = (sides.0?, sides.1?);
    let former = compare::reread_by(scratch, former, &copy).await?;
    let differences = compare::differences(&former, &copy);
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::operation("the copy differs from the former database")
        .first_causes(&differences)
        .hint("the former database is open and unchanged; make sure that its applications are stopped, then run the same command again"))
}

async fn target(context: &Context, service: &DesiredService) -> Result<MigrationTarget> {
    targets::for_services(context, std::slice::from_ref(service)).await?.remove(0).1
}
