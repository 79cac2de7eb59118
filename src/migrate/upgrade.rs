//! `upgrade` of one service: look, decide, run.

use refinery_core::Runner;

use super::adapter::{Adapter, Step};
use super::compare::{compare, plan_upgrade};
use super::folder::{self, Folder, Migration};
use super::foreign;
use super::inventory;
use super::lint::lint;
use super::name::Direction;
use super::outcome::{Event, Item, OnEvent, Outcome, refused_files};
use super::session::{Intent, NoSession, Session};
use super::shared::{check_tables, planned, prepare, refuse, row, width, with_applied};
use super::target::{Options, Run, Target};
use crate::error::{Error, Kind, Result};

/// Applies a service's pending migrations, each in its own transaction, and says how far it came.
///
/// # Errors
/// In [`Outcome::error`]: [`Kind::MigrationFile`] before anything connects, [`Kind::Divergent`] and
/// [`Kind::Usage`] before anything runs, [`Kind::Locked`], [`Kind::Unreachable`], else [`Kind::Operation`].
pub async fn upgrade(target: &Target, options: &Options, on_event: OnEvent<'_>) -> Outcome {
    let mut outcome = Outcome::new(target.service.as_str());
    match look_and_run(target, options, on_event, &mut outcome).await {
        Ok(()) => outcome,
        Err(error) => {
            let error = with_applied(error, &outcome, Direction::Up);
            outcome.failed(error)
        }
    }
}

async fn look_and_run(
    target: &Target,
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
    let result = proceed(&mut session, &folder, target, options, on_event, outcome).await;
    session.close().await;
    result
}

async fn proceed(
    session: &mut Session,
    folder: &Folder,
    target: &Target,
    options: &Options,
    on_event: OnEvent<'_>,
    outcome: &mut Outcome,
) -> Result<()> {
    let rows = session.rows().await?;
    let standing = compare(&folder.migrations, &rows.applied, &rows.unfinished);
    (outcome.from, outcome.to) = (standing.current, standing.current);
    let versions = plan_upgrade(&standing, options.to, options.order)
        .map_err(|refusal| refuse(target, folder, standing.current, refusal))?;
    let chosen: Vec<_> = versions.iter().filter_map(|version| folder.get(*version)).collect();
    // What refinery alone has written is taken over, and closed to others.
    let adopted = session.present.refinery.is_some() && !session.present.history;
    if chosen.is_empty() && !adopted {
        on_event(Event::Planned(vec![]));
        return Ok(());
    }
    let inventory = inventory::take(session, target).await?;
    if session.present.refinery.is_none() && !chosen.is_empty() {
        foreign::stop(target.service.as_str(), &inventory.foreign).map_or(Ok(()), Err)?;
    }
    let accepted: Vec<_> = chosen.iter().flat_map(|migration| &migration.accepted).collect();
    if !accepted.is_empty() {
        return Err(refused_files(target.service.as_str(), &accepted));
    }
    let width = width(&rows, folder);
    check_tables(target, &inventory, width, &versions)?;
    let items: Vec<_> = chosen.iter().map(|m| Item { version: m.version, name: m.name.clone() }).collect();
    on_event(Event::Planned(items));
    if options.run == Run::Dry {
        outcome.to = versions.iter().copied().chain(standing.current).max();
        outcome.planned = chosen.iter().map(|m| planned(&row(m, width), &m.up)).collect();
        return Ok(());
    }
    warn(target, &chosen, standing.current, on_event);
    prepare(session, target, &inventory, width).await?;
    let mut adapter = Adapter::new(session, &inventory, target, options, on_event);
    let steps = chosen.iter().map(|migration| Step {
        service: target.service.as_str(),
        direction: Direction::Up,
        source: &migration.up,
        row: row(migration, width),
    });
    adapter.steps = steps.collect();
    run(adapter, &chosen, outcome).await
}

/// A database that has nothing applied has nobody who could wait in a lock queue.
fn warn(target: &Target, chosen: &[&Migration], current: Option<i64>, on_event: OnEvent<'_>) {
    if current.is_none() {
        return;
    }
    for finding in lint(chosen.iter().copied(), |_| true, &target.lint) {
        let name = chosen.iter().find(|m| m.version == finding.version).map(|m| m.name.clone());
        let item = Item { version: finding.version, name: name.unwrap_or_default() };
        on_event(Event::Warned(item, finding.to_string()));
    }
}

async fn run(mut adapter: Adapter<'_>, chosen: &[&Migration], outcome: &mut Outcome) -> Result<()> {
    let runner = Runner::new(&for_refinery(chosen)?);
    let result = runner.run_async(&mut adapter).await;
    outcome.to = adapter.applied.iter().map(|applied| applied.version).chain(outcome.to).max();
    outcome.applied = adapter.applied;
    match (result, adapter.failure) {
        (Ok(_), None) => Ok(()),
        (_, Some(error)) => Err(error),
        // Its own message is safe: the adapter's error, the only one with outside text, is the case above.
        (Err(error), None) => Err(Error::operation("refinery stopped the run").cause(error)),
    }
}

fn for_refinery(chosen: &[&Migration]) -> Result<Vec<refinery_core::Migration>> {
    let convert = |migration: &&Migration| {
        let name = format!("V{}__{}", migration.version, migration.name);
        refinery_core::Migration::unapplied(&name, &migration.up.text)
            .map_err(|error| Error::new(Kind::MigrationFile, format!("{name} cannot be run")).cause(error))
    };
    chosen.iter().map(convert).collect()
}
