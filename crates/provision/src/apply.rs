//! Execution of the confirmed plan, and of steps that a later inspection adds if the user agreed to them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::plan::{PlannedServer, Plans, credential_keys, inspect_and_compare, planned, unread};
use super::scope::{PlanOptions, PlanScope};
use martydb_apply::converge::{Converged, Passwords, Planner, Policy, Remaining, converge};
use martydb_apply::scratch;
use martydb_model::contract::alternate_of;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::{ActualServer, DesiredServer, DesiredService, RoleName, ServiceName};
use martydb_plan::admin_capabilities::{AdminCapabilities, can_create};
use martydb_plan::{Action, Plan, Risk, Step, StepOutcome};
use martydb_secrets::{CredentialKey, LockedStore, Store};

/// Executes the plan under the server's lock, after dropping scratch databases that killed runs left: each may contain a
/// copy of a service's rows.
///
/// `held` is the lock of the secret store, for a plan that needs new passwords ([`makes_passwords`]).
#[martydb_pg::boxed]
pub async fn apply<'a>(
    scope: &'a PlanScope<'a>,
    planned: &'a PlannedServer,
    held: Option<Arc<LockedStore<'a>>>,
) -> Converged {
    let ready = can_create(&planned.actual.admin, &planned.plan.steps);
    // A session of a service can keep one from being dropped: that is no reason not to apply.
    if ready.is_ok()
        && !scratch::among(&planned.actual).is_empty()
        && let Err(error) = scratch::sweep(&planned.access).await
    {
        scratch::warn(&error);
    }
    if planned.plan.steps.is_empty() || ready.is_err() {
        return Converged { steps: vec![], end: ready };
    }
    let mut planner = Apply { scope, planned, held, actual: None };
    let record = scope.record(&planned.server);
    let policy = Policy { lock_wait: Some(scope.lock_wait), jobs: scope.jobs, record };
    converge(&planned.access, &mut planner, &policy).await
}

/// Executes the remaining steps for services whose databases were copied. No client has connected yet, so no lock
/// matters.
pub(crate) async fn finish(
    scope: &PlanScope<'_>,
    planned: &PlannedServer,
    services: BTreeSet<ServiceName>,
) -> Converged {
    let scope = PlanScope { services, options: PlanOptions::default(), confirmed: true, ..*scope };
    let mut planner = Apply { scope: &scope, planned, held: None, actual: None };
    let record = scope.record(&planned.server);
    let policy = Policy { lock_wait: Some(scope.lock_wait), jobs: scope.jobs, record };
    converge(&planned.access, &mut planner, &policy).await
}

struct Apply<'a> {
    scope: &'a PlanScope<'a>,
    planned: &'a PlannedServer,
    held: Option<Arc<LockedStore<'a>>>,
    actual: Option<ActualServer>,
}

impl Planner for Apply<'_> {
    async fn remaining(&mut self, _done: &[Step]) -> Result<Remaining> {
        let PlannedServer { access, desired, copies, .. } = self.planned;
        let (actual, mut plan) = inspect_and_compare(self.scope, access, desired, copies).await?;
        // Copies are made between two runs of this function.
        plan.steps.retain(|step| !step.is_copy());
        let known = self.planned.unread();
        let is_new = |service: &ServiceName| known.iter().all(|(other, _)| other != service);
        if let Some((_, error)) = unread(desired, &actual).into_iter().find(|(service, _)| is_new(service)) {
            return Err(error);
        }
        self.actual = Some(actual);
        let with_temporary_membership = plan.parts().0.len();
        Ok(Remaining { steps: plan.steps, with_temporary_membership })
    }

    fn actual(&self) -> &ActualServer {
        self.actual.as_ref().unwrap_or(&self.planned.actual)
    }

    fn authority(&self) -> Option<AdminCapabilities<'_>> {
        Some(AdminCapabilities::new(&self.planned.desired, self.actual()))
    }

    fn agreed(&self, steps: &[Step], done: &[Step]) -> Result<()> {
        let exact = self.scope.options.exact && done.is_empty();
        agreed(&self.planned.plan.steps, steps, exact, self.scope.confirmed)
    }

    /// The lock of the store is released once the passwords are stored: the runs for other servers need it too.
    async fn passwords(&mut self, steps: &[Step]) -> Result<Passwords> {
        let (mut held, store, desired) = (self.held.take(), self.scope.store, &self.planned.desired);
        let (renamed, arriving) = (renamed(desired, steps), arriving(desired, steps));
        if !renamed.is_empty() || !arriving.is_empty() {
            let locked = match held.take() {
                Some(held) => held,
                None => Arc::new(store.lock(Duration::ZERO).await?),
            };
            for (from, to) in &renamed {
                locked.carry(from, to).await?;
            }
            for (from, to) in &arriving {
                locked.bring(from, to).await?;
            }
            held = Some(locked);
        }
        let gets_password = |login: &RoleName| steps.iter().any(|step| gets_password(step) == Some(login));
        let (due, others): (Vec<CredentialKey>, Vec<CredentialKey>) =
            credential_keys(desired).into_iter().partition(|key| gets_password(&key.role));
        // Only `rotate` creates an alternate login; here it gets the stored password again.
        let alternate_due =
            |key: &CredentialKey| alternate_of(&key.role).is_some_and(|login| gets_password(&login));
        let alternates: Vec<CredentialKey> = others.into_iter().filter(alternate_due).collect();
        let mut secrets = store.read(&alternates).await?;
        if !due.is_empty() {
            let held = match held {
                Some(held) => held,
                // The confirmed plan needed no password, or this is a later round. The server is already locked,
                // and a run that holds a server's lock never waits for another lock.
                None => Arc::new(store.lock(Duration::ZERO).await?),
            };
            secrets.extend(held.ensure_own(&due).await?);
        }
        let password = |login: &RoleName| Some((login.clone(), secrets.get(&desired.name, login)?.clone()));
        Ok(steps.iter().filter_map(self::gets_password).filter_map(password).collect())
    }

    /// Drops the former names' credentials: the server has renamed the logins.
    async fn executed(&mut self, done: &[(Step, StepOutcome)]) -> Result<()> {
        let done = done.iter().filter(|(_, outcome)| *outcome == StepOutcome::Ok);
        let steps: Vec<Step> = done.map(|(step, _)| step.clone()).collect();
        let former: Vec<CredentialKey> =
            renamed(&self.planned.desired, &steps).into_iter().map(|(from, _)| from).collect();
        if former.is_empty() {
            return Ok(());
        }
        self.scope.store.lock(Duration::ZERO).await?.forget(&former).await.map(drop)
    }

    fn unfinished(&self, left: &[Step]) -> Error {
        Error::operation(format!("server \"{}\" still differs from the manifest", self.planned.server))
            .cause(left[0].reason.clone())
            .hint("something on the server undoes the change: look for an event trigger or another tool")
    }
}

