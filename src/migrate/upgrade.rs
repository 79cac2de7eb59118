//! `upgrade` of one service: look, decide, run.

use refinery_core::Runner;

use super::adapter::{Adapter, Step};
use super::checksum::{Width, checksum};
use super::compare::{AppliedRow, Refusal, compare, plan_upgrade};
use super::folder::{self, Folder, Migration};
use super::outcome::{Ended, Event, Item, OnEvent, Outcome, refused_files};
use super::session::{Intent, NoSession, Session};
use super::tables::{self, Tables};
use super::target::{Options, Run, Target};
use crate::error::{Error, Kind, Result};
use crate::server::execute;
use crate::sql::Statement;
use crate::stmt;

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
            let error = with_applied(error, &outcome);
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
    let width = width(&session.tables, folder);
    check_tables(target, &session.tables, width, &versions)?;
    let items: Vec<_> = chosen.iter().map(|m| Item { version: m.version, name: m.name.clone() }).collect();
    on_event(Event::Planned(items.clone()));
    if options.run == Run::Dry {
        outcome.planned = items;
        return Ok(());
    }
    let open = session.tables.refinery.as_ref().is_some_and(|(_, found)| found.shared);
    if !chosen.is_empty() || open {
        prepare(session, target, width).await?;
    }
    run(session, &chosen, width, target, options, on_event, outcome).await
}

/// What exists keeps its width; a new table gets the width that most tools can read.
fn width(tables: &Tables, folder: &Folder) -> Width {
    match &tables.refinery {
        Some((_, found)) => found.width,
        None => Width::narrowest(folder.migrations.iter().map(|migration| migration.version)),
    }
}

/// Makes both tables, or closes those that others can reach, in one transaction.
async fn prepare(session: &mut Session, target: &Target, width: Width) -> Result<()> {
    let mut all = tables::prepare(target, &session.tables, width);
    if all.is_empty() {
        return Ok(());
    }
    all.insert(0, stmt!("BEGIN"));
    all.push(stmt!("COMMIT"));
    let failed = |error: Error| {
        error
            .while_doing(format!("cannot make the history tables of {}", target.service))
            .hint(format!("`martydb plan --service {}` shows what is missing on the server", target.service))
    };
    execute(&mut session.connection, &Statement::join(all)).await.map_err(failed)?;
    Ok(())
}

async fn run(
    session: &mut Session,
    chosen: &[&Migration],
    width: Width,
    target: &Target,
    options: &Options,
    on_event: OnEvent<'_>,
    outcome: &mut Outcome,
) -> Result<()> {
    let schema = match &session.tables.refinery {
        Some((schema, _)) => schema.clone(),
        None => target.schemas[0].clone(),
    };
    let runner = Runner::new(&for_refinery(chosen)?);
    let steps = chosen.iter().map(|migration| Step { migration, row: row(migration, width) }).collect();
    let mut adapter = Adapter {
        connection: &mut session.connection,
        schema,
        target,
        options,
        on_event,
        steps,
        applied: vec![],
        failure: None,
    };
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

fn row(migration: &Migration, width: Width) -> AppliedRow {
    let Migration { version, name, up, .. } = migration;
    AppliedRow { version: *version, name: name.clone(), checksum: checksum(width, *version, name, &up.text) }
}

fn check_tables(target: &Target, tables: &Tables, width: Width, versions: &[i64]) -> Result<()> {
    let found = [tables.history.as_ref(), tables.refinery.as_ref().map(|(_, found)| found)];
    if let Some(foreign) = found.into_iter().flatten().find(|found| found.owner != target.owner.as_str()) {
        let what = format!("the history of {} belongs to \"{}\"", target.service, foreign.owner);
        return Err(Error::operation(what)
            .cause(format!("it must belong to the owner, \"{}\"", target.owner))
            .hint(format!("run `martydb apply --service {}`", target.service)));
    }
    match versions.iter().find(|version| !width.holds(**version)) {
        None => Ok(()),
        Some(version) => Err(Error::operation(format!("V{version} does not fit into refinery's table"))
            .cause("its column \"version\" is an int4, as refinery makes it without int8-versions")
            .hint(format!("give the file a version of at most {}", i32::MAX))),
    }
}

fn refuse(target: &Target, folder: &Folder, current: Option<i64>, refusal: Refusal) -> Error {
    let service = &target.service;
    match refusal {
        Refusal::Below(to) => {
            Error::usage(format!("{service} is at V{}, above V{to}", current.unwrap_or_default()))
                .hint(format!("to go back, run `martydb downgrade --service {service} --to {to}`"))
        }
        Refusal::Unknown(to) => {
            let all: Vec<_> = folder.migrations.iter().map(|m| m.version.to_string()).collect();
            Error::usage(format!("{service} has no migration V{to}"))
                .hint(format!("it has {}", if all.is_empty() { "none".into() } else { all.join(", ") }))
        }
        Refusal::Diverged(divergences) => {
            let message =
                format!("the files of {service} and the history of its database contradict each other");
            let mut error = Error::new(Kind::Divergent, message);
            for divergence in divergences {
                error.causes.push(divergence.to_string());
                let hint = divergence.hint(service.as_str());
                if !error.hints.contains(&hint) {
                    error.hints.push(hint);
                }
            }
            error
        }
    }
}

/// Says what was applied before the failure, because it stays applied.
fn with_applied(error: Error, outcome: &Outcome) -> Error {
    debug_assert_eq!(outcome.outcome, Ended::Ok, "an outcome fails once");
    match outcome.applied.as_slice() {
        [] => error,
        [one] => error.hint(format!("V{} was applied before and stays applied", one.version)),
        [first, .., last] => error.hint(format!(
            "{} migrations, V{} to V{}, were applied before and stay applied",
            outcome.applied.len(),
            first.version,
            last.version
        )),
    }
}
