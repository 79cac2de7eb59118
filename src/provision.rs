//! The loop of plan and apply: inspect, diff, show, lock, look again, act, inspect again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;

use crate::error::{Error, Kind, Result};
use crate::model::{ActualServer, DbName, DesiredServer, DesiredService, ServiceName};
use crate::plan::{Action, Plan, Risk, Step, diff};
use crate::run::Run;
use crate::secrets::{Secrets, Slot, Store};
use crate::server::apply::{Outcome, Tools, apply, owner_of};
use crate::server::{Access, inspect, lock};

/// Rounds of acting and looking again: a closed database can be looked into only once it is open.
const ROUNDS: usize = 3;

/// The pause before the first look after a race; it doubles each time.
pub const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// One server with what is to be done there.
pub struct Planned {
    /// The server.
    pub server: String,
    /// What the manifest wants of it.
    pub desired: DesiredServer,
    /// How it is reached.
    pub access: Access,
    /// What it has.
    pub actual: ActualServer,
    /// What it lacks.
    pub plan: Plan,
}

/// Whose steps are wanted: those of these services, and those of the server as a whole.
pub type Chosen = BTreeSet<ServiceName>;

/// The names of the chosen services.
pub fn chosen(services: &[DesiredService]) -> Chosen {
    services.iter().map(|service| service.name.clone()).collect()
}

/// Plans every server of the chosen services, side by side.
pub async fn plan(run: &Run, services: &[DesiredService]) -> Vec<(String, Result<Planned>)> {
    let chosen = chosen(services);
    let all = run.servers_of(services).into_iter().map(|server| {
        let chosen = &chosen;
        async move {
            let planned = plan_server(run, &server, chosen).await;
            (server, planned)
        }
    });
    join_all(all).await
}

async fn plan_server(run: &Run, server: &str, chosen: &Chosen) -> Result<Planned> {
    let access = run.access(server).await?;
    let desired = run.manifest.desired(server);
    let (actual, plan) = look(run, &access, &desired, chosen).await?;
    Ok(Planned { server: server.to_owned(), desired, access, actual, plan })
}

async fn look(
    run: &Run,
    access: &Access,
    desired: &DesiredServer,
    chosen: &Chosen,
) -> Result<(ActualServer, Plan)> {
    let secrets = run.store.read(&slots(desired)).await?;
    let inside: Vec<DbName> = desired
        .services
        .values()
        .filter(|service| chosen.contains(&service.name))
        .map(|service| service.database.clone())
        .collect();
    let actual = inspect::inspect(access, &inside).await?;
    let mut plan = diff(desired, &actual, &|role| secrets.get(&desired.name, role).is_some());
    let wanted = |step: &Step| step.service.as_ref().is_none_or(|service| chosen.contains(service));
    plan.steps.retain(wanted);
    plan.prunable.retain(wanted);
    Ok((actual, plan))
}

fn slots(desired: &DesiredServer) -> Vec<Slot> {
    desired.services.values().flat_map(Slot::of).collect()
}

/// What became of one server.
pub struct Applied {
    /// Every step that was due, with how it ended.
    pub steps: Vec<(Step, Outcome)>,
    /// The plan's other parts.
    pub plan: Plan,
    /// What stopped it.
    pub error: Option<Error>,
}

/// Acts on what was shown.
///
/// Under the lock the server is looked at again. Steps that were not shown are done without asking only if
/// they are safe; otherwise the run stops, since nobody agreed to them.
pub async fn carry_out(run: &Run, planned: &Planned, chosen: &Chosen) -> Applied {
    let mut applied = Applied { steps: vec![], plan: planned.plan.clone(), error: None };
    if planned.plan.steps.is_empty() {
        return applied;
    }
    let end = rounds(run, planned, chosen, &mut applied.steps).await;
    applied.error = end.err();
    applied
}

