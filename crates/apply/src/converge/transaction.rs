//! One group of steps as one transaction, in two messages: all statements, then COMMIT. COMMIT is sent only if
//! there was no warning, because a GRANT or REVOKE that merely warns has done nothing. After a warning the
//! transaction is rolled back and its statements are sent again one by one, which tells a missing privilege
//! from a warning of an extension's script.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use secrecy::SecretString;
use time::OffsetDateTime;

use super::database_errors;
use super::lock_queue::LockQueue;
use martydb_model::RoleName;
use martydb_model::error::{Error, Result};
use martydb_model::sql::stmt;
use martydb_model::sql::{Fragment, Keyword, Secret, Statement};
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{Access, Connection, conflicts, execute, execute_protected, execute_warned};
use martydb_plan::admin_capabilities::AdminCapabilities;
use martydb_plan::{Action, NewPasswords, Step, Verb, script};
use martydb_secrets as secrets;

/// Retries of one transaction after conflicts with other sessions that change the same catalog rows.
const RETRIES: u32 = 9;
const FIRST_PAUSE: Duration = Duration::from_millis(15);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// New passwords by login.
pub type Passwords = BTreeMap<RoleName, SecretString>;

#[derive(Clone, Copy)]
pub(crate) struct ConvergeContext<'a> {
    pub access: &'a Access,
    pub major: u32,
    /// Capabilities of a limited admin that must borrow privileges; `None` if the steps grant them themselves.
    pub authority: Option<&'a AdminCapabilities<'a>>,
    pub passwords: &'a Passwords,
}

/// A statement, with a flag whether a warning means that it has done nothing.
struct StepStatement {
    statement: Statement,
    is_right: bool,
}

impl StepStatement {
    fn right(statement: Statement) -> StepStatement {
        StepStatement { statement, is_right: true }
    }

    fn new(context: &ConvergeContext<'_>, step: &Step) -> StepStatement {
        let verifier = |role: &RoleName| context.verifier(role);
        let passwords = NewPasswords { verifier: &verifier, at: Some(OffsetDateTime::now_utc()) };
        StepStatement::with(context.major, &passwords, step)
    }

    fn with(major: u32, passwords: &NewPasswords<'_>, step: &Step) -> StepStatement {
        let closes = matches!(step.action, Action::Close { .. });
        let is_right = closes || matches!(step.action.verb(), Verb::Grant | Verb::Revoke);
        StepStatement { statement: script(&step.action, major, passwords).message(), is_right }
    }

