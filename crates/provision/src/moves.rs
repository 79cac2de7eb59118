//! Copies of a run. They are made after the steps that need no database, and before the rest, which copies need
//! like all databases.

use std::collections::BTreeSet;

use super::apply::finish;
use super::plan::{PlannedServer, Plans, planned};
use super::scope::PlanScope;
use martydb_apply::converge::Converged;
use martydb_backup::move_service::{self, Move};
use martydb_context::Context;
use martydb_model::error::Result;
use martydb_model::{DesiredService, ServiceName};
use martydb_plan::{Step, StepOutcome};

/// Checks for obstacles to a copy before any server is changed.
///
/// # Errors
/// For the first service with obstacles: lists all of them.
pub async fn examine_moves(context: &Context, plans: &Plans) -> Result<()> {
    for (_, planned) in planned(plans) {
        for (_, service) in due(planned) {
            move_of(context, planned, service).examine().await?;
        }
    }
    Ok(())
}

/// Makes the copies one after the other, then executes the remaining plan of each server that got one. `done` are
/// the servers' results so far, in the order of the plans.
pub async fn move_services(context: &Context, scope: &PlanScope<'_>, plans: &Plans, done: &mut [Converged]) {
    for ((_, planned), converged) in planned(plans).zip(done) {
        let ready = converged.end.is_ok();
        let mut moved = BTreeSet::new();
        for (step, service) in due(planned) {
            let record = scope.record(&planned.server).filter(|_| ready);
            if let Some(record) = record {
                record.begin().await;
            }
            let end = if ready {
                Some(move_service::copy(&move_of(context, planned, service)).await)
            } else {
                None
            };
            let outcome = match &end {
                Some(Ok(())) => StepOutcome::Ok,
                Some(Err(_)) => StepOutcome::Failed,
                None => StepOutcome::Skipped,
            };
            moved.extend((outcome == StepOutcome::Ok).then(|| service.name.clone()));
            converged.steps.push((step.clone(), outcome));
            fail(converged, end.unwrap_or(Ok(())));
        }
        if !moved.is_empty() {
            open(scope, planned, moved, converged).await;
        }
    }
}

async fn open(
    scope: &PlanScope<'_>,
    planned: &PlannedServer,
    moved: BTreeSet<ServiceName>,
    converged: &mut Converged,
) {
    let rest = finish(scope, planned, moved).await;
    converged.steps.extend(rest.steps);
    fail(converged, rest.end);
}

/// Keeps the first error.
fn fail(converged: &mut Converged, end: Result<()>) {
    if converged.end.is_ok() {
        converged.end = end;
    }
}

fn move_of<'a>(context: &'a Context, planned: &'a PlannedServer, service: &'a DesiredService) -> Move<'a> {
    let PlannedServer { access, desired, actual, .. } = planned;
    Move { context, service, access, desired, actual }
}

fn due(planned: &PlannedServer) -> impl Iterator<Item = (&Step, &DesiredService)> {
    let copies = planned.plan.steps.iter().filter(|step| step.is_copy());
    copies.filter_map(|step| Some((step, planned.desired.services.get(step.service.as_ref()?)?)))
}
