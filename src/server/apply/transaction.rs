//! One group of steps as one transaction, in two messages: all statements, then COMMIT. The second is sent only when
//! the first brought no warning, since a GRANT or REVOKE that merely warns has done nothing. A message with a warning
//! is rolled back and sent again one by one, which tells a right that was not given from what an extension's script
//! has to say.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Tools;
use crate::error::{Error, Result};
use crate::model::RoleName;
use crate::plan::{Action, Step, Verb, statement};
use crate::server::{Connection, execute, execute_protected, execute_warned, racing};
use crate::sql::{Keyword, Secret, Statement};
use crate::stmt;

/// Tries of one transaction against strangers who change the same rows of the catalogues.
const TRIES: u32 = 10;

/// A statement, and whether a warning means that it has done nothing.
struct Part {
    statement: Statement,
    is_right: bool,
}

impl Part {
    fn right(statement: Statement) -> Part {
        Part { statement, is_right: true }
    }

    fn of(tools: &Tools<'_>, step: &Step) -> Part {
        let closes = matches!(step.action, Action::Close { .. });
        let is_right = closes || matches!(step.action.verb(), Verb::Grant | Verb::Revoke);
        Part { statement: sql(tools, step), is_right }
    }

    /// The statements of a step one by one: several in one message would be a transaction.
    fn each(tools: &Tools<'_>, step: &Step) -> Vec<Part> {
        match &step.action {
            Action::Close { statements, .. } => statements.iter().cloned().map(Part::right).collect(),
            _ => vec![Part::of(tools, step)],
        }
    }

    async fn run(&self, connection: &mut Connection) -> Result<()> {
        if self.is_right {
            return execute(connection, &self.statement).await.map(|_| ());
        }
        let (_, warnings) = execute_warned(connection, &self.statement).await?;
        for warning in warnings {
            tracing::warn!(target: "martydb", "{}: the server warned: {warning}", self.statement.shown());
        }
        Ok(())
    }
}

/// Runs the steps in one transaction; again if somebody else's got into its way.
pub async fn run(tools: &Tools<'_>, connection: &mut Connection, steps: &[Step]) -> Result<()> {
    let parts = parts(tools, steps);
    let mut tries = 0;
    loop {
        let end = once(connection, &parts).await;
        tries += 1;
        match end {
            Err(error) if racing::collided(&error) && tries < TRIES => pause(tries).await,
            end => return end,
        }
    }
}

/// How statements begin that PostgreSQL runs in no transaction.
const APART: &[&str] = &["ALTER SYSTEM", "ROLLBACK PREPARED", "DROP SUBSCRIPTION"];

/// Whether the statements that close a finding may be one transaction. They are one wherever they can: between two of
/// them the owner of what they change could undo the first.
fn closes_at_once(step: &Step) -> bool {
    let apart = |statement: &Statement| APART.iter().any(|words| statement.shown().starts_with(words));
    matches!(&step.action, Action::Close { statements, .. } if statements.len() > 1 && !statements.iter().any(apart))
}

/// Runs steps that PostgreSQL may allow in no transaction.
pub async fn alone(tools: &Tools<'_>, connection: &mut Connection, steps: &[Step]) -> Result<()> {
    for step in steps {
        if closes_at_once(step) {
            run(tools, connection, std::slice::from_ref(step)).await?;
            continue;
        }
        for part in Part::each(tools, step) {
            part.run(connection).await?;
        }
    }
    Ok(())
}

/// Growing, and never the same for two processes that collided: what differs is how long their statements took.
async fn pause(tries: u32) {
    let spread = u64::from(std::process::id() % 17);
    tokio::time::sleep(Duration::from_millis((u64::from(tries) * 15 + spread).min(250))).await;
}

async fn once(connection: &mut Connection, parts: &[Part]) -> Result<()> {
    let begin = std::iter::once(stmt!("BEGIN"));
    let whole = Statement::join(begin.chain(parts.iter().map(|part| part.statement.clone())));
    if let Err(error) = execute(connection, &whole).await {
        let error = rolled_back(connection, error).await?;
        if racing::collided(&error) {
            return Err(error);
        }
        one_by_one(connection, parts).await?;
    }
    execute(connection, &stmt!("COMMIT")).await.map(|_| ())
}

