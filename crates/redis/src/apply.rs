//! Executes the steps of a plan, and saves the users.
//!
//! Redis does not tell whether its users were saved. So a run makes a user as a mark first, which cannot log in, and
//! removes it once the changes are saved: a run that is killed in between leaves it, and the next plan sees it.

use martydb_context::Context;
use martydb_manifest::DEFAULT_USER;
use martydb_model::error::{Error, Result};
use martydb_plan::StepOutcome;
use martydb_secrets::{CredentialKey, LockedStore, sha256};

use crate::actual::{ActualRedis, UserStorage};
use crate::admin::{self, AdminSession};
use crate::desired::DesiredRedis;
use crate::inspect::{InspectionDepth, inspect};
use crate::plan::{ADMIN_RULES, RedisAction, RedisPlan, RedisStep, diff, is_saved, rules, save_command};
use crate::session::{RedisLogin, Session};

/// Inspected server with its plan.
pub struct PlannedRedis {
    pub admin: AdminSession,
    pub desired: DesiredRedis,
    pub actual: ActualRedis,
    pub plan: RedisPlan,
}

/// Executed steps, and the end of the run.
pub struct AppliedRedis {
    pub steps: Vec<(RedisStep, StepOutcome)>,
    pub end: Result<()>,
}

/// Plans one server.
pub async fn plan(context: &Context, desired: DesiredRedis) -> Result<PlannedRedis> {
    let mut admin = admin::log_in(context, &desired.server).await?;
    let actual = inspect(&mut admin, &desired, InspectionDepth::Declared).await?;
    let plan = diff(&desired, &actual, &admin.user);
    Ok(PlannedRedis { admin, desired, actual, plan })
}

/// Executes the plan. `closes_default`: switches `default` off although it is in use.
pub async fn apply(
    context: &Context,
    planned: &mut PlannedRedis,
    store: &LockedStore<'_>,
    closes_default: bool,
) -> AppliedRedis {
    let steps = std::mem::take(&mut planned.plan.steps);
    let mut done: Vec<(RedisStep, StepOutcome)> = vec![];
    let mut end = Ok(());
    for step in steps {
        let outcome = match &end {
            _ if step.cuts_off_clients() && !closes_default => StepOutcome::Skipped,
            Err(_) => StepOutcome::Skipped,
            Ok(()) => {
                let first = !done.iter().any(|(_, outcome)| *outcome == StepOutcome::Ok);
                end = execute(planned, store, &step, first).await;
                if end.is_ok() { StepOutcome::Ok } else { StepOutcome::Failed }
            }
        };
        done.push((step, outcome));
    }
    if end.is_ok() && done.iter().any(|(_, outcome)| *outcome == StepOutcome::Ok) {
        end = check(context, planned).await;
    }
    AppliedRedis { steps: done, end }
}

async fn execute(
    planned: &mut PlannedRedis,
    store: &LockedStore<'_>,
    step: &RedisStep,
    is_first: bool,
) -> Result<()> {
    let storage = planned.actual.storage;
    if is_first && storage != UserStorage::None {
        mark(&mut planned.admin.session, &planned.desired).await?;
    }
    match &step.action {
        RedisAction::MakeAdmin(name) => make_admin(planned, store, name).await,
        RedisAction::MakeUser(name) | RedisAction::ChangeUser(name) => set_user(planned, store, name).await,
        RedisAction::CloseDefault => {
            let session = &mut planned.admin.session;
            session.demand(&["ACL", "SETUSER", DEFAULT_USER, "off"], "ACL SETUSER default off").await?;
            // Switching a user off leaves its sessions in.
            session
                .demand(&["CLIENT", "KILL", "USER", DEFAULT_USER, "SKIPME", "yes"], "CLIENT KILL")
                .await
                .map(drop)
        }
        RedisAction::Save => save(&mut planned.admin.session, &planned.desired, storage).await,
        RedisAction::DropUser(_) | RedisAction::DropKeys(_) => Ok(()),
    }
}

