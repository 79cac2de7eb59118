//! `verify-isolation`: the proof that no login reaches another service's data.
//!
//! Three stages, each of which returns a value. `observe` does the I/O for one server: it reads the catalogs, tries
//! logins and checks privileges in sessions. `judge` decides what the observations prove. `assess` applies accepted
//! findings and filters over all servers; the result is one flat [`Assessment`], which the output formats only
//! print. `remediate` closes findings.
//!
//! The matrix, made by `probe`, covers the manifest's address and the stored passwords. `extra_probes` covers other
//! addresses and passwords, `privileges` the privileges of each login in its own database, and `password_audit`
//! compares hashes without logging in.

mod assess;
mod assessment;
mod breaches;
mod coverage;
mod extent;
mod extra_probes;
mod hba;
mod inferred;
mod judge;
mod listeners;
mod observations;
mod observe;
mod passwords;
pub(crate) mod privileges;
mod provider;
mod remediate;
mod replicas;
mod sample;
mod scratch_databases;
mod visits;

use futures_util::future::{join, join_all};

use judge::judge;
use martydb_context::Context;
use martydb_manifest::Replica;
use martydb_model::DesiredService;
use martydb_model::error::Result;
use observe::observe;

pub use assess::{Baseline, Filter, assess};
pub use assessment::{
    Assessment, BreachReport, ExitReason, ProbeRow, ServerJudgement, ServerView, VerifiedServer,
};
pub use breaches::{Basis, findings};
pub use observations::Extent;
pub use remediate::{ANY_MAJOR, FailedFix, Remediation, remediate, step, unclosed};

/// Runs the three stages over every server of the chosen services.
///
/// A server that cannot be observed is part of the result, and the others are assessed. The access graph is built
/// only on request. `extra` are the judgements of servers that are not PostgreSQL's.
#[martydb_pg::boxed(?Send)]
pub async fn verify(
    context: &Context,
    services: &[DesiredService],
    extent: Extent,
    filter: &Filter,
    wants_graph: bool,
    extra: Vec<(String, Result<ServerJudgement>)>,
) -> Assessment {
    let servers = context.servers_of(services);
    let all = join_all(servers.iter().map(|server| async {
        let own = async {
            let observations = observe(context, server, services, extent, None).await?;
            let mut judged = judge(&observations, services, wants_graph);
            let proven = &observations.context.task.endpoint;
            judged.findings.extend(replicas::unproven_addresses(&context.manifest, server, proven, services));
            judged.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            Ok(judged)
        };
        join(own, verify_replicas(context, server, services, extent)).await
    }));
    let (mut judged, mut failed) = (vec![], vec![]);
    let extra = extra.into_iter().map(|(server, own)| (server, (own, vec![])));
    for (server, (own, replicas)) in servers.iter().cloned().zip(all.await).chain(extra) {
        match own {
            Ok(judgement) => judged.push(judgement),
            Err(error) => failed.push((server, error)),
        }
        judged.extend(replicas);
    }
    assess(judged, failed, filter)
}

/// Runs the first two stages over the replicas of a server. One that cannot be asked is a judgement without a server.
async fn verify_replicas(
    context: &Context,
    server: &str,
    services: &[DesiredService],
    extent: Extent,
) -> Vec<ServerJudgement> {
    let one = async |replica: &Replica| {
        let there = context.at_replica(server, replica).await;
        match observe(&there, server, services, extent, Some(&replica.name)).await {
            Ok(observations) => replicas::judgement_at(judge(&observations, services, false), &replica.name),
            Err(error) => replicas::unreachable(server, &replica.name, &error),
        }
    };
    join_all(context.manifest.servers[server].replicas.iter().map(one)).await
}