/// Checks that the passwords that the plans send exist, if martydb cannot make them.
///
/// # Errors
/// If variables are not set: all of them are named, of all servers.
pub fn check_passwords(store: &Store, plans: &Plans) -> Result<()> {
    let due = planned(plans).flat_map(|(_, planned)| {
        let gets_one = |key: &CredentialKey| {
            planned.plan.steps.iter().any(|step| gets_password(step) == Some(&key.role))
        };
        credential_keys(&planned.desired).into_iter().filter(gets_one).collect::<Vec<_>>()
    });
    store.check_present(&due.collect::<Vec<_>>())
}

/// Compares the steps with those shown. `-y` confirms effects on other users, but never data loss that was not
/// shown.
fn agreed(shown: &[Step], now: &[Step], exact: bool, yes: bool) -> Result<()> {
    let welcome = if yes { Risk::Caution } else { Risk::Safe };
    let new = now.iter().find(|step| (exact || step.risk > welcome) && !shown.contains(step));
    let gone = shown.iter().find(|step| exact && !step.is_copy() && !now.contains(step));
    match new.or(gone) {
        None => Ok(()),
        Some(step) => Err(Error::new(Kind::Stale, "the server changed since the plan was shown")
            .cause(step.reason.clone())
            .hint("run `martydb plan` for a new plan")),
    }
}

/// Returns the former and new keys of logins that the steps rename.
fn renamed(desired: &DesiredServer, steps: &[Step]) -> Vec<(CredentialKey, CredentialKey)> {
    let is_renamed = |role: &RoleName| {
        steps.iter().any(|step| matches!(&step.action, Action::RenameRole { from, .. } if from == role))
    };
    let pairs = desired.services.values().flat_map(|service| {
        CredentialKey::of_former(service)
            .into_iter()
            .zip(CredentialKey::for_service(service).collect::<Vec<_>>())
    });
    pairs.filter(|(from, _)| is_renamed(&from.role)).collect()
}

/// Returns the former and new keys of logins that the steps create for services from another server.
fn arriving(desired: &DesiredServer, steps: &[Step]) -> Vec<(CredentialKey, CredentialKey)> {
    let is_made = |role: &RoleName| {
        steps.iter().any(|step| matches!(&step.action, Action::CreateRole { role: made, .. } if made == role))
    };
    let comes =
        |service: &&DesiredService| service.moved.as_ref().is_some_and(|moved| moved.server.is_some());
    let pairs = desired.services.values().filter(comes).flat_map(|service| {
        CredentialKey::of_former(service)
            .into_iter()
            .zip(CredentialKey::for_service(service).collect::<Vec<_>>())
    });
    pairs.filter(|(_, to)| is_made(&to.role)).collect()
}

fn gets_password(step: &Step) -> Option<&RoleName> {
    match &step.action {
        Action::CreateRole { role, .. } | Action::SetPassword { role, .. } => Some(role),
        _ => None,
    }
}

pub fn makes_passwords(plan: &Plan) -> bool {
    let renames = |step: &Step| matches!(step.action, Action::RenameRole { .. });
    plan.steps.iter().any(|step| gets_password(step).is_some() || renames(step))
}
