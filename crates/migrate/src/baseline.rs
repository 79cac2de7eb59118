//! `baseline`: records migrations of an existing database as applied, without running them.

use super::definitions;
use super::engine::{Intent, MigrationSession, Preflight};
use super::files::{Checkpoint, Migration, MigrationFolder, folder, waivers};
use super::history::{AppliedRow, Record, tables};
use super::report::{AppliedMigration, EventSender, MigrationOutcome};
use super::target::{MigrationTarget, Options};
use martydb_model::error::{Error, Result};

/// Records every version up to `at` as applied.
///
/// # Errors
/// In [`MigrationOutcome::error`]: [`Kind::Usage`](martydb_model::error::Kind::Usage) if the database has a history or
/// the folder lacks the version; else as [`run`](super::run()).
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
    // The rules do not apply to files that are not run; their text must be readable.
    let folder = folder::load_readable(&target.folder, target.service.as_str())?;
    // Version 0 is below every file: nothing is recorded, and all files run later.
    let chosen: Vec<&Migration> = folder.all().into_iter().filter(|m| m.version <= at).collect();
    let replaced = replaced(&folder, &chosen, at);
    if at != 0 && folder.find(at).is_none() && replaced.is_none_or(|all| all.version() != at) {
        return Err(folder.has_no(at, &target.service));
    }
    let mut session = MigrationSession::open(target, Intent::Write, options.lock_wait, events).await?;
    let rows = write(&mut session, &folder, (&chosen, replaced), options).await;
    session.close().await;
    let rows = rows?;
    let refused = chosen.iter().filter(|migration| folder.get(migration.version).is_none());
    waivers::add_waivers(&target.folder, refused.copied(), "applied before martydb, by baseline")?;
    let done = |row: AppliedRow| AppliedMigration { version: row.version, name: row.name, duration_ms: 0 };
    Ok(rows.into_iter().map(done).collect())
}

/// Returns the checkpoint if it is reached and some of the files that it replaces are gone.
fn replaced<'f>(folder: &'f MigrationFolder, chosen: &[&Migration], at: i64) -> Option<&'f Checkpoint> {
    let reached = folder.checkpoint.as_ref().filter(|checkpoint| checkpoint.version() <= at)?;
    let has_file = |version: i64| chosen.iter().any(|migration| migration.version == version);
    (!reached.replaces.iter().all(|one| has_file(one.version))).then_some(reached)
}

async fn write(
    session: &mut MigrationSession<'_>,
    folder: &MigrationFolder,
    (chosen, replaced): (&[&Migration], Option<&Checkpoint>),
    options: &Options,
) -> Result<Vec<AppliedRow>> {
    let service = &session.target.service;
    let rows = session.rows().await?;
    if let Some(last) = rows.applied.iter().chain(&rows.lost).max_by_key(|row| row.version) {
        return Err(Error::usage(format!("{service} already has a history"))
            .cause(format!("its database is at V{}__{}", last.version, last.name))
            .hint(format!("`martydb status --service {service}` shows what is pending")));
    }
    let version_type = rows.version_type_for(folder);
    let preflight = Preflight::run(session).await?;
    let files =
        chosen.iter().map(|m| (AppliedRow::from_migration(m, version_type), tables::content(&m.up.text)));
    let others = replaced.iter().flat_map(|checkpoint| &checkpoint.replaces);
    let others = others.filter(|one| chosen.iter().all(|m| m.version != one.version));
    let others = others.map(|one| (AppliedRow::replaced(one, version_type), None));
    let mut due: Vec<(AppliedRow, Option<String>)> = files.chain(others).collect();
    due.sort_by_key(|(row, _)| row.version);
    let versions: Vec<i64> = due.iter().map(|(row, _)| row.version).collect();
    preflight.check(session.target, version_type, &versions)?;
    preflight.prepare(session, version_type, options).await?;
    let (schema, mut all) = (session.schema(), vec![]);
    for (number, (row, content)) in (preflight.last_event + 1..).zip(&due) {
        all.push(tables::insert_refinery(&schema, row));
        let record = Record {
            note: Some("recorded as applied, not run".into()),
            content: content.clone(),
            ..Record::new("baseline", row, "ok")
        };
        all.push(tables::insert_history(&session.present, number, &record, &options.operator));
    }
    all.extend(definitions::keeping(session)?);
    session.commit(all).await?;
    Ok(due.into_iter().map(|(row, _)| row).collect())
}
