//! `baseline`: a database that exists already is told which migrations it has, and none of them is run.

use super::accepted;
use super::compare::AppliedRow;
use super::directive::Mode;
use super::folder::{self, Folder, Migration};
use super::inventory;
use super::outcome::{Applied, Ended, OnEvent, Outcome, refused_files};
use super::session::{Intent, NoSession, Session};
use super::shared::{check_tables, prepare, row, schema, width};
use super::tables::{self, Number, Record, Took};
use super::target::{Options, Target};
use crate::error::{Error, Result};
use crate::server::execute;
use crate::sql::Statement;
use crate::stmt;

/// Records every version up to `at` as applied.
///
/// # Errors
/// In [`Outcome::error`]: [`Kind::Usage`](crate::error::Kind::Usage) if there is a history already or no such
/// version; else as [`upgrade`](super::upgrade()).
pub async fn baseline(target: &Target, at: i64, options: &Options, on_event: OnEvent<'_>) -> Outcome {
    let mut outcome = Outcome::new(target.service.as_str());
    match record_all(target, at, options, on_event, &mut outcome).await {
        Ok(()) => outcome,
        Err(error) => {
            outcome.outcome = Ended::Failed;
            outcome.failed(error)
        }
    }
}

async fn record_all(
    target: &Target,
    at: i64,
    options: &Options,
    on_event: OnEvent<'_>,
    outcome: &mut Outcome,
) -> Result<()> {
    let folder = folder::load(&target.folder);
    let chosen = chosen(target, &folder, at)?;
    let mut session = Session::open(target, Intent::Write, options.lock_wait, on_event)
        .await
        .map_err(NoSession::into_error)?;
    let result = write(&mut session, target, &folder, &chosen, options).await;
    session.close().await;
    result?;
    let untouched = chosen.iter().filter(|migration| !folder.is_judged(migration.version));
    accepted::add(&target.folder, untouched.copied(), "applied before martydb, by baseline")?;
    outcome.to = chosen.last().map(|migration| migration.version);
    let done = |m: &&Migration| Applied { version: m.version, name: m.name.clone(), duration_ms: 0 };
    outcome.applied = chosen.iter().map(done).collect();
    Ok(())
}

/// The migrations up to `at`. Our rules do not hold for them, since they are not run; their text must be readable.
fn chosen<'a>(target: &Target, folder: &'a Folder, at: i64) -> Result<Vec<&'a Migration>> {
    let unreadable = folder.unreadable();
    if !unreadable.is_empty() {
        return Err(refused_files(target.service.as_str(), &unreadable));
    }
    let all: Vec<&Migration> = folder.all();
    // 0 stands before the first: nothing is recorded, and everything is to be run.
    if at != 0 && !all.iter().any(|migration| migration.version == at) {
        let versions: Vec<_> = all.iter().map(|migration| migration.version.to_string()).collect();
        return Err(Error::usage(format!("{} has no migration V{at}", target.service)).hint(format!(
            "it has {}",
            if versions.is_empty() { "none".into() } else { versions.join(", ") }
        )));
    }
    Ok(all.into_iter().filter(|migration| migration.version <= at).collect())
}

async fn write(
    session: &mut Session,
    target: &Target,
    folder: &Folder,
    chosen: &[&Migration],
    options: &Options,
) -> Result<()> {
    let rows = session.rows().await?;
    if let Some(last) = rows.applied.last() {
        return Err(Error::usage(format!("{} has a history already", target.service))
            .cause(format!("its database is at V{}__{}", last.version, last.name))
            .hint(format!("`martydb status --service {}` shows what is pending", target.service)));
    }
    let width = width(&rows, folder);
    let inventory = inventory::take(session, target).await?;
    let versions: Vec<i64> = chosen.iter().map(|migration| migration.version).collect();
    check_tables(target, &inventory, width, &versions)?;
    prepare(session, target, &inventory, width).await?;
    let schema = schema(target, &session.present);
    let mut all = vec![stmt!("BEGIN")];
    for migration in chosen {
        let row = row(migration, width);
        all.push(tables::insert_refinery(&schema, &row));
        all.push(tables::insert_history(Number::Next, &event(migration, &row), &options.operator));
    }
    all.push(stmt!("COMMIT"));
    execute(&mut session.connection, &Statement::join(all)).await?;
    Ok(())
}

fn event<'a>(migration: &Migration, row: &'a AppliedRow) -> Record<'a> {
    Record {
        action: "baseline",
        row,
        outcome: "ok",
        mode: Mode::Transaction,
        attempts: 1,
        took: Took::Unknown,
        error: None,
        note: Some("recorded as applied, not run".into()),
        content: tables::content(&migration.up.text),
    }
}
