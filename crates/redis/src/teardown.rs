//! Removes a service's users and keys.

use std::collections::BTreeSet;

use martydb_manifest::RedisService;
use martydb_model::RoleKind;
use martydb_model::error::Result;
use martydb_plan::{Risk, StepOutcome};

use crate::apply::{AppliedRedis, PlannedRedis};
use crate::inspect::{databases, scan};
use crate::plan::{RedisAction, RedisStep, save_command};
use crate::session::Session;

/// Returns the steps that remove a service.
pub async fn steps(planned: &mut PlannedRedis, service: &RedisService) -> Result<Vec<RedisStep>> {
    let step = |action, reason: &str, command: String| RedisStep {
        service: Some(service.service.clone()),
        prefix: Some(service.prefix.clone()),
        action,
        reason: reason.to_owned(),
        risk: Risk::Destructive,
        commands: vec![command],
    };
    let users = RoleKind::APPLICATIONS.map(|kind| service.user(kind));
    let users = users.into_iter().filter(|user| planned.actual.users.contains_key(user));
    let mut all: Vec<RedisStep> = users
        .map(|user| {
            let command = format!("ACL DELUSER {user}");
            step(RedisAction::DropUser(user), "the service is dropped", command)
        })
        .collect();
    let pattern = format!("{}*", service.prefix);
    if !databases_with(&mut planned.admin.session, &pattern).await?.is_empty() {
        let command = format!("UNLINK {pattern}");
        all.push(step(
            RedisAction::DropKeys(service.prefix.clone()),
            "the service is dropped, with all its keys",
            command,
        ));
    }
    if let Some(command) = save_command(planned.actual.storage).filter(|_| !all.is_empty()) {
        all.push(step(RedisAction::Save, "a restart would restore the users", command.to_owned()));
    }
    Ok(all)
}

/// Executes the steps. Users come first: none of their clients writes a key afterwards.
pub async fn execute(planned: &mut PlannedRedis, steps: Vec<RedisStep>) -> AppliedRedis {
    let session = &mut planned.admin.session;
    let (mut done, mut end) = (vec![], Ok(()));
    for step in steps {
        if end.is_ok() {
            end = one(session, &step.action, planned.actual.storage).await;
            done.push((step, if end.is_ok() { StepOutcome::Ok } else { StepOutcome::Failed }));
        } else {
            done.push((step, StepOutcome::Skipped));
        }
    }
    AppliedRedis { steps: done, end }
}

async fn one(session: &mut Session, action: &RedisAction, storage: crate::actual::UserStorage) -> Result<()> {
    match action {
        RedisAction::DropUser(user) => {
            session.demand(&["ACL", "DELUSER", user], "ACL DELUSER").await.map(drop)
        }
        RedisAction::DropKeys(prefix) => unlink(session, &format!("{prefix}*")).await,
        RedisAction::Save => {
            let Some(command) = save_command(storage) else { return Ok(()) };
            let words: Vec<&str> = command.split(' ').collect();
            session.demand(&words, command).await.map(drop)
        }
        _ => Ok(()),
    }
}

/// Returns the databases with a key that matches.
async fn databases_with(session: &mut Session, pattern: &str) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for database in databases(session).await? {
        session.demand(&["SELECT", &database], "SELECT").await?;
        let mut cursor = "0".to_owned();
        loop {
            let (next, keys) = scan(session, &cursor, pattern).await?;
            if !keys.is_empty() {
                found.insert(database.clone());
            }
            if next == "0" || !keys.is_empty() {
                break;
            }
            cursor = next;
        }
    }
    session.demand(&["SELECT", "0"], "SELECT").await?;
    Ok(found)
}

/// Removes the keys in small steps: one command for all of them would hold up every other client.
async fn unlink(session: &mut Session, pattern: &str) -> Result<()> {
    for database in databases_with(session, pattern).await? {
        session.demand(&["SELECT", &database], "SELECT").await?;
        let mut cursor = "0".to_owned();
        loop {
            let (next, keys) = scan(session, &cursor, pattern).await?;
            if !keys.is_empty() {
                let words: Vec<&str> =
                    ["UNLINK"].into_iter().chain(keys.iter().map(String::as_str)).collect();
                session.demand(&words, "UNLINK").await?;
            }
            if next == "0" {
                break;
            }
            cursor = next;
        }
    }
    session.demand(&["SELECT", "0"], "SELECT").await.map(drop)
}