/// Makes the mark of unsaved changes. It is off, and may do nothing.
pub async fn mark(session: &mut Session, desired: &DesiredRedis) -> Result<()> {
    let mark = desired.unsaved_mark();
    session.demand(&["ACL", "SETUSER", &mark, "reset"], "ACL SETUSER").await.map(drop)
}

/// Saves the users, removes the mark, and saves again.
pub(crate) async fn save(session: &mut Session, desired: &DesiredRedis, storage: UserStorage) -> Result<()> {
    let Some(command) = save_command(storage) else { return Ok(()) };
    let (words, mark) = (command.split(' ').collect::<Vec<&str>>(), desired.unsaved_mark());
    session.demand(&words, command).await?;
    session.demand(&["ACL", "DELUSER", &mark], "ACL DELUSER").await?;
    session.demand(&words, command).await.map(drop)
}

async fn make_admin(planned: &mut PlannedRedis, store: &LockedStore<'_>, name: &str) -> Result<()> {
    let server = planned.desired.server.clone();
    let key = CredentialKey::of_redis_admin(&server);
    let key = key.ok_or_else(|| Error::operation(format!("\"{name}\" cannot be a user of Redis")))?;
    let secrets = store.ensure(std::slice::from_ref(&key)).await?;
    let (_, password) = secrets.require(&key.server, &key.role)?;
    let hashed = format!("#{}", sha256(password));
    let words = ["ACL", "SETUSER", name, "reset", "on", &hashed];
    let words: Vec<&str> = words.iter().chain(&ADMIN_RULES).copied().collect();
    planned.admin.session.demand(&words, "ACL SETUSER").await?;
    match Session::log_in(&server, name, password).await? {
        RedisLogin::Accepted(session) => planned.admin = AdminSession { session, user: name.to_owned() },
        RedisLogin::Refused(why) => {
            return Err(
                Error::operation(format!("\"{name}\" cannot log in to \"{}\"", server.name)).cause(why)
            );
        }
    }
    Ok(())
}

async fn set_user(planned: &mut PlannedRedis, store: &LockedStore<'_>, name: &str) -> Result<()> {
    let PlannedRedis { admin, desired, actual, .. } = planned;
    let Some(user) = desired.users.get_mut(name) else { return Ok(()) };
    if user.passwords.is_empty() {
        let secrets = store.ensure_own(std::slice::from_ref(&user.key)).await?;
        let (_, password) = secrets.require(&user.key.server, &user.key.role)?;
        user.passwords.insert(sha256(password));
    }
    let user = user.clone();
    let mut words: Vec<String> = ["ACL", "SETUSER", name, "reset", "on"].map(str::to_owned).into();
    words.extend(user.passwords.iter().map(|hash| format!("#{hash}")));
    words.extend(rules(desired, actual, &user));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    admin.session.demand(&words, &format!("ACL SETUSER {name}")).await.map(drop)
}

/// Inspects again: nothing may be left but what was left out.
async fn check(context: &Context, planned: &mut PlannedRedis) -> Result<()> {
    let services: Vec<_> = planned.desired.users.values().map(|user| user.service.service.clone()).collect();
    planned.desired = DesiredRedis::read(context, &planned.desired.server, &services).await?;
    planned.actual = inspect(&mut planned.admin, &planned.desired, InspectionDepth::Declared).await?;
    let left = diff(&planned.desired, &planned.actual, &planned.admin.user).steps;
    let saved = is_saved(&planned.desired, &planned.actual);
    let is_left = |step: &&RedisStep| match step.action {
        RedisAction::CloseDefault => false,
        RedisAction::Save => !saved,
        _ => true,
    };
    match left.iter().find(is_left) {
        None => Ok(()),
        Some(step) => Err(Error::operation(format!(
            "server \"{}\" still differs from the manifest",
            planned.desired.server.name
        ))
        .cause(format!("{}: {}", step.action.object(), step.reason))
        .hint("another tool changes the users of the server: look for it in ACL LOG and in its aclfile")),
    }
}
