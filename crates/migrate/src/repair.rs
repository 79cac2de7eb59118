//! `repair` accepts the present state: an edited file's checksum, an interrupted migration, an applied file
//! that violates the rules. Examining and repairing are two steps, with a prompt between them.

use serde::Serialize;
use similar::TextDiff;

use super::check::{Divergence, Edit, compare};
use super::definitions;
use super::engine::{Intent, MigrationSession, Preflight};
use super::files::{Direction, Migration, MigrationFolder, folder, waivers};
use super::history::{AppliedRow, Interruption, Record, Unfinished, progress, tables};
use super::report::EventSender;
use super::target::{MigrationTarget, Options};
use martydb_model::SchemaName;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::Statement;
use martydb_pg::server::Row;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repairable {
    pub version: i64,
    pub name: String,
    pub wrong: RepairKind,
    pub what: String,
    /// Diff from the applied file to the present one, where the former is known.
    pub diff: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairKind {
    Edited,
    /// A non-transactional migration was started and not finished.
    HalfWay,
    /// The file violates the rules, and is applied.
    Refused,
    /// martydb's history has the version as applied, and refinery's table has lost its row.
    RowLost,
    /// The version is the next pending one. The caller must show that the database has what its file makes.
    AppliedByHand,
}

/// Finds what repair can accept, in one version or in all. Writes nothing. A pending version must be named.
///
/// # Errors
/// [`Kind::Usage`] if the version needs no repair; else as [`run`](super::run()).
pub async fn examine(
    target: &MigrationTarget,
    version: Option<i64>,
    options: &Options,
) -> Result<Vec<Repairable>> {
    let folder = folder::load_readable(&target.folder, target.service.as_str())?;
    let mut session =
        MigrationSession::open(target, Intent::Read, options.lock_wait, &EventSender::ignored()).await?;
    let found = examine_run(&mut session, &folder, version).await;
    session.close().await;
    let found = found?;
    match version.filter(|_| found.is_empty()) {
        None => Ok(found),
        Some(version) => {
            Err(Error::usage(format!("V{version} of {} needs no repair", target.service)).hint(format!(
                "`martydb status --service {}` shows what differs; a missing file must be restored",
                target.service
            )))
        }
    }
}

async fn examine_run(
    session: &mut MigrationSession<'_>,
    folder: &MigrationFolder,
    version: Option<i64>,
) -> Result<Vec<Repairable>> {
    let rows = session.rows().await?;
    let migrations: Vec<Migration> = folder.all().into_iter().cloned().collect();
    let readable = MigrationFolder { migrations, ..folder.clone() };
    let comparison = compare(&readable, &rows);
    let mut found = vec![];
    for divergence in &comparison.divergences {
        if let Divergence::Edited { version, name, applied_as, edit } = divergence {
            let then = applied_text(session, *version).await?;
            let now = folder.find(*version).map(|migration| &*migration.up.text).unwrap_or_default();
            found.push(edited((*version, name), applied_as, edit, then.as_deref(), now));
        }
    }
    found.extend(comparison.unfinished.iter().map(|begun| half_way(begun, folder)));
    let edited = |version: i64| comparison.divergences.iter().any(|d| d.version() == version);
    let applied = |version: i64| rows.applied.iter().any(|row| row.version == version);
    found.extend(rows.lost.iter().map(row_lost));
    let refused = folder.doubtful.iter().filter(|m| applied(m.version) && !edited(m.version));
    found.extend(refused.map(refused_by_rules));
    if let (true, Some(next)) = (found.is_empty(), next_pending(folder, &rows.applied)) {
        found.extend((version == Some(next.version)).then(|| applied_by_hand(next)));
    }
    found.retain(|item| version.is_none_or(|version| item.version == version));
    found.sort_by_key(|item| item.version);
    Ok(found)
}

async fn applied_text(session: &mut MigrationSession<'_>, version: i64) -> Result<Option<String>> {
    if !session.present.history {
        return Ok(None);
    }
    let results = session.query([tables::read_content(version)]).await?;
    Ok(results.iter().flatten().next().map(Row::read).transpose()?.flatten())
}

fn edited(
    (version, name): (i64, &str),
    applied_as: &str,
    edit: &Edit,
    then: Option<&str>,
    now: &str,
) -> Repairable {
    let what = match (edit, then) {
        (Edit::Name, _) => format!("new name, \"{name}\" instead of \"{applied_as}\""),
        (Edit::Blanks(blanks), _) => format!("other {blanks}; the SQL is the same"),
        (Edit::Content, Some(_)) => "new text".into(),
        (Edit::Content, None) => "new text; the text that was applied is not known, because another \
                                  tool recorded it or it was too long to be stored"
            .into(),
    };
    let diff = then.filter(|_| *edit == Edit::Content).map(|then| unified_diff(then, now));
    Repairable { version, name: name.into(), wrong: RepairKind::Edited, what, diff }
}

fn unified_diff(then: &str, now: &str) -> String {
    TextDiff::from_lines(then, now)
        .unified_diff()
        .context_radius(3)
        .header("as applied", "in the folder")
        .to_string()
}

fn half_way(begun: &Unfinished, folder: &MigrationFolder) -> Repairable {
    let name = folder.find(begun.version).map(|migration| migration.name.clone()).unwrap_or_default();
    let end = match begun.end {
        Interruption::Failed => "failed",
        Interruption::Started => "was interrupted",
    };
    let what = match begun.direction {
        Direction::Up => {
            format!("its record that it {end} is removed: the next upgrade begins with its first statement")
        }
        Direction::Down => {
            format!("the record that undoing it {end} is removed: it counts as applied, as before")
        }
    };
    Repairable { version: begun.version, name, wrong: RepairKind::HalfWay, what, diff: None }
}

fn row_lost(row: &AppliedRow) -> Repairable {
    let what = "its row is put back: martydb's history has it as applied".into();
    Repairable { version: row.version, name: row.name.clone(), wrong: RepairKind::RowLost, what, diff: None }
}

fn next_pending<'f>(folder: &'f MigrationFolder, applied: &[AppliedRow]) -> Option<&'f Migration> {
    let mut pending = folder.migrations.iter().filter(|m| applied.iter().all(|row| row.version != m.version));
    pending.next()
}

