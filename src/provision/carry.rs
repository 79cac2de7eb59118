//! Acting on what was shown: under the lock, after a second look, and again until a look finds nothing.

use std::sync::Arc;
use std::time::Duration;

use super::{Chosen, Planned, Reach, look, slots, unread};
use crate::error::{Error, Kind, Result};
use crate::model::{ActualServer, DesiredServer, RoleName, ServiceName};
use crate::plan::authority::Authority;
use crate::plan::{Action, Plan, Risk, Step};
use crate::run::Run;
use crate::secrets::{Held, Secrets, Slot, twin_of};
use crate::server::apply::{Outcome, Tools, apply};
use crate::server::{lock, racing};

/// Rounds of acting and looking again: a closed database can be looked into only once it is open.
const ROUNDS: usize = 3;

/// The pause before the first look after a race; it doubles each time.
pub const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Times that a race is answered by looking again.
pub const RETRIES: u32 = 8;

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
/// they are safe, or with `-y` at most felt by others; otherwise the run stops, since nobody agreed to them. An
/// exact run stops at any difference.
///
/// `held` is the lock of the secret store, for a plan that needs new passwords ([`makes_passwords`]).
pub async fn carry_out(
    run: &Run,
    planned: &Planned,
    chosen: &Chosen,
    reach: Reach,
    held: Option<Arc<Held>>,
) -> Applied {
    let mut applied = Applied { steps: vec![], plan: planned.plan.clone(), error: None };
    if planned.plan.steps.is_empty() {
        return applied;
    }
    let work = Work { run, planned, chosen, reach };
    let end = work.rounds(&mut applied.steps, held).await;
    applied.error = end.err();
    applied
}

struct Work<'a> {
    run: &'a Run,
    planned: &'a Planned,
    chosen: &'a Chosen,
    reach: Reach,
}

impl Work<'_> {
    async fn rounds(&self, done: &mut Vec<(Step, Outcome)>, mut held: Option<Arc<Held>>) -> Result<()> {
        may_provision(self.planned)?;
        let _lock = lock::server(&self.planned.access, self.run.lock_wait).await?;
        let (mut rounds, mut overtaken) = (0, 0);
        while rounds < ROUNDS {
            let (actual, plan) = self.look().await?;
            if plan.steps.is_empty() {
                return Ok(());
            }
            agreed(&self.planned.plan, &plan, self.reach.exact && done.is_empty(), self.run.yes)?;
            let before = done.len();
            match self.act(&actual, &plan, done, held.take()).await {
                Err(error) if is_race(&error) && overtaken < RETRIES => {
                    // What was not done is in the next look's plan, and reported from there.
                    let mut place = 0;
                    done.retain(|(_, outcome)| {
                        place += 1;
                        place <= before || *outcome == Outcome::Ok
                    });
                    tokio::time::sleep(FIRST_PAUSE * 2u32.pow(overtaken)).await;
                    overtaken += 1;
                }
                Err(error) => return Err(error),
                Ok(()) => rounds += 1,
            }
        }
        self.nothing_left().await
    }

    async fn look(&self) -> Result<(ActualServer, Plan)> {
        let Planned { access, desired, .. } = self.planned;
        let looked = look(self.run, access, desired, self.chosen, self.reach).await?;
        let told = self.planned.unread();
        let is_news = |service: &ServiceName| told.iter().all(|(known, _)| known != service);
        match unread(desired, &looked.0).into_iter().find(|(service, _)| is_news(service)) {
            Some((_, error)) => Err(error),
            None => Ok(looked),
        }
    }

    async fn nothing_left(&self) -> Result<()> {
        let (_, left) = self.look().await?;
        let Some(step) = left.steps.first() else { return Ok(()) };
        let message = format!("server \"{}\" still differs from the manifest", self.planned.server);
        Err(Error::operation(message)
            .cause(step.reason.clone())
            .hint("something on the server undoes the change: look for an event trigger or another tool"))
    }

    async fn act(
        &self,
        actual: &ActualServer,
        plan: &Plan,
        done: &mut Vec<(Step, Outcome)>,
        held: Option<Arc<Held>>,
    ) -> Result<()> {
        let Planned { access, desired, server, .. } = self.planned;
        let secrets = store_first(self.run, desired, plan, held).await?;
        let authority = Authority::new(desired, actual);
        let tools = Tools {
            access,
            major: actual.major(),
            authority: Some(&authority),
            password: &|role| secrets.get(server, role).cloned(),
            parallel: actual.capacity.share(self.run.makers(actual.major()), 2),
        };
        let say = |step: &Step| {
            let (verb, object) = (step.action.verb().name(), step.action.object());
            tracing::info!(target: "martydb", "{verb} {object}: {}", step.reason);
        };
        let (staying, leaving) = plan.parts();
        let (mut outcomes, mut end) = apply(&tools, staying, &say).await;
        if end.is_ok() {
            // These steps say themselves what has to be borrowed.
            let (more, last) = apply(&Tools { authority: None, ..tools }, leaving, &say).await;
            outcomes.extend(more);
            end = last;
        } else {
            outcomes.extend(leaving.iter().map(|_| Outcome::Skipped));
        }
        done.extend(plan.steps.iter().cloned().zip(outcomes));
        end
    }
}

