//! Backup of one service, from the first check to the archive in its folder. It has four steps, and a run takes
//! each step for all services before the next one, so their snapshots are as close together as possible.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::audit_rows::{self, AuditTable, FoundAudit, LockedAudit};
use super::check;
use super::record::BackupRecord;
use super::snapshot::{self, HeldSnapshot, LockedTables, RecordedFacts, jobs};
use crate::move_service::archive_progress::ArchiveProgress;
use crate::move_service::owner_session;
use martydb_compare::RowHash;
use martydb_migrate::MigrationTarget;
use martydb_model::ServiceName;
use martydb_model::error::{Error, Result};
use martydb_model::text::printable;
use martydb_pg_dump::archive;
use martydb_pg_dump::archive::{Archive, ArchivePrograms, ArchiveStep, FolderDump};

/// Name of the archive's folder in the backup's folder.
pub const DUMP: &str = "dump";

/// Options of a backup.
#[derive(Debug, Clone, Copy)]
pub struct BackupOptions {
    /// Accepts losses.
    pub accept: bool,
    /// Number of concurrent sessions that read.
    pub jobs: usize,
    /// Hashes rows instead of only counting them.
    pub hashes: bool,
}

/// A service that can be backed up.
pub struct ExaminedService {
    target: MigrationTarget,
    programs: ArchivePrograms,
    left_out: Vec<String>,
    session: martydb_pg::server::Connection,
    audit: Option<Box<AuditTable>>,
    how: BackupOptions,
}

/// A service whose tables are locked.
pub struct LockedService {
    of: BackupTask,
    locked: LockedTables,
    audit: Option<LockedAudit>,
}

/// A service with a snapshot.
pub struct ExportedService {
    of: BackupTask,
    snapshot: HeldSnapshot,
    audit: Option<LockedAudit>,
    at: OffsetDateTime,
    dumping: ArchiveProgress,
    jobs: usize,
}

struct BackupTask {
    target: MigrationTarget,
    programs: ArchivePrograms,
    left_out: Vec<String>,
    how: BackupOptions,
}

/// Checks for gaps of the backup, and for programs that can make it. `audit` is that of a service whose backups have its rows.
///
/// # Errors
/// If there are obstacles: lists all of them.
#[martydb_pg::boxed]
pub async fn examine(
    target: MigrationTarget,
    audit: Option<FoundAudit>,
    how: BackupOptions,
) -> Result<ExaminedService> {
    owner_session::end_orphans(&target).await?;
    let mut session = owner_session::as_owner(&target).await?;
    let programs = archive::find(session.major(), session.major()).await?;
    let mut gaps = check::gaps(&mut session, &target).await?;
    let audit = match audit {
        Some(FoundAudit::Table(table)) => Some(table),
        Some(FoundAudit::Lacking(why)) => {
            gaps.lost.push(printable(&why));
            None
        }
        None => None,
    };
    let left_out = gaps.accepted(&target.service, how.accept)?;
    Ok(ExaminedService { target, programs, left_out, session, audit, how })
}

impl ExaminedService {
    /// Locks the tables.
    pub async fn lock(self) -> Result<LockedService> {
        let ExaminedService { target, programs, left_out, session, audit, how } = self;
        let locked = snapshot::lock(session).await.map_err(|error| failed(&target.service, error))?;
        let audit = match audit {
            Some(audit) => Some(audit.lock().await.map_err(|error| failed(&target.service, error))?),
            None => None,
        };
        Ok(LockedService { of: BackupTask { target, programs, left_out, how }, locked, audit })
    }
}

impl LockedService {
    /// Takes the snapshot.
    pub async fn export(self) -> Result<ExportedService> {
        let LockedService { of, locked, audit } = self;
        let at_service = |error| failed(&of.target.service, error);
        let mut snapshot = locked.export().await.map_err(at_service)?;
        let at = OffsetDateTime::now_utc();
        let jobs = jobs(of.how.jobs, snapshot.free_sessions);
        // Of all services before the first is dumped: the whole is known then.
        let sizes = snapshot.sizes().await.map_err(at_service)?;
        let dumping = ArchiveProgress::of_dump(of.target.service.as_str(), sizes, jobs);
        Ok(ExportedService { of, snapshot, audit, at, dumping, jobs })
    }
}

impl ExportedService {
    /// Returns the time of the snapshot.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// Writes the archive into a new folder below this one, and reads the record.
    ///
    /// # Errors
    /// If a program or the server fails. The written files are incomplete then.
    pub async fn write(mut self, folder: &Path, plan_changes: Option<usize>) -> Result<BackupRecord> {
        let end = self.write_into(folder, plan_changes).await;
        self.snapshot.close().await;
        if let Some(audit) = self.audit {
            audit.close().await;
        }
        end.map_err(|error| failed(&self.of.target.service, error))
    }

    async fn write_into(&mut self, folder: &Path, plan_changes: Option<usize>) -> Result<BackupRecord> {
        let ExportedService { of, snapshot, audit, dumping, jobs, .. } = self;
        let compression = archive::compression(&of.programs).await;
        let (positions, tables) = snapshot.positions().await?;
        let (name, path): (String, PathBuf) = (snapshot.name.clone(), folder.join(DUMP));
        let how = FolderDump {
            snapshot: &name,
            holder: snapshot.process(),
            jobs: *jobs,
            compression,
            listener: &|step: ArchiveStep<'_>| dumping.hear(step),
        };
        let free = snapshot.free_sessions.map(|free| free.saturating_sub(*jobs));
        let dump = Archive::dump_folder(&of.programs, of.target.acting_login(), &path, how);
        let dump = dumping.during(&of.target, free, dump);
        let hash = if of.how.hashes { snapshot.best_hash() } else { RowHash::None };
        let reading = async {
            let said = snapshot.read(&of.target).await?;
            Ok((said, snapshot.sums(hash, tables).await?))
        };
        let audited = async {
            match audit {
                Some(audit) => audit.write(&name, folder, hash).await.map(Some),
                None => Ok(None),
            }
        };
        let (_, (said, mut contents), audited) =
            futures_util::future::try_join3(dump, reading, audited).await?;
        contents.extend(positions);
        contents.extend(audited.iter().map(|rows| (audit_rows::CONTENT.to_owned(), rows.sum.clone())));
        let RecordedFacts { lsn, server_version, server_version_num, beyond, migration_head, catalog } = said;
        Ok(BackupRecord {
            lsn,
            server_version,
            server_version_num,
            client_version: of.programs.version().to_owned(),
            compression: compression.to_owned(),
            migration_head,
            plan_changes,
            left_out: of.left_out.clone(),
            hash: hash.name().to_owned(),
            contents,
            catalog: catalog.0.into_iter().map(|((kind, name), text)| (kind, name, text)).collect(),
            beyond,
            audit: audited.map(|rows| rows.columns),
        })
    }
}

fn failed(service: &ServiceName, error: Error) -> Error {
    error.while_doing(format!("service \"{service}\" was not backed up"))
}