fn applied_by_hand(migration: &Migration) -> Repairable {
    let what = "the database has what its file makes: it is recorded as applied, and not run".into();
    let (version, name) = (migration.version, migration.name.clone());
    Repairable { version, name, wrong: RepairKind::AppliedByHand, what, diff: None }
}

fn refused_by_rules(migration: &Migration) -> Repairable {
    Repairable {
        version: migration.version,
        name: migration.name.clone(),
        wrong: RepairKind::Refused,
        what: format!(
            "it is applied, and accepted unchanged in {}; a new database runs it only if PostgreSQL can",
            waivers::WAIVERS
        ),
        diff: None,
    }
}

/// Accepts the examined findings if they are unchanged, and records the operator and the reason.
///
/// # Errors
/// [`Kind::Stale`] if the database or the files have changed since the examination; else as [`run`](super::run()).
pub async fn repair(
    target: &MigrationTarget,
    shown: &[Repairable],
    reason: &str,
    options: &Options,
    events: &EventSender,
) -> Result<()> {
    let folder = folder::load_readable(&target.folder, target.service.as_str())?;
    let mut session = MigrationSession::open(target, Intent::Write, options.lock_wait, events).await?;
    let result = act(&mut session, &folder, shown, reason, options).await;
    session.close().await;
    result?;
    let versions: Vec<i64> =
        shown.iter().filter(|item| item.wrong != RepairKind::HalfWay).map(|item| item.version).collect();
    let doubtful = folder.doubtful.iter().filter(|migration| versions.contains(&migration.version));
    waivers::add_waivers(&target.folder, doubtful, reason)
}

async fn act(
    session: &mut MigrationSession<'_>,
    folder: &MigrationFolder,
    shown: &[Repairable],
    reason: &str,
    options: &Options,
) -> Result<()> {
    let pending = shown.iter().find(|item| item.wrong == RepairKind::AppliedByHand);
    let now = examine_run(session, folder, pending.map(|item| item.version)).await?;
    if let Some(gone) = shown.iter().find(|item| !now.contains(item)) {
        return Err(Error::new(Kind::Stale, "the database or the files changed since they were shown")
            .cause(format!("V{}__{} has changed", gone.version, gone.name))
            .hint("run the same command again"));
    }
    let rows = session.rows().await?;
    let version_type = rows.version_type_for(folder);
    let preflight = Preflight::run(session).await?;
    preflight.prepare(session, version_type, options).await?;
    let carried = definitions::carry(session).await?;
    let (rows, lost, schema, mut all) = (rows.applied, rows.lost, session.schema(), vec![]);
    for (number, item) in (preflight.last_event + 1..).zip(shown) {
        let migration = folder.find(item.version);
        let recorded = rows.iter().chain(&lost).find(|row| row.version == item.version);
        let is_new_text = matches!(item.wrong, RepairKind::Edited | RepairKind::AppliedByHand);
        let edited = migration.filter(|_| is_new_text);
        let action = if item.wrong == RepairKind::AppliedByHand { "baseline" } else { "repair" };
        let row = match (edited, recorded, migration) {
            (None, Some(recorded), _) => recorded.clone(),
            (Some(migration), ..) | (None, None, Some(migration)) => {
                AppliedRow::from_migration(migration, version_type)
            }
            (None, None, None) => {
                AppliedRow { version: item.version, name: item.name.clone(), checksum: String::new() }
            }
        };
        all.extend(accept(&schema, item, &row));
        let record = Record {
            note: Some(reason.into()),
            content: edited.and_then(|migration| tables::content(&migration.up.text)),
            ..Record::new(action, &row, "ok")
        };
        all.push(tables::insert_history(&session.present, number, &record, &options.operator));
    }
    all.extend(carried);
    session.commit(all).await
}

fn accept(schema: &SchemaName, item: &Repairable, row: &AppliedRow) -> Option<Statement> {
    match item.wrong {
        RepairKind::Edited => Some(tables::accept_refinery(schema, row)),
        RepairKind::HalfWay => Some(progress::end(item.version)),
        RepairKind::RowLost => Some(tables::restore_refinery(schema, row)),
        RepairKind::AppliedByHand => Some(tables::insert_refinery(schema, row)),
        RepairKind::Refused => None,
    }
}
