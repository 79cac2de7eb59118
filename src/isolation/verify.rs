//! The three stages over every server of the chosen services.

use futures_util::future::join_all;

use super::assess::assess;
use super::assessment::Assessment;
use super::filter::Filter;
use super::judge::judge;
use super::observations::Extent;
use super::observe::observe;
use crate::model::DesiredService;
use crate::run::Run;

/// A server that cannot be observed is part of the result: the others are assessed.
pub async fn verify(run: &Run, services: &[DesiredService], extent: Extent, filter: &Filter) -> Assessment {
    let servers = run.servers_of(services);
    let all = join_all(servers.iter().map(|server| async {
        observe(run, server, services, extent).await.map(|observations| judge(&observations, services))
    }));
    let (mut judged, mut failed) = (vec![], vec![]);
    for (server, result) in servers.iter().zip(all.await) {
        match result {
            Ok(judgement) => judged.push(judgement),
            Err(error) => failed.push((server.clone(), error)),
        }
    }
    assess(judged, failed, filter)
}
