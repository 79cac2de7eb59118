//! One group of steps as one transaction, in two messages: all statements, then COMMIT. The second is sent only when
//! the first brought no warning, since a GRANT or REVOKE that merely warns has done nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::PgConnection;

use super::Tools;
use crate::error::Result;
use crate::model::RoleName;
use crate::plan::{Action, Step, statement};
use crate::server::{execute, racing};
use crate::sql::{Keyword, Secret, Statement};
use crate::stmt;

/// Tries of one transaction against strangers who change the same rows of the catalogues.
const TRIES: u32 = 10;

/// Runs the steps in one transaction; again if somebody else's got into its way.
pub async fn run(tools: &Tools<'_>, connection: &mut PgConnection, steps: &[Step]) -> Result<()> {
    let statements = statements(tools, steps);
    let mut tries = 0;
    loop {
        let end = once(connection, &statements).await;
        tries += 1;
        match end {
            Err(error) if racing::collided(&error) && tries < TRIES => pause(tries).await,
            end => return end,
        }
    }
}

/// Runs steps that PostgreSQL allows in no transaction.
pub async fn alone(tools: &Tools<'_>, connection: &mut PgConnection, steps: &[Step]) -> Result<()> {
    for step in steps {
        match &step.action {
            // Several in one message would be a transaction.
            Action::Close { statements, .. } => {
                for statement in statements {
                    execute(connection, statement).await?;
                }
            }
            _ => drop(execute(connection, &sql(tools, step)).await?),
        }
    }
    Ok(())
}

/// Growing, and never the same for two processes that collided: what differs is how long their statements took.
async fn pause(tries: u32) {
    let spread = u64::from(std::process::id() % 17);
    tokio::time::sleep(Duration::from_millis((u64::from(tries) * 15 + spread).min(250))).await;
}

async fn once(connection: &mut PgConnection, statements: &[Statement]) -> Result<()> {
    let begin = std::iter::once(stmt!("BEGIN"));
    let whole = Statement::join(begin.chain(statements.iter().cloned()));
    if let Err(error) = execute(connection, &whole).await {
        execute(connection, &stmt!("ROLLBACK")).await?;
        if racing::collided(&error) {
            return Err(error);
        }
        one_by_one(connection, statements).await?;
    }
    execute(connection, &stmt!("COMMIT")).await.map(|_| ())
}

/// The same again, to learn which statement it is: the server does not say where in a message it stopped.
async fn one_by_one(connection: &mut PgConnection, statements: &[Statement]) -> Result<()> {
    execute(connection, &stmt!("BEGIN")).await?;
    for statement in statements {
        if let Err(error) = execute(connection, statement).await {
            execute(connection, &stmt!("ROLLBACK")).await?;
            return Err(error);
        }
    }
    Ok(())
}

fn statements(tools: &Tools<'_>, steps: &[Step]) -> Vec<Statement> {
    let admin = RoleName::found(tools.access.admin.role.clone()).ok();
    let borrowed: BTreeSet<RoleName> =
        tools.authority.iter().flat_map(|all| steps.iter().flat_map(|step| all.borrowed(step))).collect();
    let pairs: Vec<_> =
        borrowed.into_iter().filter_map(|role| admin.clone().map(|admin| (role, admin))).collect();
    let mut all = preparation(tools, steps);
    all.extend(pairs.iter().map(|(role, admin)| lend(role, admin, tools.major)));
    all.extend(steps.iter().map(|step| sql(tools, step)));
    // In the same transaction: a kill leaves no membership behind.
    all.extend(
        pairs.iter().map(|(role, admin)| stmt!("REVOKE {role} FROM {admin}", role = role, admin = admin)),
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
