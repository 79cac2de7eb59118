//! `baseline`: a database that exists already is told which migrations it has, and none of them is run.

use super::engine::{Intent, MigrationSession, Preflight};
use super::files::{Migration, MigrationFolder, folder, waivers};
use super::history::{AppliedRow, Record, tables};
use super::report::{AppliedMigration, EventSender, MigrationOutcome};
use super::target::{MigrationTarget, Options};
use crate::error::{Error, Result};

/// Records every version up to `at` as applied.
///
/// # Errors
/// In [`MigrationOutcome::error`]: [`Kind::Usage`](crate::error::Kind::Usage) if there is a history already or no such
/// version; else as [`run`](super::run()).
pub async fn baseline(
    target: &MigrationTarget,
    at: i64,
    options: &Options,
    events: &EventSender,
) -> MigrationOutcome {
    let nothing = MigrationOutcome::new(target.service.as_str());
    match record_all(target, at, options, events).await {
        Ok(applied) => {
            MigrationOutcome { to: applied.last().map(|migration| migration.version), applied, ..nothing }
        }
        Err(error) => nothing.failed(error),
    }
}

async fn record_all(
    target: &MigrationTarget,
    at: i64,
    options: &Options,
    events: &EventSender,
) -> Result<Vec<AppliedMigration>> {
    // The rules do not hold for files that are not run; their text must be readable.
    let folder = folder::load_readable(&target.folder, target.service.as_str())?;
    // 0 stands before the first: nothing is recorded, and everything will be run.
    if at != 0 && folder.find(at).is_none() {
        return Err(folder.has_no(at, &target.service));
    }
    let chosen: Vec<&Migration> = folder.all().into_iter().filter(|m| m.version <= at).collect();
    let mut session = MigrationSession::open(target, Intent::Write, options.lock_wait, events).await?;
    let result = write(&mut session, &folder, &chosen, options).await;
    session.close().await;
    result?;
    let refused = chosen.iter().filter(|migration| folder.get(migration.version).is_none());
    waivers::add_waivers(&target.folder, refused.copied(), "applied before martydb, by baseline")?;
    let done = |m: &&Migration| AppliedMigration { version: m.version, name: m.name.clone(), duration_ms: 0 };
    Ok(chosen.iter().map(done).collect())
}

async fn write(
    session: &mut MigrationSession<'_>,
    folder: &MigrationFolder,
    chosen: &[&Migration],
    options: &Options,
) -> Result<()> {
    let service = &session.target.service;
    let rows = session.rows().await?;
    if let Some(last) = rows.applied.last() {
        return Err(Error::usage(format!("{service} already has a history"))
            .cause(format!("its database is at V{}__{}", last.version, last.name))
            .hint(format!("`martydb status --service {service}` shows what is pending")));
    }
    let version_type = rows.version_type_for(folder);
    let preflight = Preflight::take(session).await?;
    let versions: Vec<i64> = chosen.iter().map(|migration| migration.version).collect();
    preflight.check(session.target, version_type, &versions)?;
    preflight.prepare(session, version_type).await?;
    let (schema, mut all) = (session.schema(), vec![]);
    for (number, migration) in (preflight.last_event + 1..).zip(chosen) {
        let row = AppliedRow::of(migration, version_type);
        all.push(tables::insert_refinery(&schema, &row));
        let record = Record {
            note: Some("recorded as applied, not run".into()),
            content: tables::content(&migration.up.text),
            ..Record::new("baseline", &row, "ok")
        };
        all.push(tables::insert_history(number, &record, &options.operator));
    }
    session.commit(all).await
}
