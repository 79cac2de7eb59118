//! Plan → server. Acts and decides nothing: the steps come in order, each group of them is one transaction.

use std::ops::Range;

use secrecy::SecretString;
use sqlx::PgConnection;

use super::{Access, execute};
use crate::error::Result;
use crate::model::{RoleKind, RoleName, ServiceName};
use crate::plan::{Stage, Step, statement};
use crate::sql::{Secret, Statement};
use crate::stmt;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Done and committed.
    Ok,
    /// Failed, or rolled back with one that failed.
    Failed,
    /// Not reached.
    Skipped,
}

/// What the steps need to know beyond themselves.
pub struct Tools<'a> {
    /// The server.
    pub access: &'a Access,
    /// Its major version.
    pub major: u32,
    /// Whether the admin must borrow the owner's rights.
    pub borrow: bool,
    /// The stored password of a login.
    pub password: &'a (dyn Fn(&RoleName) -> Option<SecretString> + Sync),
    /// The owner of a service's objects.
    pub owner: &'a (dyn Fn(&ServiceName) -> RoleName + Sync),
}

/// Runs the steps; returns how each ended and the error that stopped the run, if one did.
pub async fn apply(
    tools: &Tools<'_>,
    steps: &[Step],
    on_step: &mut (dyn FnMut(&Step) + Send),
) -> (Vec<Outcome>, Result<()>) {
    let mut outcomes = vec![Outcome::Skipped; steps.len()];
    let mut maintenance = None;
    for group in groups(steps) {
        let run = run_group(tools, &steps[group.clone()], &mut maintenance, on_step).await;
        let outcome = if run.is_ok() { Outcome::Ok } else { Outcome::Failed };
        outcomes[group].fill(outcome);
        if let Err(error) = run {
            return (outcomes, Err(error));
        }
    }
    (outcomes, Ok(()))
}

/// Consecutive steps of one service, database and stage.
fn groups(steps: &[Step]) -> Vec<Range<usize>> {
    let key = |step: &Step| (step.service.clone(), step.database.clone(), step.stage);
    let mut groups: Vec<Range<usize>> = vec![];
    for (index, step) in steps.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if key(&steps[group.start]) == key(step) => group.end = index + 1,
            _ => groups.push(index..index + 1),
        }
    }
    groups
}

async fn run_group(
    tools: &Tools<'_>,
    steps: &[Step],
    maintenance: &mut Option<PgConnection>,
    on_step: &mut (dyn FnMut(&Step) + Send),
) -> Result<()> {
    let mut own;
    let connection = match (steps[0].stage, &steps[0].database) {
        (Stage::Inside, Some(database)) => {
            own = tools.access.write(database.as_str()).await?;
            &mut own
        }
        _ => match maintenance {
            Some(connection) => connection,
            None => maintenance.insert(tools.access.write(&tools.access.maintenance).await?),
        },
    };
    let alone = steps[0].stage == Stage::Create;
    for statement in if alone { Vec::new() } else { prologue(tools, steps) } {
        execute(connection, &statement).await?;
    }
    for step in steps {
        on_step(step);
        execute(connection, &sql(tools, step)).await?;
    }
    for statement in if alone { Vec::new() } else { epilogue(tools, steps) } {
        execute(connection, &statement).await?;
    }
    Ok(())
}

fn sql(tools: &Tools<'_>, step: &Step) -> Statement {
    let verifier = |role: &RoleName| match (tools.password)(role) {
        Some(password) => crate::secrets::verifier(&password),
        // The store was filled before; an empty verifier would be an empty password, which PostgreSQL refuses.
        None => Secret(String::new()),
    };
    statement(&step.action, tools.major, &verifier)
}

/// A limited admin is a member of the owner for one transaction only, so that a kill leaves nothing behind.
fn borrowed(tools: &Tools<'_>, steps: &[Step]) -> Option<RoleName> {
    let needed = tools.borrow && steps.iter().any(|step| step.action.needs_owner());
    steps[0].service.as_ref().filter(|_| needed).map(|service| (tools.owner)(service))
}

fn prologue(tools: &Tools<'_>, steps: &[Step]) -> Vec<Statement> {
    let admin = RoleName::found(tools.access.admin.role.clone());
    let borrow = borrowed(tools, steps).zip(admin.ok());
    let grant = borrow.map(|(owner, admin)| stmt!("GRANT {owner} TO {admin}", owner = owner, admin = admin));
    [Some(stmt!("BEGIN")), grant].into_iter().flatten().collect()
}

fn epilogue(tools: &Tools<'_>, steps: &[Step]) -> Vec<Statement> {
    let admin = RoleName::found(tools.access.admin.role.clone());
    let borrow = borrowed(tools, steps).zip(admin.ok());
    let revoke =
        borrow.map(|(owner, admin)| stmt!("REVOKE {owner} FROM {admin}", owner = owner, admin = admin));
    [revoke, Some(stmt!("COMMIT"))].into_iter().flatten().collect()
}

/// The owner's role by service, for [`Tools::owner`].
pub fn owner_of(desired: &crate::model::DesiredServer, service: &ServiceName) -> RoleName {
    desired.services[service].role(RoleKind::Owner).clone()
}
