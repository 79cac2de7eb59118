//! What `plan`, `apply`, `doctor` and `status` share: a plan for every server of some services.

use futures_util::future::join_all;

use crate::error::Result;
use crate::model::DesiredService;
use crate::provision::{self, PlanOptions, PlanScope, PlannedServer};
use crate::run::Run;

/// Every server with its plan, or why it has none.
pub type Plans = [(String, Result<PlannedServer>)];

pub fn scope<'a>(run: &'a Run, services: &[DesiredService], options: PlanOptions) -> PlanScope<'a> {
    let services = services.iter().map(|service| service.name.clone()).collect();
    let Run { store, jobs, yes, lock_wait, .. } = run;
    PlanScope { services, options, store, jobs: *jobs, yes: *yes, lock_wait: *lock_wait }
}

/// Plans every server of the services, side by side.
pub async fn plan(
    run: &Run,
    services: &[DesiredService],
    options: PlanOptions,
) -> Vec<(String, Result<PlannedServer>)> {
    let scope = scope(run, services, options);
    let all = run.servers_of(services).into_iter().map(|server| {
        let scope = &scope;
        async move {
            let planned = async {
                let access = run.admin(&server).await?;
                provision::plan(scope, access, run.manifest.desired(&server)).await
            };
            (server.clone(), planned.await)
        }
    });
    join_all(all).await
}
