//! Makes the planned attempts. A role has one connection at a time, so that none is locked out of its own limit.

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
    let mut known: Vec<(String, Credentials)> = vec![];
    let mut walked = vec![];
    for probe in probes {
        let password = probe.password.expose_secret().to_owned();
        let at = known.iter().position(|(other, _)| *other == password).unwrap_or_else(|| {
            let login = Login::with_password(probe.role.clone(), probe.password.clone());
            known.push((password, Credentials::new(login)));
            known.len() - 1
        });
        let _turn = match probe.purpose.is_replication() {
            true => Some(walsenders.acquire().await.expect("the queue is never closed")),
            false => None,
        };
        let request = LoginRequest {
            database: &probe.database,
            parameters: probe.purpose.parameters(),
            queries: &[],
            timeout: around.task.timeout,
        };
        let address = &around.listeners[probe.listener].address;
        let attempt = attempt_patiently(address, &mut known[at].1, &request).await;
        walked.push((probe, attempt));
    }
    walked
}
