//! Companions for the checks of `monitor`.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

use crate::commands::support::companions;
use crate::commands::support::companions::companions;
use martydb_context::Context;
use martydb_isolation::proof::Extent;
use martydb_model::DesiredService;
use martydb_model::error::Result;
use martydb_model::metrics::{DRIFT, MonitorCheck, Sample, Subject};
use martydb_monitor::results::CheckOutcome;
use martydb_monitor::{ExtraServers, Judgements};

/// Servers of the manifest that are not PostgreSQL's.
pub(crate) struct MonitoredCompanions;

impl ExtraServers for MonitoredCompanions {
    fn prove<'r>(
        &'r self,
        context: &'r Context,
        services: &'r [DesiredService],
        extent: Extent,
    ) -> BoxFuture<'r, Result<Judgements>> {
        companions::prove(context, services, extent).boxed()
    }

    fn check<'r>(
        &'r self,
        context: &'r Context,
        services: &'r [DesiredService],
        check: MonitorCheck,
    ) -> BoxFuture<'r, Result<CheckOutcome>> {
        async move {
            match check {
                MonitorCheck::Redis => statistics(context, services).await,
                MonitorCheck::Drift => drift(context, services).await,
                _ => Ok(CheckOutcome::default()),
            }
        }
        .boxed()
    }
}

async fn statistics(context: &Context, services: &[DesiredService]) -> Result<CheckOutcome> {
    let mut outcome = CheckOutcome::default();
    let companions = companions(context, services)?;
    let all = join_all(companions.iter().map(|one| one.statistics())).await;
    for (companion, measured) in companions.iter().zip(all) {
        let failure = measured.failure.map(|error| format!("server {}: {error}", companion.server()));
        outcome.failures.extend(failure);
        outcome.judged.extend(measured.subjects);
        outcome.samples.extend(measured.samples);
    }
    Ok(outcome)
}

async fn drift(context: &Context, services: &[DesiredService]) -> Result<CheckOutcome> {
    let (mut outcome, plans) = (CheckOutcome::default(), companions::plan(context, services).await?);
    let failed = plans.errors();
    outcome.failures.extend(failed.iter().map(|one| format!("server {}: {}", one.server, one.error)));
    let changes = plans.changes();
    let part = &context.manifest.redis;
    for server in part.servers.keys().filter(|server| !failed.iter().any(|one| one.server == **server)) {
        let subjects: Vec<Subject> = part.on(server).map(|service| service.subject()).collect();
        for subject in subjects.into_iter().chain([Subject::server(server)]) {
            let of = changes.iter().filter(|change| {
                change.server == subject.server
                    && change.service.as_deref().unwrap_or_default() == subject.service
            });
            let count = u32::try_from(of.count()).unwrap_or(u32::MAX);
            outcome.samples.push(Sample::new(DRIFT, &subject, f64::from(count)));
            outcome.judged.insert(subject);
        }
    }
    Ok(outcome)
}
