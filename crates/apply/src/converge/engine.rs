//! The loop of inspecting, planning and executing. It plans again after a conflict with another session.

use std::time::Duration;

use super::execute::execute;
use super::transaction::{ConvergeContext, Passwords};
use crate::run_record::RunRecord;
use martydb_model::error::{Error, Result};
use martydb_model::{ActualServer, Jobs};
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{Access, conflicts, lock};
use martydb_plan::admin_capabilities::AdminCapabilities;
use martydb_plan::{Step, StepOutcome};

/// Rounds of executing steps before the last inspection: the contents of a closed database are known once it is
/// open, and CONNECT is granted after that.
const ROUNDS: usize = 3;

/// Inspections repeated after a conflict, with a pause before each.
const RETRIES: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(2560);

/// Plans the changes of one server.
pub trait Planner {
    /// Inspects the server and returns the steps that are left; none ends the loop. `done` are the steps that
    /// this run has executed, for a planner whose steps leave no visible trace.
    fn remaining(&mut self, done: &[Step]) -> impl Future<Output = Result<Remaining>> + Send;

    /// Returns the state of the last inspection.
    fn actual(&self) -> &ActualServer;

    /// Returns the capabilities of a limited admin that must borrow privileges for the steps of
    /// [`Remaining::with_temporary_membership`].
    fn authority(&self) -> Option<AdminCapabilities<'_>> {
        None
    }

    /// Returns `true` if a new inspection can lead to other steps. If not, only a step that conflicted with another
    /// transaction is tried again: a statement that the server refuses or warns about would be refused again.
    fn replans(&self) -> bool {
        true
    }

    /// Rejects steps to which the user did not agree.
    ///
    /// # Errors
    /// [`martydb_model::error::Kind::Stale`]
    fn agreed(&self, _steps: &[Step], _done: &[Step]) -> Result<()> {
        Ok(())
    }

    /// Returns the passwords of the steps, stored before the server gets them.
    fn passwords(&mut self, _steps: &[Step]) -> impl Future<Output = Result<Passwords>> + Send {
        async { Ok(Passwords::new()) }
    }

    /// Called as soon as steps were executed, before the next inspection, with all steps of this run so far,
    /// for work that must not wait for the inspection.
    fn executed(&mut self, _done: &[(Step, StepOutcome)]) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Returns the error for a server that does not converge.
    fn unfinished(&self, left: &[Step]) -> Error;
}

/// Steps in their order of execution.
#[derive(Debug, Default)]
pub struct Remaining {
    pub steps: Vec<Step>,
    /// Number of leading steps for which the admin borrows missing memberships; the others grant theirs themselves.
    pub with_temporary_membership: usize,
}

impl From<Vec<Step>> for Remaining {
    fn from(steps: Vec<Step>) -> Self {
        Remaining { with_temporary_membership: steps.len(), steps }
    }
}

#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// Longest wait for the server's lock; `None` if the caller holds a lock that excludes other runs.
    pub lock_wait: Option<Duration>,
    pub jobs: Jobs,
    /// Record of the run, which begins before the first change.
    pub record: Option<&'a RunRecord>,
}

pub struct Converged {
    /// Every step that was due, with its outcome.
    pub steps: Vec<(Step, StepOutcome)>,
    pub end: Result<()>,
}

/// Takes the server's lock, and repeats inspecting, planning and executing until no step is left.
pub async fn converge(
    access: &Access,
    planner: &mut (impl Planner + Send),
    policy: &Policy<'_>,
) -> Converged {
    let mut steps = vec![];
    let end = locked(access, planner, policy, &mut steps).await;
    Converged { steps, end }
}

async fn locked(
    access: &Access,
    planner: &mut (impl Planner + Send),
    policy: &Policy<'_>,
    all: &mut Vec<(Step, StepOutcome)>,
) -> Result<()> {
    let _lock = match policy.lock_wait {
        Some(wait) => Some(lock::server(access, wait).await?),
        None => None,
    };
    let mut backoff = Backoff::tries(RETRIES, FIRST_PAUSE, LONGEST_PAUSE);
    let mut rounds = 0;
    loop {
        // Steps that failed in a conflict are in the next plan if they are still due.
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
        if let Some(record) = policy.record {
            record.begin().await;
        }
        let passwords = planner.passwords(&remaining.steps).await?;
        let (outcomes, end) = round(access, planner, policy, &remaining, &passwords).await;
        all.extend(remaining.steps.into_iter().zip(outcomes));
        planner.executed(all).await?;
        match end {
            Ok(()) => rounds += 1,
            Err(error) if is_transient(planner, &error) && backoff.wait().await => {}
            Err(error) => return Err(error),
        }
    }
}

fn is_transient(planner: &impl Planner, error: &Error) -> bool {
    if planner.replans() { conflicts::needs_replan(error) } else { conflicts::is_retryable(error) }
}

async fn round(
    access: &Access,
    planner: &impl Planner,
    policy: &Policy<'_>,
    remaining: &Remaining,
    passwords: &Passwords,
) -> (Vec<StepOutcome>, Result<()>) {
    let (actual, authority) = (planner.actual(), planner.authority());
    let parallel = policy.jobs.on(actual);
    let context = ConvergeContext { access, major: actual.major(), authority: authority.as_ref(), passwords };
    let (with_temporary_membership, explicit) = remaining.steps.split_at(remaining.with_temporary_membership);
    let (mut outcomes, end) = execute(&context, with_temporary_membership, parallel).await;
    if end.is_err() {
        outcomes.resize(remaining.steps.len(), StepOutcome::Skipped);
        return (outcomes, end);
    }
    let (more, end) = execute(&ConvergeContext { authority: None, ..context }, explicit, parallel).await;
    outcomes.extend(more);
    (outcomes, end)
}
