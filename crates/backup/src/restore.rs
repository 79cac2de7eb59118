//! Restore, from the lock to the swap.

pub(crate) mod replaced_databases;
pub(crate) mod swap;

use std::time::Duration;

use super::archive_part::ArchivePart;
use super::load::{Loaded, load};
use super::load_task::{LoadSource, RestoreTarget};
use super::move_service::owner_session;
use crate::restore::swap::{restore_as, swap};
use martydb_migrate::files::MigrationFolder;
use martydb_model::error::{Error, Result};
use martydb_model::{DbName, DesiredService};
use martydb_pg::server::lock;

/// Result of a restore.
#[derive(Debug, Default)]
pub struct RestoreOutcome {
    /// Name of the replaced database.
    pub kept: Option<DbName>,
    /// Differences from the former state.
    pub notes: Vec<String>,
    /// Restored tables; `None` for all.
    pub part: Option<ArchivePart>,
}

/// Destination of the restored database.
#[derive(Debug, Clone)]
pub enum RestoreLocation {
    /// Replaces the service's database.
    Service,
    /// A new database beside it, with this name.
    As(DbName),
}

/// Loads a backup, compares it, and renames it. `before` runs before the database is opened.
///
/// # Errors
/// If a step fails: the service's database is unchanged.
pub async fn restore<F: Future<Output = Result<()>>>(
    to: &RestoreTarget<'_>,
    from: LoadSource<'_>,
    backup: &str,
    place: &RestoreLocation,
    wait: Duration,
    before: impl FnOnce(DbName) -> F,
) -> Result<RestoreOutcome> {
    let mut session = to.access.write(&to.access.maintenance).await?;
    let what = format!("a restore of service \"{}\"", to.service.name);
    let held =
        lock::acquire(&mut session, owner_session::lock_key(0x7265_7374, to.service), wait, &what).await?;
    let end = async {
        let mut loaded = prepared(load(to, from).await?, before).await?;
        match place {
            RestoreLocation::Service => {
                let (kept, notes) = swap(to, loaded, &from.record.beyond, backup).await?;
                Ok(RestoreOutcome { kept, notes, part: None })
            }
            RestoreLocation::As(name) => {
                let mark = format!("{} by martydb from {backup}", to.service.name);
                let (notes, part) = (loaded.notes.clone(), loaded.part.take());
                restore_as(to.access, loaded, name, &mark).await?;
                Ok(RestoreOutcome { kept: None, notes, part })
            }
        }
    };
    let end = end.await;
    let released = lock::release(&mut session, held).await;
    let failed =
        |error: Error| error.while_doing(format!("service \"{}\" was not restored", to.service.name));
    // The restore is complete even if releasing its lock fails; the lock ends with the session.
    end.map_err(failed).inspect(|_| drop(released))
}

async fn prepared<F: Future<Output = Result<()>>>(
    loaded: Loaded,
    before: impl FnOnce(DbName) -> F,
) -> Result<Loaded> {
    match before(loaded.scratch.database.clone()).await {
        Ok(()) => Ok(loaded),
        Err(error) => loaded.scratch.remove_after(Err(error)).await,
    }
}

/// Relation of the migration files to a backup's migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadAgainstFiles {
    Same,
    /// The files have newer migrations.
    Older,
}

/// Compares the newest migration of a backup with the files.
///
/// # Errors
/// If the backup has migrations that the files lack.
pub fn compare_head(
    service: &DesiredService,
    folder: &MigrationFolder,
    head: Option<i64>,
) -> Result<HeadAgainstFiles> {
    let newest = folder.migrations.iter().map(|migration| migration.version).max();
    let newest = newest.max(folder.checkpoint.as_ref().map(|checkpoint| checkpoint.version()));
    match head.cmp(&newest) {
        std::cmp::Ordering::Equal => Ok(HeadAgainstFiles::Same),
        std::cmp::Ordering::Less => Ok(HeadAgainstFiles::Older),
        std::cmp::Ordering::Greater => {
            let version =
                |version: Option<i64>| version.map_or("none".into(), |version| format!("V{version}"));
            Err(Error::operation(format!(
                "the backup of service \"{}\" is newer than its migration files",
                service.name
            ))
            .cause(format!(
                "its newest migration is {}, that of the files is {}",
                version(head),
                version(newest)
            ))
            .hint("check out the files as of that backup, or restore it under another name with --as NAME"))
        }
    }
}
