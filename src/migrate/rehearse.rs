//! Up, down, up on a database that nobody needs, and a look at the catalogue after each: the proof that a down file
//! undoes its migration, and that it can be applied again.

use serde::Serialize;

use super::catalogue::{Catalogue, Difference};
use super::course::Back;
use super::downgrade::downgrade;
use super::folder;
use super::outcome::Outcome;
use super::session;
use super::target::{Options, Target};
use super::upgrade::upgrade;
use crate::error::{Error, Result};
use crate::server::Connection;

/// What a rehearsal of one migration showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rehearsal {
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: Proof,
    /// What the down file left other than it was.
    pub after_down: Vec<Difference>,
    /// What the second up made other than the first.
    pub after_up: Vec<Difference>,
    /// Why it could not be rehearsed.
    #[serde(serialize_with = "crate::report::serialize_error")]
    pub error: Option<Error>,
}

/// How a rehearsal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// Both catalogues are the same.
    Ok,
    /// They are not.
    Differs,
    /// A file failed, or is missing.
    Failed,
}

/// Rehearses the chosen versions on a scratch database: `target` is its migrator.
///
/// The same login reads the catalogue. Once a migration has run, whatever is called in this database is the service's
/// code, and a session of the admin would lend it the admin's rights.
///
/// # Errors
/// If the migrator cannot log in, or the files before the first chosen one cannot be replayed.
pub async fn rehearse(target: &Target, chosen: &[i64], options: &Options) -> Result<Vec<Rehearsal>> {
    let mut reader = session::reader(target, options.lock_wait).await?;
    let folder = folder::load(&target.folder);
    let mut all = vec![];
    let mut before = None;
    for migration in &folder.migrations {
        let version = migration.version;
        if chosen.contains(&version) {
            if let Some(before) = before {
                up(target, before, options).await.map_err(|error| unreplayed(target, error))?;
            }
            all.push(one(target, &mut reader, (version, &migration.name), options).await);
            if all.last().is_some_and(|rehearsal| rehearsal.outcome == Proof::Failed) {
                break;
            }
        }
        before = Some(version);
    }
    Ok(all)
}

fn unreplayed(target: &Target, error: Error) -> Error {
    error
        .while_doing(format!("the files of {} cannot be replayed on an empty database", target.service))
        .hint("a database that was there before its files cannot be rebuilt from them")
}

async fn up(target: &Target, to: i64, options: &Options) -> Result<()> {
    let options = Options { to: Some(to), ..options.clone() };
    finished(upgrade(target, &options, &|_| {}).await)
}

fn finished(outcome: Outcome) -> Result<()> {
    outcome.error.map_or(Ok(()), Err)
}

async fn one(
    target: &Target,
    reader: &mut Connection,
    (version, name): (i64, &str),
    options: &Options,
) -> Rehearsal {
    let mut rehearsal = Rehearsal {
        version,
        name: name.into(),
        outcome: Proof::Failed,
        after_down: vec![],
        after_up: vec![],
        error: None,
    };
    match there_and_back(target, reader, version, options).await {
        Err(error) => rehearsal.error = Some(error),
        Ok((after_down, after_up)) => {
            let same = after_down.is_empty() && after_up.is_empty();
            rehearsal.outcome = if same { Proof::Ok } else { Proof::Differs };
            (rehearsal.after_down, rehearsal.after_up) = (after_down, after_up);
        }
    }
    rehearsal
}

async fn there_and_back(
    target: &Target,
    reader: &mut Connection,
    version: i64,
    options: &Options,
) -> Result<(Vec<Difference>, Vec<Difference>)> {
    let before = Catalogue::read(reader).await?;
    up(target, version, options).await?;
    let applied = Catalogue::read(reader).await?;
    finished(downgrade(target, Back::Steps(1), options, &|_| {}).await)?;
    let undone = Catalogue::read(reader).await?;
    up(target, version, options).await.map_err(|error| error.while_doing("it cannot be applied again"))?;
    let again = Catalogue::read(reader).await?;
    Ok((before.differences(&undone), applied.differences(&again)))
}
