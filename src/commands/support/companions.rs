//! Companions of a run: the servers beside PostgreSQL on which its services have keys. Without Redis in the manifest there
//! are none, and nothing is asked.

use std::slice;

use futures_util::future::join_all;

use crate::commands::support::change::{Change, ServerError};
use crate::commands::support::companion::{
    Companion, CompanionApplied, CompanionHealth, CompanionPlan, RedisRow, RedisState,
};
use martydb_context::Context;
use martydb_isolation::proof::{Extent, ServerJudgement};
use martydb_manifest::{RedisServer, RedisService};
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, RoleKind, ServiceName};
use martydb_plan::PrivilegeGap;

/// Returns the companion at this server, for these services.
///
/// # Errors
/// If this build lacks its feature, here and below.
pub(crate) fn companion<'r>(
    context: &'r Context,
    server: &'r RedisServer,
    services: Vec<ServiceName>,
) -> Result<Box<dyn Companion + 'r>> {
    #[cfg(feature = "redis")]
    return Ok(Box::new(crate::commands::support::redis::Redis { context, server, services }));
    #[cfg(not(feature = "redis"))]
    {
        let _ = (context, server, services);
        Err(crate::commands::support::missing::missing_feature("redis"))
    }
}

/// Returns the companions of these services.
pub(crate) fn companions<'r>(
    context: &'r Context,
    services: &[DesiredService],
) -> Result<Vec<Box<dyn Companion + 'r>>> {
    let part = &context.manifest.redis;
    let is_at = |server: &RedisServer, service: &DesiredService| {
        part.services.get(&service.name).is_some_and(|redis| redis.server == server.name)
    };
    let all = part.servers.values().map(|server| {
        let here = services.iter().filter(|service| is_at(server, service));
        (server, here.map(|service| service.name.clone()).collect::<Vec<_>>())
    });
    all.filter(|(_, here)| !here.is_empty()).map(|(server, here)| companion(context, server, here)).collect()
}

/// Returns the companion of a service, if it has one.
pub(crate) fn companion_of<'r>(
    context: &'r Context,
    service: &DesiredService,
) -> Result<Option<Box<dyn Companion + 'r>>> {
    Ok(companions(context, slice::from_ref(service))?.pop())
}

pub(crate) async fn prove(
    context: &Context,
    services: &[DesiredService],
    extent: Extent,
) -> Result<Vec<(String, Result<ServerJudgement>)>> {
    let mut all = vec![];
    for one in companions(context, services)? {
        all.push((one.server().to_owned(), one.prove(extent).await));
    }
    Ok(all)
}

/// Returns one row for each service with keys. One that this build cannot ask about is unreachable.
pub(crate) async fn states(context: &Context, services: &[DesiredService]) -> Vec<RedisRow> {
    let error = match companions(context, services) {
        Ok(all) => return join_all(all.iter().map(|one| one.states())).await.concat(),
        Err(error) => error,
    };
    let keys = services.iter().filter_map(|service| context.manifest.redis.services.get(&service.name));
    let row = |one: &RedisService| RedisRow {
        service: one.service.to_string(),
        server: one.server.clone(),
        prefix: one.prefix.clone(),
        state: RedisState::Unreachable,
        error: Some(error.to_string()),
    };
    keys.map(row).collect()
}

/// Returns the address with which a service's client connects; `None` if the manifest gives the service no keys.
///
/// # Errors
/// If the store has no password.
pub(crate) async fn address(
    context: &Context,
    service: &DesiredService,
    kind: RoleKind,
    no_password: bool,
) -> Result<Option<String>> {
    match companion_of(context, service)? {
        Some(companion) => companion.address(service, kind, no_password).await,
        None => Ok(None),
    }
}

/// Plans of the companions of a run, by server.
#[derive(Default)]
pub struct CompanionPlans(Vec<(String, Result<Box<dyn CompanionPlan>>)>);

/// Plans the companions of these services.
pub(crate) async fn plan(context: &Context, services: &[DesiredService]) -> Result<CompanionPlans> {
    let mut all = vec![];
    for one in companions(context, services)? {
        all.push((one.server().to_owned(), one.plan().await));
    }
    Ok(CompanionPlans(all))
}

impl CompanionPlans {
    fn planned(&self) -> impl Iterator<Item = &dyn CompanionPlan> {
        self.0.iter().filter_map(|(_, planned)| planned.as_deref().ok())
    }

    pub fn changes(&self) -> Vec<Change> {
        self.planned().flat_map(CompanionPlan::changes).collect()
    }

    pub fn limits(&self) -> Vec<PrivilegeGap> {
        self.planned().flat_map(CompanionPlan::limits).collect()
    }

    pub fn errors(&self) -> Vec<ServerError> {
        let failed = self.0.iter().filter_map(|(server, planned)| Some((server, planned.as_ref().err()?)));
        failed.map(|(server, error)| ServerError::new(server, error)).collect()
    }

    /// Returns the first error.
    pub(crate) fn first_error(&self) -> Option<&Error> {
        self.0.iter().find_map(|(_, planned)| planned.as_ref().err())
    }

    /// Returns `true` if the service differs from the manifest on its server.
    pub fn differs(&self, service: &str) -> Result<bool> {
        for (_, planned) in &self.0 {
            let changes = planned.as_ref().map_err(Error::clone)?.changes();
            if changes.iter().any(|change| change.service.as_deref() == Some(service)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the existing users, by server, whose passwords the secret store has lost.
    pub(crate) fn replaced_passwords(&self) -> Vec<String> {
        let users = self.0.iter().filter_map(|(server, planned)| {
            let users = planned.as_ref().ok()?.replaced_passwords();
            let users: Vec<String> = users.iter().map(|user| format!("\"{user}\"")).collect();
            (!users.is_empty())
                .then(|| format!("on server \"{server}\" existing users: {}", users.join(", ")))
        });
        users.collect()
    }

    /// Returns the section of `doctor` about each server that answered.
    pub fn health(&self) -> Vec<CompanionHealth> {
        self.planned().map(CompanionPlan::health).collect()
    }

    /// Returns the changes that need a confirmation: not those that `apply` leaves out without their own flag.
    pub fn grave(&self, closes_default: bool) -> Vec<Change> {
        self.planned().flat_map(|planned| planned.grave(closes_default)).collect()
    }

    /// Executes the plans.
    pub async fn apply(self, context: &Context, closes_default: bool) -> Result<CompanionApplied> {
        let mut all = CompanionApplied { errors: self.errors(), ..CompanionApplied::default() };
        if self.changes().is_empty() {
            return Ok(all);
        }
        let store = context.lock_store().await?;
        for (_, planned) in self.0 {
            let Ok(planned) = planned else { continue };
            all.add(planned.apply(context, &store, closes_default).await);
        }
        Ok(all)
    }
}
