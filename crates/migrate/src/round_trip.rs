//! Up, down, up on a scratch database, with a comparison of the catalogs after each: the proof that a down file
//! undoes its migration, and that the migration can be applied again.
//!
//! All migrations are reported in one run. A migration that leaves the database in another state than its files
//! make ends the use of that database; the next round trip runs in a fresh one, brought to the version before.

mod outcome;
mod walk;

use super::files::{MigrationFolder, folder};
use super::target::{MigrationTarget, Options};
use martydb_model::error::Result;
pub use outcome::{RoundTrip, RoundTripResult};
use walk::{TripSession, WalkEnd};

/// Creates scratch databases, one at a time.
pub trait ScratchSource {
    /// Drops the last database and creates another; the target is its migrator.
    fn fresh(&mut self) -> impl Future<Output = Result<MigrationTarget>> + Send;
}

/// Runs the round trips of the chosen versions of a folder.
///
/// The migrator reads the catalog. Once a migration has run, functions called in this database may be the
/// service's code, and a session of the admin would run them with the admin's privileges.
///
/// # Errors
/// If a scratch database cannot be made, the migrator cannot log in, or the files before a chosen one cannot be
/// replayed.
pub async fn check_round_trips(
    source: &mut impl ScratchSource,
    folder: &MigrationFolder,
    chosen: &[i64],
    options: &Options,
) -> Result<Vec<RoundTrip>> {
    let migrations = &folder.migrations;
    let mut all = vec![];
    let mut next = migrations.iter().position(|migration| chosen.contains(&migration.version));
    while let Some(first) = next {
        let target = source.fresh().await?;
        let mut walk = TripSession::start(&target, folder, first, options).await?;
        let end = walk.make(chosen, first, &mut all).await;
        walk.end().await;
        next = match end {
            WalkEnd::Done => None,
            WalkEnd::Fresh(at) => Some(at).filter(|at| *at < migrations.len()),
            WalkEnd::Stuck(at) => {
                let why = format!("V{} before it cannot be applied", migrations[at].version);
                let rest = migrations[at + 1..].iter().filter(|one| chosen.contains(&one.version));
                all.extend(rest.map(|one| RoundTrip::skipped(one, why.clone())));
                None
            }
        };
    }
    Ok(all)
}

/// Returns the folder whose migrations are checked.
pub fn folder_of(target: &MigrationTarget) -> Result<MigrationFolder> {
    folder::load_valid(&target.folder, target.service.as_str())
}
