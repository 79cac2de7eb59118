//! What going up and going down have in common: the tables they need, the refusals in words, and what an error
//! says about the migrations that were run before it.

use super::checksum::{Width, checksum};
use super::compare::{AppliedRow, Refusal};
use super::folder::{Folder, Migration};
use super::inventory::Inventory;
use super::name::Direction;
use super::outcome::{Ended, Outcome, Planned};
use super::session::{Rows, Session};
use super::source::Source;
use super::tables::{self, Present};
use super::target::Target;
use crate::error::{Error, Kind, Result};
use crate::model::SchemaName;
use crate::server::execute;
use crate::sql::Statement;
use crate::stmt;

/// What exists keeps its width; a new table gets the width that most tools can read.
pub fn width(rows: &Rows, folder: &Folder) -> Width {
    rows.width
        .unwrap_or_else(|| Width::narrowest(folder.migrations.iter().map(|migration| migration.version)))
}

/// Makes both tables, or closes those that others can reach, in one transaction.
pub async fn prepare(
    session: &mut Session,
    target: &Target,
    inventory: &Inventory,
    width: Width,
) -> Result<()> {
    let schema = schema(target, &session.present);
    let mut all = tables::prepare(target, inventory, &schema, width);
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
    session.present.history = true;
    session.present.refinery = Some(schema);
    Ok(())
}

/// The schema of refinery's table: where it is, or where it will be.
pub fn schema(target: &Target, present: &Present) -> SchemaName {
    present.refinery.clone().unwrap_or_else(|| target.schemas[0].clone())
}

/// What a dry run shows of one file.
pub fn planned(row: &AppliedRow, source: &Source) -> Planned {
    Planned {
        version: row.version,
        name: row.name.clone(),
        file: source.path.display().to_string(),
        mode: source.directives.mode,
        sql: source.text.to_string(),
    }
}

/// The row of an applied migration.
pub fn row(migration: &Migration, width: Width) -> AppliedRow {
    let Migration { version, name, up, .. } = migration;
    AppliedRow { version: *version, name: name.clone(), checksum: checksum(width, *version, name, &up.text) }
}

/// Refuses tables of others, and versions that refinery's table cannot hold.
pub fn check_tables(target: &Target, inventory: &Inventory, width: Width, versions: &[i64]) -> Result<()> {
    let found = [inventory.history.as_ref(), inventory.refinery.as_ref()];
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

/// A refusal in words.
pub fn refuse(target: &Target, folder: &Folder, current: Option<i64>, refusal: Refusal) -> Error {
    let service = &target.service;
    match refusal {
        Refusal::Below(to) => {
            Error::usage(format!("{service} is at V{}, above V{to}", current.unwrap_or_default()))
                .hint(format!("to go back, run `martydb downgrade --service {service} --to {to}`"))
        }
        Refusal::Above(to) => {
            let at = current.map_or_else(|| "at no version".to_owned(), |version| format!("at V{version}"));
            Error::usage(format!("{service} is {at}, below V{to}"))
                .hint(format!("to go forward, run `martydb upgrade --service {service} --to {to}`"))
        }
        Refusal::HalfWay(begun) => half_way(service.as_str(), begun.version, begun.direction),
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

fn half_way(service: &str, version: i64, direction: Direction) -> Error {
    let (what, command) = match direction {
        Direction::Up => ("applied", "upgrade"),
        Direction::Down => ("undone", "downgrade"),
    };
    Error::new(Kind::Divergent, format!("V{version} of {service} is half {what}"))
        .cause("it runs outside a transaction, and its last run did not come to its end")
        .hint(format!("finish it with `martydb {command} --service {service}`"))
        .hint(format!("or put it right by hand, then `martydb repair --service {service} --version {version} --reason …`"))
}

/// Says what was applied before the failure, because it stays applied.
pub fn with_applied(error: Error, outcome: &Outcome, direction: Direction) -> Error {
    let done = if direction == Direction::Up { "applied" } else { "undone" };
    debug_assert_eq!(outcome.outcome, Ended::Ok, "an outcome fails once");
    match outcome.applied.as_slice() {
        [] => error,
        [one] => error.hint(format!("V{} was {done} before and stays {done}", one.version)),
        [first, .., last] => error.hint(format!(
            "{} migrations, V{} to V{}, were {done} before and stay {done}",
            outcome.applied.len(),
            first.version,
            last.version
        )),
    }
}