/// Whether looking again and doing it again is the answer.
pub fn is_race(error: &Error) -> bool {
    racing::collided(error) || racing::overtaken(error)
}

/// Without these two attributes nothing can be made: that is no limit to live with, but an admin of the wrong kind.
fn may_provision(planned: &Planned) -> Result<()> {
    let admin = &planned.actual.admin;
    let needs = |wanted: fn(&Action) -> bool| planned.plan.steps.iter().any(|step| wanted(&step.action));
    let role = !admin.createrole && needs(|action| matches!(action, Action::CreateRole { .. }));
    let database = !admin.createdb && needs(|action| matches!(action, Action::CreateDatabase { .. }));
    let lacking = match (admin.superuser, role, database) {
        (true, _, _) | (_, false, false) => return Ok(()),
        (_, true, true) => "CREATEDB CREATEROLE",
        (_, true, false) => "CREATEROLE",
        (_, false, true) => "CREATEDB",
    };
    Err(Error::operation(format!("the admin \"{}\" cannot make what is missing", admin.name))
        .cause(format!("it lacks {lacking}"))
        .hint(format!("ask a DBA for: ALTER ROLE \"{}\" {lacking}", admin.name.replace('"', "\"\"")))
        .hint("`martydb doctor` shows everything that this admin can and cannot do"))
}

/// Whoever said yes beforehand agreed to what others may feel, and never to the loss of data that was not shown.
fn agreed(shown: &Plan, now: &Plan, exact: bool, yes: bool) -> Result<()> {
    let welcome = if yes { Risk::Caution } else { Risk::Safe };
    let new = now.steps.iter().find(|step| (exact || step.risk > welcome) && !shown.steps.contains(step));
    let gone = shown.steps.iter().find(|step| exact && !now.steps.contains(step));
    match new.or(gone) {
        None => Ok(()),
        Some(step) => Err(Error::new(Kind::Stale, "the server changed since the plan was shown")
            .cause(step.reason.clone())
            .hint("look again with `martydb plan`")),
    }
}

/// The login that a step gives a password.
fn gets_password(step: &Step) -> Option<&RoleName> {
    match &step.action {
        Action::CreateRole { role, .. } | Action::SetPassword { role } => Some(role),
        _ => None,
    }
}

/// Whether passwords may have to be made and stored for a plan.
pub fn makes_passwords(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| gets_password(step).is_some())
}

/// Every login that gets a password has one in the store before the server hears of it. The store's lock is let go
/// as soon as they are kept: the runs for other servers need it too.
async fn store_first(
    run: &Run,
    desired: &DesiredServer,
    plan: &Plan,
    held: Option<Arc<Held>>,
) -> Result<Secrets> {
    let gets_password = |login: &RoleName| plan.steps.iter().any(|step| gets_password(step) == Some(login));
    let slots = slots(desired);
    let (due, others): (Vec<Slot>, Vec<Slot>) = slots.into_iter().partition(|slot| gets_password(&slot.role));
    // A twin is made by `rotate` alone: here it only gets again what the store has.
    let twin_due = |slot: &Slot| twin_of(&slot.role).is_some_and(|twin| gets_password(&twin));
    let twins: Vec<Slot> = others.into_iter().filter(twin_due).collect();
    let mut secrets = run.store.read(&twins).await?;
    if due.is_empty() {
        return Ok(secrets);
    }
    let held = match held {
        Some(held) => held,
        // What is due was not in the plan that was shown, or this is a later round: the server is locked by now.
        None => Arc::new(run.lock_store_at_once().await?),
    };
    secrets.extend(run.store.ensure_own(&held, &due).await?);
    Ok(secrets)
}
