//! Many services at once: where each one's migrations run, and the results in the manifest's order.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};

use crate::error::{Error, Result};
use crate::migrate::Target;
use crate::model::{DesiredService, RoleKind};
use crate::run::Run;
use crate::server::presence::Presence;
use crate::server::{Access, Login};

/// The targets of these services, or why one has none (its server is down).
pub async fn targets(
    run: &Run,
    services: &[DesiredService],
) -> Result<Vec<(DesiredService, Result<Target>)>> {
    let secrets = run.secrets(services).await?;
    let servers = run.servers_of(services).into_iter().map(|server| async move {
        let access = run.access(&server).await;
        (server, access.map(|access| (access.clone(), Presence::of(access))))
    });
    let servers: BTreeMap<String, Result<(Access, Presence)>> = join_all(servers).await.into_iter().collect();
    let target = |service: &DesiredService| {
        let (access, presence) = servers[&service.server].as_ref().map_err(Error::clone)?;
        let role = service.role(RoleKind::Migrator);
        let current = secrets.current(&service.server, role);
        let login = match current {
            Some((login, password)) => Login::with_password(login.as_str(), password.clone()),
            None => Login::of_service(role.as_str(), None),
        };
        Ok(Target {
            service: service.name.clone(),
            server: service.server.clone(),
            database: service.database.clone(),
            schemas: service.schemas.clone(),
            owner: service.role(RoleKind::Owner).clone(),
            app: service.role(RoleKind::App).clone(),
            readonly: service.role(RoleKind::Readonly).clone(),
            endpoint: access.endpoint.clone(),
            login,
            folder: service.migrations.clone(),
            presence: presence.clone(),
            lint: service.lint.clone(),
        })
    };
    Ok(services.iter().map(|service| (service.clone(), target(service))).collect())
}

/// Runs one task per item on all cores, at most `jobs` at a time; results come in the items' order.
pub async fn side_by_side<I, T, F>(jobs: usize, items: Vec<I>, work: impl Fn(I) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    // Dropping the set, as a signal does, ends the tasks with it.
    let tasks = Arc::new(std::sync::Mutex::new(tokio::task::JoinSet::new()));
    let started = items.into_iter().map(|item| {
        let work = work(item);
        let (send, receive) = tokio::sync::oneshot::channel();
        let tasks = tasks.clone();
        async move {
            if let Ok(mut tasks) = tasks.lock() {
                tasks.spawn(async move {
                    // Nobody receives if the run was dropped.
                    let _dropped = send.send(work.await);
                });
            }
            receive.await.expect("a task ends with its result or with the run")
        }
    });
    stream::iter(started).buffered(jobs.max(1)).collect().await
}