    /// Returns the statements of a step one by one: several in one message would be a transaction.
    fn each(context: &ConvergeContext<'_>, step: &Step) -> Vec<StepStatement> {
        match &step.action {
            Action::Close { fix, .. } => fix.statements().map(StepStatement::right).collect(),
            _ => vec![StepStatement::new(context, step)],
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

/// Runs the steps in one transaction, and again after a conflict with another one.
#[martydb_pg::boxed]
pub async fn run(context: &ConvergeContext<'_>, connection: &mut Connection, steps: &[Step]) -> Result<()> {
    let parts = parts(context, steps);
    let mut backoff = Backoff::tries(RETRIES, FIRST_PAUSE, LONGEST_PAUSE);
    let mut queue = LockQueue::new(steps);
    loop {
        match once(connection, &parts).await {
            Err(error) if conflicts::is_retryable(&error) && backoff.wait().await => {}
            Err(error) if LockQueue::concerns(&error) => queue.step_back(connection, error).await?,
            end => return end,
        }
    }
}

/// Runs steps that PostgreSQL may not allow in a transaction. Statements that fix a finding run in one if
/// possible: between two of them the owner of the object could undo the first.
pub(crate) async fn autocommit(
    context: &ConvergeContext<'_>,
    connection: &mut Connection,
    steps: &[Step],
) -> Result<()> {
    for step in steps {
        if matches!(&step.action, Action::Close { fix, .. } if fix.is_one_transaction()) {
            run(context, connection, std::slice::from_ref(step)).await?;
            continue;
        }
        for part in StepStatement::each(context, step) {
            alone(connection, step, &part).await?;
        }
    }
    Ok(())
}

async fn alone(connection: &mut Connection, step: &Step, part: &StepStatement) -> Result<()> {
    let mut queue = LockQueue::new(std::slice::from_ref(step));
    loop {
        match part.run(connection).await {
            Err(error) if LockQueue::concerns(&error) => queue.step_back(connection, error).await?,
            Err(error) => return Err(database_errors::explain(connection, step, error).await),
            Ok(()) => return Ok(()),
        }
    }
}

async fn once(connection: &mut Connection, parts: &[StepStatement]) -> Result<()> {
    let begin = std::iter::once(stmt!("BEGIN"));
    let whole = Statement::join(begin.chain(parts.iter().map(|part| part.statement.clone())));
    if let Err(error) = execute(connection, &whole).await {
        let error = rolled_back(connection, error).await?;
        if conflicts::is_retryable(&error) || LockQueue::concerns(&error) {
            return Err(error);
        }
        one_by_one(connection, parts).await?;
    }
    execute(connection, &stmt!("COMMIT")).await.map(|_| ())
}

/// Runs the statements again one by one, to learn which one warns: the server does not report that within a message.
async fn one_by_one(connection: &mut Connection, parts: &[StepStatement]) -> Result<()> {
    execute(connection, &stmt!("BEGIN")).await?;
    for part in parts {
        if let Err(error) = part.run(connection).await {
            return Err(rolled_back(connection, error).await.unwrap_or_else(|both| both));
        }
    }
    Ok(())
}

/// Ends the transaction and returns its error; if that fails too, the error includes the second one, and the
/// connection is unusable.
async fn rolled_back(connection: &mut Connection, error: Error) -> Result<Error> {
    match execute_protected(connection, &stmt!("ROLLBACK")).await {
        Ok(()) => Ok(error),
        Err(second) => Err(also(error, &second)),
    }
}

/// Adds the error of a rollback to the first one, which is not retried on this connection.
fn also(first: Error, rollback: &Error) -> Error {
    let first = Error { sqlstate: None, ..first };
    first.cause(format!("the transaction could not be rolled back either: {rollback}"))
}

fn parts(context: &ConvergeContext<'_>, steps: &[Step]) -> Vec<StepStatement> {
    let verifier = |role: &RoleName| context.verifier(role);
    let passwords = NewPasswords { verifier: &verifier, at: Some(OffsetDateTime::now_utc()) };
    let admin = &context.access.admin.role;
    parts_with(&AdminSide { admin, major: context.major, authority: context.authority }, &passwords, steps)
}

/// The admin that runs a transaction, for the memberships that it borrows.
pub struct AdminSide<'a> {
    pub admin: &'a str,
    pub major: u32,
    /// As in `ConvergeContext`.
    pub authority: Option<&'a AdminCapabilities<'a>>,
}

/// Returns the statements of one transaction.
pub fn statements(side: &AdminSide<'_>, passwords: &NewPasswords<'_>, steps: &[Step]) -> Vec<Statement> {
    parts_with(side, passwords, steps).into_iter().map(|part| part.statement).collect()
}

fn parts_with(side: &AdminSide<'_>, passwords: &NewPasswords<'_>, steps: &[Step]) -> Vec<StepStatement> {
    let admin = RoleName::found(side.admin.to_owned()).ok();
    let borrowed: BTreeSet<RoleName> =
        side.authority.iter().flat_map(|all| steps.iter().flat_map(|step| all.borrowed(step))).collect();
    let pairs: Vec<_> =
        borrowed.into_iter().filter_map(|role| admin.clone().map(|admin| (role, admin))).collect();
    let mut all: Vec<StepStatement> =
        preparation(side.major, steps).into_iter().map(StepStatement::right).collect();
    all.extend(
        pairs.iter().map(|(role, admin)| StepStatement::right(grant_temporarily(role, admin, side.major))),
    );
    all.extend(steps.iter().map(|step| StepStatement::with(side.major, passwords, step)));
    // In the same transaction: a killed run leaves no membership behind.
    all.extend(pairs.iter().map(|(role, admin)| StepStatement::right(stmt!("REVOKE {role} FROM {admin}"))));
    all
}

/// Returns a setting for new roles: from 16 on a server may make the creator of a role its member, which no
/// manifest declares.
fn preparation(major: u32, steps: &[Step]) -> Option<Statement> {
    let creates = steps.iter().any(|step| matches!(step.action, Action::CreateRole { .. }));
    (creates && major >= 16).then(|| stmt!("SET LOCAL createrole_self_grant = ''"))
}

/// Grants a temporary membership. From 16 on a membership has options of its own; before, the admin's INHERIT
/// applies.
fn grant_temporarily(role: &RoleName, admin: &RoleName, major: u32) -> Statement {
    let options = if major >= 16 { " WITH INHERIT TRUE, SET TRUE" } else { "" };
    stmt!("GRANT {role} TO {admin}{options}", options = Keyword(options))
}

impl ConvergeContext<'_> {
    fn verifier(&self, role: &RoleName) -> Statement {
        let secret = match self.passwords.get(role) {
            Some(password) => secrets::verifier(password),
            // The store is complete by now; an empty verifier would be an empty password, which PostgreSQL rejects.
            None => Secret(String::new()),
        };
        secret.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::sqlstate;

    #[test]
    fn a_rollback_that_fails_does_not_hide_what_failed_first() {
        let first = Error {
            sqlstate: Some(sqlstate::SERIALIZATION_FAILURE.into()),
            ..Error::operation("the server refused: GRANT")
        };
        let both = also(first.cause("could not serialize"), &Error::operation("connection lost"));
        assert_eq!(both.message, "the server refused: GRANT");
        assert_eq!(both.causes[0], "could not serialize");
        assert!(both.causes[1].ends_with("connection lost"), "{both}");
        assert!(!conflicts::is_retryable(&both), "another try on this connection is no use");
    }
}
