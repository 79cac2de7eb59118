//! Makes the planned attempts. A role has one connection at a time, so that none is locked out of its own limit.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;

use super::plan::{Surroundings, by_role};
use super::purpose::ExtraProbe;
use crate::probe::attempt_patiently;
use crate::server::Login;
use crate::wire::{Attempt, Credentials, LoginRequest};

pub async fn observe(around: &Surroundings<'_>) -> Vec<(ExtraProbe, Attempt)> {
    let walsenders = Semaphore::new(around.walsenders.max(1));
    let walks: Vec<Vec<(ExtraProbe, Attempt)>> = stream::iter(by_role(around))
        .map(|probes| walk(around, probes, &walsenders))
        .buffered(around.task.concurrency.max(1))
        .collect()
        .await;
    walks.into_iter().flatten().collect()
}

async fn walk(
    around: &Surroundings<'_>,
    probes: Vec<ExtraProbe>,
    walsenders: &Semaphore,
) -> Vec<(ExtraProbe, Attempt)> {
    // The key that SCRAM derives from a password is kept with it.
    let mut known: BTreeMap<String, Credentials> = BTreeMap::new();
    let mut walked = vec![];
    for probe in probes {
        let login = || Login::with_password(probe.role.clone(), probe.password.clone());
        let credentials = known.entry(probe.password.expose_secret().to_owned());
        let credentials = credentials.or_insert_with(|| Credentials::new(login()));
        let parameters = probe.purpose.row().parameters;
        // Only replication has parameters, and the server has few connections for it.
        let turn = if parameters.is_empty() { None } else { Some(walsenders.acquire().await) };
        let _turn = turn.transpose().expect("the queue is never closed");
        let request = LoginRequest {
            database: &probe.database,
            parameters,
            queries: &[],
            timeout: around.task.timeout,
        };
        let address = &around.listeners[probe.listener].address;
        let attempt = attempt_patiently(address, credentials, &request).await;
        walked.push((probe, attempt));
    }
    walked
}
