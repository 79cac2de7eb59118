//! `downgrade` of one service: the down files, newest applied first. Every one is found and read before the first
//! statement, because a run that stops half way for want of a file leaves a state that nobody asked for.

use super::adapter::{Adapter, Step};
use super::compare::{AppliedRow, compare};
use super::course::{Back, plan_downgrade};
use super::folder::{self, Folder};
use super::inventory;
use super::name::Direction;
use super::outcome::{Event, OnEvent, Outcome, refused_files};
use super::session::{Intent, NoSession, Rows, Session};
use super::shared::{check_tables, planned, prepare, refuse, width, with_applied};
use super::source::{Problem, Source};
use super::target::{Options, Run, Target};
use crate::error::{Error, Result};

/// Undoes a service's newest migrations, each in its own transaction, and says how far it came.
///
/// # Errors
/// In [`Outcome::error`], as for [`upgrade`](super::upgrade()); a missing down file is
/// [`Kind::MigrationFile`](crate::error::Kind::MigrationFile).
pub async fn downgrade(target: &Target, back: Back, options: &Options, on_event: OnEvent<'_>) -> Outcome {
    let mut outcome = Outcome::new(target.service.as_str());
    match look_and_run(target, back, options, on_event, &mut outcome).await {
        Ok(()) => outcome,
        Err(error) => {
            let error = with_applied(error, &outcome, Direction::Down);
            outcome.failed(error)
        }
    }
}

async fn look_and_run(
    target: &Target,
    back: Back,
    options: &Options,
    on_event: OnEvent<'_>,
    outcome: &mut Outcome,
) -> Result<()> {
    let folder = folder::load(&target.folder);
    let refused = folder.refused();
    if !refused.is_empty() {
        return Err(refused_files(target.service.as_str(), &refused));
    }
    let intent = if options.run == Run::Real { Intent::Write } else { Intent::Read };
    let mut session =
        Session::open(target, intent, options.lock_wait, on_event).await.map_err(NoSession::into_error)?;
    let result = proceed(&mut session, &folder, target, back, options, on_event, outcome).await;
    session.close().await;
    result
}

async fn proceed(
    session: &mut Session,
    folder: &Folder,
    target: &Target,
    back: Back,
    options: &Options,
    on_event: OnEvent<'_>,
    outcome: &mut Outcome,
) -> Result<()> {
    let rows = session.rows().await?;
    let standing = compare(&folder.migrations, &rows.applied, &rows.unfinished);
    (outcome.from, outcome.to) = (standing.current, standing.current);
    let versions = plan_downgrade(&standing, &rows.order, back)
        .map_err(|refusal| refuse(target, folder, standing.current, refusal))?;
    let files = files(target, folder, &rows, &versions)?;
    let width = width(&rows, folder);
    let inventory = inventory::take(session, target).await?;
    check_tables(target, &inventory, width, &[])?;
    let steps: Vec<_> = files.iter().map(|(row, source)| step(target, row, source)).collect();
    on_event(Event::Planned(steps.iter().map(Step::item).collect()));
    if options.run == Run::Dry {
        outcome.to = rows.order.iter().copied().filter(|version| !versions.contains(version)).max();
        outcome.planned = files.iter().map(|(row, source)| planned(row, source)).collect();
        return Ok(());
    }
    if !steps.is_empty() {
        prepare(session, target, &inventory, width).await?;
    }
    let mut adapter = Adapter::new(session, &inventory, target, options, on_event);
    for step in &steps {
        let undone = adapter.apply(step).await?;
        on_event(Event::Applied(undone.clone()));
        outcome.applied.push(undone);
        let gone = |version: &i64| outcome.applied.iter().any(|undone| undone.version == *version);
        outcome.to = rows.order.iter().copied().filter(|version| !gone(version)).max();
    }
    Ok(())
}

fn step<'a>(target: &'a Target, row: &AppliedRow, source: &'a Source) -> Step<'a> {
    Step { service: target.service.as_str(), direction: Direction::Down, source, row: row.clone() }
}

/// The down file of every version, or everything that is wrong with them.
fn files(
    target: &Target,
    folder: &Folder,
    rows: &Rows,
    versions: &[i64],
) -> Result<Vec<(AppliedRow, Source)>> {
    let (mut files, mut problems) = (vec![], vec![]);
    let rows = versions.iter().filter_map(|version| rows.applied.iter().find(|row| row.version == *version));
    for row in rows {
        match read(folder, row) {
            Ok(source) => files.push((row.clone(), source)),
            Err(wrong) => problems.extend(wrong),
        }
    }
    match problems.is_empty() {
        true => Ok(files),
        false => Err(cannot(target, &problems)),
    }
}

fn read(folder: &Folder, row: &AppliedRow) -> Result<Source, Vec<Problem>> {
    let file = folder.path.join(format!("V{}__{}.down.sql", row.version, row.name));
    let fix = "write it: what undoes the migration, or a comment and `SELECT 1;` if nothing is to be undone";
    let down = folder.get(row.version).and_then(|migration| migration.down.as_ref());
    let Some(path) = down else { return Err(vec![Problem::refused(&file, "is missing", fix)]) };
    match folder::load_down(path)? {
        source if source.statements.is_empty() => {
            Err(vec![Problem::refused(path, "holds no statement", fix)])
        }
        source => Ok(source),
    }
}

fn cannot(target: &Target, problems: &[Problem]) -> Error {
    let refused: Vec<&Problem> = problems.iter().collect();
    let mut error = refused_files(target.service.as_str(), &refused);
    error.message = format!("{} cannot be taken back: its down files are not complete", target.service);
    error
}