async fn rounds(
    run: &Run,
    planned: &Planned,
    chosen: &Chosen,
    done: &mut Vec<(Step, Outcome)>,
) -> Result<()> {
    let _lock = lock::server(&planned.access, run.lock_wait).await?;
    let (mut rounds, mut races) = (0, 0);
    while rounds < ROUNDS {
        let (actual, plan) = look(run, &planned.access, &planned.desired, chosen).await?;
        if plan.steps.is_empty() {
            return Ok(());
        }
        agreed(&planned.plan, &plan)?;
        match act(run, planned, &actual, &plan, done).await {
            Ok(()) => rounds += 1,
            Err(error) if is_race(&error) && races < RETRIES => {
                // The same steps come again, or are no longer due.
                done.retain(|(_, outcome)| *outcome == Outcome::Ok);
                tokio::time::sleep(FIRST_PAUSE * 2u32.pow(races)).await;
                races += 1;
            }
            Err(error) => return Err(error),
        }
    }
    let (_, left) = look(run, &planned.access, &planned.desired, chosen).await?;
    match left.steps.first() {
        None => Ok(()),
        Some(step) => {
            Err(Error::operation(format!("server \"{}\" still differs from the manifest", planned.server))
                .cause(step.reason.clone())
                .hint("something on the server undoes the change: look for an event trigger or another tool"))
        }
    }
}

fn agreed(shown: &Plan, now: &Plan) -> Result<()> {
    let new = now.steps.iter().find(|step| step.risk > Risk::Safe && !shown.steps.contains(step));
    match new {
        None => Ok(()),
        Some(step) => Err(Error::new(Kind::Stale, "the server changed since the plan was shown")
            .cause(step.reason.clone())
            .hint("look again with `martydb plan`")),
    }
}

async fn act(
    run: &Run,
    planned: &Planned,
    actual: &ActualServer,
    plan: &Plan,
    done: &mut Vec<(Step, Outcome)>,
) -> Result<()> {
    let secrets = store_first(run, &planned.desired, plan).await?;
    let tools = Tools {
        access: &planned.access,
        major: actual.major(),
        borrow: !actual.admin.superuser,
        password: &|role| secrets.get(&planned.server, role).cloned(),
        owner: &|service| owner_of(&planned.desired, service),
    };
    let (outcomes, end) = apply(&tools, &plan.steps, &mut |step| {
        tracing::info!(target: "martydb", "{} {}: {}", step.action.verb().name(), step.action.object(), step.reason);
    })
    .await;
    done.extend(plan.steps.iter().cloned().zip(outcomes));
    end
}

/// Every login that gets a password has one in the store before the server hears of it.
async fn store_first(run: &Run, desired: &DesiredServer, plan: &Plan) -> Result<Secrets> {
    let gets_password = |slot: &Slot| {
        plan.steps.iter().any(|step| match &step.action {
            Action::CreateRole { role, .. } | Action::SetPassword { role } => *role == slot.role,
            _ => false,
        })
    };
    let due: Vec<Slot> = slots(desired).into_iter().filter(gets_password).collect();
    if due.is_empty() {
        return Ok(Secrets::default());
    }
    if matches!(&run.store, Store::File(path) if path.starts_with(run.manifest.state_dir())) {
        crate::embedded::make_state_folder(&run.manifest.home)?;
    }
    run.store.ensure_own(&due).await
}

/// What a server answers when somebody else is at the same object: another tool that takes no lock of ours, or a
/// statement of a run that was killed, which the server still brings to its end.
const RACES: &[&str] = &[
    "XX000", // tuple concurrently updated
    "23505", // the catalogue's own unique index
    "42710", // a role that somebody else has just made
    "42P04", // the same of a database
    "42P06", // the same of a schema
    "42704", // something that has just gone
    "40P01", // deadlock
    "55P03", // lock_timeout
];

/// Times that a race is answered by looking again.
pub const RETRIES: u32 = 8;

/// Whether looking again and doing it again is the answer.
pub fn is_race(error: &Error) -> bool {
    error.sqlstate.as_deref().is_some_and(|state| RACES.contains(&state))
}

/// Steps by service, `None` for the server as a whole.
pub fn by_service(steps: &[(Step, Outcome)]) -> BTreeMap<Option<ServiceName>, Vec<&(Step, Outcome)>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for pair in steps {
        groups.entry(pair.0.service.clone()).or_default().push(pair);
    }
    groups
}