/// The same again, to learn which statement it is: the server does not say where in a message it stopped.
async fn one_by_one(connection: &mut Connection, parts: &[Part]) -> Result<()> {
    execute(connection, &stmt!("BEGIN")).await?;
    for part in parts {
        if let Err(error) = part.run(connection).await {
            return Err(rolled_back(connection, error).await.unwrap_or_else(|both| both));
        }
    }
    Ok(())
}

/// Ends the transaction and returns the error that it ended for; where that fails too, the error says so, and nothing
/// more can be done on this connection.
async fn rolled_back(connection: &mut Connection, error: Error) -> Result<Error> {
    match execute_protected(connection, &stmt!("ROLLBACK")).await {
        Ok(()) => Ok(error),
        Err(second) => Err(also(error, &second)),
    }
}

/// What failed first is what has to be mended; it is no race that another try on this connection would win.
fn also(first: Error, rollback: &Error) -> Error {
    let first = Error { sqlstate: None, ..first };
    first.cause(format!("the transaction could not be rolled back either: {rollback}"))
}

fn parts(tools: &Tools<'_>, steps: &[Step]) -> Vec<Part> {
    let admin = RoleName::found(tools.access.admin.role.clone()).ok();
    let borrowed: BTreeSet<RoleName> =
        tools.authority.iter().flat_map(|all| steps.iter().flat_map(|step| all.borrowed(step))).collect();
    let pairs: Vec<_> =
        borrowed.into_iter().filter_map(|role| admin.clone().map(|admin| (role, admin))).collect();
    let mut all: Vec<Part> = preparation(tools, steps).into_iter().map(Part::right).collect();
    all.extend(pairs.iter().map(|(role, admin)| Part::right(lend(role, admin, tools.major))));
    all.extend(steps.iter().map(|step| Part::of(tools, step)));
    // In the same transaction: a kill leaves no membership behind.
    all.extend(
        pairs.iter().map(|(role, admin)| {
            Part::right(stmt!("REVOKE {role} FROM {admin}", role = role, admin = admin))
        }),
    );
    all
}

/// From 16 on a server may make every new role's maker a member of it, which nobody declared.
fn preparation(tools: &Tools<'_>, steps: &[Step]) -> Vec<Statement> {
    let creates = steps.iter().any(|step| matches!(step.action, Action::CreateRole { .. }));
    match creates && tools.major >= 16 {
        true => vec![stmt!("SET LOCAL createrole_self_grant = ''")],
        false => vec![],
    }
}

/// From 16 on a membership has options of its own; before, what the admin's INHERIT says holds.
fn lend(role: &RoleName, admin: &RoleName, major: u32) -> Statement {
    let options = if major >= 16 { " WITH INHERIT TRUE, SET TRUE" } else { "" };
    stmt!("GRANT {role} TO {admin}{options}", role = role, admin = admin, options = Keyword(options))
}

fn sql(tools: &Tools<'_>, step: &Step) -> Statement {
    let verifier = |role: &RoleName| match (tools.password)(role) {
        Some(password) => crate::secrets::verifier(&password),
        // The store was filled before; an empty verifier would be an empty password, which PostgreSQL refuses.
        None => Secret(String::new()),
    };
    statement(&step.action, tools.major, &verifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollback_that_fails_does_not_hide_what_failed_first() {
        let first = Error { sqlstate: Some("40001".into()), ..Error::operation("the server refused: GRANT") };
        let both = also(first.cause("could not serialize"), &Error::operation("connection lost"));
        assert_eq!(both.message, "the server refused: GRANT");
        assert_eq!(both.causes[0], "could not serialize");
        assert!(both.causes[1].ends_with("connection lost"), "{both}");
        assert!(!racing::collided(&both), "another try on this connection is no use");
    }
}
