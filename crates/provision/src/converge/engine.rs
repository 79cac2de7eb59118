//! The loop.

use std::time::Duration;

use super::execute::{Jobs, execute};
use super::transaction::{Context, Passwords};
use crate::plan::admin_capabilities::AdminCapabilities;
use crate::plan::{Step, StepOutcome};
use martydb_model::ActualServer;
use martydb_model::error::{Error, Result};
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{Access, conflicts, lock};

/// Rounds of executing steps before the last inspection: what is inside a closed database is known once it is open, and
/// who may connect to it is decided after that.
const ROUNDS: usize = 3;

/// A conflict is answered by inspecting again, after one of these pauses.
const RETRIES: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(2560);

/// Knows what is wanted of one server.
pub trait Planner {
    /// Inspects the server and returns the steps that are left; none ends the loop. `done` are those that this run has
    /// done already, for a planner whose steps leave no trace that it could see.
    fn remaining(&mut self, done: &[Step]) -> impl Future<Output = Result<Remaining>> + Send;

    /// What the last inspection found.
    fn actual(&self) -> &ActualServer;

    /// Whose privileges a limited admin must borrow for [`Remaining::lent`] steps.
    fn authority(&self) -> Option<AdminCapabilities<'_>> {
        None
    }

    /// Refuses steps that the user did not agree to.
    ///
    /// # Errors
    /// [`martydb_model::error::Kind::Stale`]
    fn agreed(&self, _steps: &[Step], _done: &[Step]) -> Result<()> {
        Ok(())
    }

    /// The passwords that the steps set, stored before the server hears of them.
    fn passwords(&mut self, _steps: &[Step]) -> impl Future<Output = Result<Passwords>> + Send {
        async { Ok(Passwords::new()) }
    }

    /// Called as soon as steps were executed, before the next inspection, with what this run has done so far: what must
    /// not wait for it.
    fn executed(&mut self, _done: &[(Step, StepOutcome)]) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Why the server does not stay as it was made.
    fn unfinished(&self, left: &[Step]) -> Error;
}

/// Steps in the order of their execution.
#[derive(Debug, Default)]
pub struct Remaining {
    pub steps: Vec<Step>,
    /// For the first of them the admin is lent the memberships that it lacks; the others name theirs.
    pub lent: usize,
}

impl From<Vec<Step>> for Remaining {
    fn from(steps: Vec<Step>) -> Self {
        Remaining { lent: steps.len(), steps }
    }
}

pub struct Policy {
    /// How long to wait for the server's lock; `None` where the caller holds a lock that keeps other runs out.
    pub lock_wait: Option<Duration>,
    pub jobs: Jobs,
}

pub struct Converged {
    /// Every step that was due, with how it ended.
    pub steps: Vec<(Step, StepOutcome)>,
    pub end: Result<()>,
}

/// Takes the server's lock, and repeats inspect, plan and execute until nothing is left to be done.
pub async fn converge(access: &Access, planner: &mut (impl Planner + Send), policy: &Policy) -> Converged {
    let mut steps = vec![];
    let end = locked(access, planner, policy, &mut steps).await;
    Converged { steps, end }
}

async fn locked(
    access: &Access,
    planner: &mut (impl Planner + Send),
    policy: &Policy,
    all: &mut Vec<(Step, StepOutcome)>,
) -> Result<()> {
    let _lock = match policy.lock_wait {
        Some(wait) => Some(lock::server(access, wait).await?),
        None => None,
    };
    let mut backoff = Backoff::tries(RETRIES, FIRST_PAUSE, LONGEST_PAUSE);
    let mut rounds = 0;
    loop {
        // What failed in a conflict is in the next plan if it is still due.
        all.retain(|(_, outcome)| *outcome == StepOutcome::Ok);
        let done: Vec<Step> = all.iter().map(|(step, _)| step.clone()).collect();
        let remaining = planner.remaining(&done).await?;
        if remaining.steps.is_empty() {
            return Ok(());
        }
        if rounds == ROUNDS {
            return Err(planner.unfinished(&remaining.steps));
        }
        planner.agreed(&remaining.steps, &done)?;
        let passwords = planner.passwords(&remaining.steps).await?;
        let (outcomes, end) = round(access, planner, policy, &remaining, &passwords).await;
        all.extend(remaining.steps.into_iter().zip(outcomes));
        planner.executed(all).await?;
        match end {
            Ok(()) => rounds += 1,
            Err(error) if conflicts::needs_replan(&error) && backoff.wait().await => {}
            Err(error) => return Err(error),
        }
    }
}

async fn round(
    access: &Access,
    planner: &impl Planner,
    policy: &Policy,
    remaining: &Remaining,
    passwords: &Passwords,
) -> (Vec<StepOutcome>, Result<()>) {
    let (actual, authority) = (planner.actual(), planner.authority());
    let parallel = policy.jobs.on(actual);
    let context = Context { access, major: actual.major(), authority: authority.as_ref(), passwords };
    let (lent, explicit) = remaining.steps.split_at(remaining.lent);
    let (mut outcomes, end) = execute(&context, lent, parallel).await;
    if end.is_err() {
        outcomes.resize(remaining.steps.len(), StepOutcome::Skipped);
        return (outcomes, end);
    }
    let (more, end) = execute(&Context { authority: None, ..context }, explicit, parallel).await;
    outcomes.extend(more);
    (outcomes, end)
}
