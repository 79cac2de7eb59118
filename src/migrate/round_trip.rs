//! Up, down, up on a scratch database, and a look at the catalogue after each: the proof that a down file undoes its
//! migration, and that it can be applied again.

use serde::Serialize;

use super::check::DowngradeTo;
use super::engine::session;
use super::files::{Migration, folder};
use super::history::{Catalogue, Difference};
use super::report::{EventSender, MigrationOutcome};
use super::run::{Goal, run};
use super::target::{MigrationTarget, Options};
use crate::error::{Error, Result};
use crate::model::DownFiles;
use crate::server::Connection;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoundTrip {
    pub version: i64,
    pub name: String,
    pub outcome: RoundTripResult,
    /// What the down file left other than it was.
    pub after_down: Vec<Difference>,
    /// What the second up made other than the first.
    pub after_up: Vec<Difference>,
    /// Why it was not checked.
    pub skipped: Option<String>,
    pub error: Option<Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RoundTripResult {
    /// Both catalogues are the same.
    Ok,
    Differs,
    /// A file failed, or is missing.
    Failed,
    /// It has no down file, and says so.
    Skipped,
}

/// Makes the round trip of the chosen versions on a scratch database: `target` is its migrator.
///
/// The same login reads the catalogue. Once a migration has run, whatever is called in this database is the service's
/// code, and a session of the admin would lend it the admin's rights.
///
/// # Errors
/// If the migrator cannot log in, or the files before the first chosen one cannot be replayed.
pub async fn check_round_trips(
    target: &MigrationTarget,
    chosen: &[i64],
    options: &Options,
) -> Result<Vec<RoundTrip>> {
    let mut reader = session::reader(target, options.lock_wait).await?;
    let folder = folder::load(&target.folder);
    let mut all = vec![];
    let mut before = None;
    for migration in &folder.migrations {
        let version = migration.version;
        let skipped = skipped(target, migration);
        if let Some(why) = skipped.filter(|_| chosen.contains(&version)) {
            all.push(RoundTrip { skipped: Some(why), ..unchecked(migration, RoundTripResult::Skipped) });
        } else if chosen.contains(&version) {
            if let Some(before) = before {
                up(target, before, options).await.map_err(|error| unreplayed(target, error))?;
            }
            all.push(round_trip(target, &mut reader, migration, options).await);
            if all.last().is_some_and(|trip| trip.outcome == RoundTripResult::Failed) {
                break;
            }
        }
        before = Some(version);
    }
    Ok(all)
}

fn unchecked(migration: &Migration, outcome: RoundTripResult) -> RoundTrip {
    let (version, name) = (migration.version, migration.name.clone());
    RoundTrip { version, name, outcome, after_down: vec![], after_up: vec![], skipped: None, error: None }
}

/// Why a migration needs no down file, if it has none.
fn skipped(target: &MigrationTarget, migration: &Migration) -> Option<String> {
    let down = || folder::load_down(migration.down.as_ref()?).ok()?.directives.irreversible;
    match (&migration.up.directives.irreversible, target.down) {
        (Some(reason), _) => Some(format!("irreversible: {reason}")),
        (None, DownFiles::None) => Some("the manifest says `down: none`".into()),
        (None, DownFiles::Optional) if migration.down.is_none() => Some("it has no down file".into()),
        _ => down().map(|reason| format!("irreversible: {reason}")),
    }
}

fn unreplayed(target: &MigrationTarget, error: Error) -> Error {
    error
        .while_doing(format!("the files of {} cannot be replayed on an empty database", target.service))
        .hint("a database that was there before its files cannot be rebuilt from them")
}

async fn up(target: &MigrationTarget, to: i64, options: &Options) -> Result<()> {
    let options = Options { to: Some(to), repeatables: false, ..options.clone() };
    finished(run(target, Goal::Upgrade, &options, &EventSender::ignored()).await)
}

fn finished(outcome: MigrationOutcome) -> Result<()> {
    outcome.error.map_or(Ok(()), Err)
}

async fn round_trip(
    target: &MigrationTarget,
    reader: &mut Connection,
    migration: &Migration,
    options: &Options,
) -> RoundTrip {
    let (outcome, after_down, after_up, error) =
        match there_and_back(target, reader, migration.version, options).await {
            Err(error) => (RoundTripResult::Failed, vec![], vec![], Some(error)),
            Ok((down, up)) if down.is_empty() && up.is_empty() => (RoundTripResult::Ok, down, up, None),
            Ok((down, up)) => (RoundTripResult::Differs, down, up, None),
        };
    RoundTrip { after_down, after_up, error, ..unchecked(migration, outcome) }
}

async fn there_and_back(
    target: &MigrationTarget,
    reader: &mut Connection,
    version: i64,
    options: &Options,
) -> Result<(Vec<Difference>, Vec<Difference>)> {
    let before = Catalogue::read(reader).await?;
    up(target, version, options).await?;
    let applied = Catalogue::read(reader).await?;
    finished(run(target, Goal::Downgrade(DowngradeTo::Steps(1)), options, &EventSender::ignored()).await)?;
    let undone = Catalogue::read(reader).await?;
    up(target, version, options).await.map_err(|error| error.while_doing("it cannot be applied again"))?;
    let again = Catalogue::read(reader).await?;
    Ok((before.differences(&undone), applied.differences(&again)))
}
