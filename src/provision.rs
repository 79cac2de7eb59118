//! The loop of plan and apply: inspect, diff, show, lock, look again, act, inspect again.

mod carry;
mod logins;
mod passwords;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use crate::error::{Error, Result};
use crate::model::{ActualServer, DbName, DesiredServer, DesiredService, RoleName, ServiceName};
use crate::plan::{Action, Plan, Step, diff};
use crate::run::Run;
use crate::secrets::Slot;
use crate::server::apply::Outcome;
use crate::server::{Access, inspect};

pub use carry::{Applied, FIRST_PAUSE, RETRIES, carry_out, is_race, makes_passwords};

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

impl Planned {
    /// Services whose database could not be read, with the reason: their plan is not whole.
    pub fn unread(&self) -> Vec<(ServiceName, Error)> {
        unread(&self.desired, &self.actual)
    }
}

fn unread(desired: &DesiredServer, actual: &ActualServer) -> Vec<(ServiceName, Error)> {
    let of_service = |service: &DesiredService| {
        let error = actual.databases.get(&service.database)?.unread.clone()?;
        let what = format!("cannot compare service \"{}\" with the manifest", service.name);
        Some((service.name.clone(), error.while_doing(what)))
    };
    desired.services.values().filter_map(of_service).collect()
}

/// Whose steps are wanted: those of these services, and those of the server as a whole.
pub type Chosen = BTreeSet<ServiceName>;

/// How far a plan goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// What nobody declared is removed too.
    pub prune: bool,
    /// Every stored password is tried.
    pub check_logins: bool,
    /// Only what was shown is done, and all of it.
    pub exact: bool,
}

/// The names of the chosen services.
pub fn chosen(services: &[DesiredService]) -> Chosen {
    services.iter().map(|service| service.name.clone()).collect()
}

/// Plans every server of the chosen services, side by side.
pub async fn plan(run: &Run, services: &[DesiredService], reach: Reach) -> Vec<(String, Result<Planned>)> {
    let chosen = chosen(services);
    let all = run.servers_of(services).into_iter().map(|server| {
        let chosen = &chosen;
        async move {
            let planned = plan_server(run, &server, chosen, reach).await;
            (server, planned)
        }
    });
    join_all(all).await
}

async fn plan_server(run: &Run, server: &str, chosen: &Chosen, reach: Reach) -> Result<Planned> {
    let access = run.admin(server).await?;
    let desired = run.manifest.desired(server);
    let (actual, plan) = look(run, &access, &desired, chosen, reach).await?;
    Ok(Planned { server: server.to_owned(), desired, access, actual, plan })
}

/// A manifest that declares the server's own superuser a service's role would take its powers away.
fn checked_diff(
    desired: &DesiredServer,
    actual: &ActualServer,
    stored: &dyn Fn(&RoleName) -> bool,
) -> Result<Plan> {
    let own = [&actual.admin.name, &actual.bootstrap];
    let taken = desired.services.values().flat_map(|service| service.roles.values());
    match taken.into_iter().find(|role| own.iter().any(|name| *name == role.as_str())) {
        None => Ok(diff(desired, actual, stored)),
        Some(role) => Err(Error::manifest(format!(
            "role \"{role}\" runs server \"{}\", and cannot be a service's",
            desired.name
        ))
        .hint("give the service a role of its own")),
    }
}

async fn look(
    run: &Run,
    access: &Access,
    desired: &DesiredServer,
    chosen: &Chosen,
    reach: Reach,
) -> Result<(ActualServer, Plan)> {
    let secrets = run.store.read(&slots(desired)).await?;
    let inside: Vec<DbName> = desired
        .services
        .values()
        .filter(|service| chosen.contains(&service.name))
        .map(|service| service.database.clone())
        .collect();
    let mut actual = inspect::inspect(access, &inside, &desired.marker(), run.jobs).await?;
    actual.refused_logins = passwords::differing(desired, chosen, &actual, &secrets).await?;
    if reach.check_logins {
        let refused = logins::refused(run, access, desired, chosen, &actual, &secrets).await?;
        actual.refused_logins.extend(refused);
    }
    let mut plan = checked_diff(desired, &actual, &|role| secrets.get(&desired.name, role).is_some())?;
    let wanted = |step: &Step| step.service.as_ref().is_none_or(|service| chosen.contains(service));
    plan.steps.retain(wanted);
    plan.prunable.retain(wanted);
    let limit_wanted = |service: &Option<String>| {
        service.as_ref().is_none_or(|name| chosen.iter().any(|chosen| chosen.as_str() == name))
    };
    plan.limits.retain(|limit| limit_wanted(&limit.service));
    if reach.prune {
        // It would be taken back at once.
        plan.steps.retain(|step| !lets_a_stranger_in(desired, &step.action));
    }
    let whole = desired.services.keys().all(|service| chosen.contains(service));
    plan.include_prunable(&|step| match &step.service {
        Some(service) => reach.prune || desired.services[service].prune,
        // What belongs to no service goes only with a run over the whole server.
        None => reach.prune && whole,
    });
    Ok((actual, plan))
}

/// The membership that keeps an adopted database's old login working.
fn lets_a_stranger_in(desired: &DesiredServer, action: &Action) -> bool {
    let Action::GrantMembership { member, .. } = action else { return false };
    let first = |name: &str| RoleName::found(name.strip_suffix(crate::TWIN_SUFFIX)?).ok();
    let managed = |role: &RoleName| desired.managed_role(role).is_some();
    !managed(member) && !first(member.as_str()).is_some_and(|first| managed(&first))
}

fn slots(desired: &DesiredServer) -> Vec<Slot> {
    desired.services.values().flat_map(Slot::of).collect()
}

/// Steps by service, `None` for the server as a whole.
pub fn by_service(steps: &[(Step, Outcome)]) -> BTreeMap<Option<ServiceName>, Vec<&(Step, Outcome)>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for pair in steps {
        groups.entry(pair.0.service.clone()).or_default().push(pair);
    }
    groups
}
