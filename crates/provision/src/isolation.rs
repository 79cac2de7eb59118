//! `verify-isolation`: the proof that no login reaches another service's data.
//!
//! Three stages, each with a value as its result. `observe` does the I/O for one server: it reads the catalogues,
//! tries logins and asks sessions about their privileges. `judge` decides what the observations prove, and `assess`
//! applies what the user accepts or filters, over all servers: the result is one flat [`Assessment`], which the formats
//! of the command only print. `remediate` closes findings.
//!
//! The manifest's address and the stored passwords are the subject of the matrix, which `probe` makes. `extra_probes`
//! goes to other addresses and with other passwords, `privileges` into a session in a login's own database, and
//! `password_audit` compares hashes without logging in.

mod alternates;
mod assess;
mod assessment;
mod breaches;
mod coverage;
mod extra_probes;
mod guesses;
mod hba;
mod inferred;
mod judge;
mod listeners;
mod observations;
mod observe;
mod password_audit;
pub(crate) mod privileges;
mod provider;
mod remediate;

use futures_util::future::join_all;

use crate::run::Run;
use judge::judge;
use martydb_model::DesiredService;
use observe::observe;

pub use assess::{Baseline, Filter, assess};
pub use assessment::{Assessment, ProbeRow, ReportedAs, ServerJudgement, ServerView, VerifiedServer};
pub use breaches::{Basis, findings};
pub use observations::Extent;
pub use remediate::{ANY_MAJOR, FailedFix, Remediation, remediate, step};

/// The three stages over every server of the chosen services.
///
/// A server that cannot be observed is part of the result: the others are assessed.
/// The graph of what the logins reach is made where it is asked for.
pub async fn verify(
    run: &Run,
    services: &[DesiredService],
    extent: Extent,
    filter: &Filter,
    wants_graph: bool,
) -> Assessment {
    let servers = run.servers_of(services);
    let all = join_all(servers.iter().map(|server| async {
        let observations = observe(run, server, services, extent).await?;
        Ok(judge(&observations, services, wants_graph))
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
