//! Redis beside PostgreSQL, for the commands: changes, findings, logins and addresses that do not know the server's kind.

use std::time::Duration;

use futures_util::future::join_all;

use crate::app::Run;
use crate::commands::change::{Change, ServerError, Statements};
use martydb_apply::rotate::Rotated;
use martydb_isolation::probe::{ConnectionRow, LoginResult};
use martydb_isolation::proof::{Extent, ServerJudgement};
use martydb_manifest::{RedisServer, RedisService};
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, RoleKind, RoleName, ServiceName};
use martydb_plan::{PrivilegeGap, Risk, StepOutcome};
use martydb_redis::apply::{self, AppliedRedis, PlannedRedis};
use martydb_redis::desired::DesiredRedis;
use martydb_redis::discovery::{self, discover};
use martydb_redis::plan::{RedisStep, in_use, save_command};
use martydb_redis::proof::TriedLogin;
use martydb_redis::rotate::{self, PasswordTurn};
use martydb_redis::{proof, reach, statistics as measuring, teardown};
use martydb_secrets::CredentialKey;

pub use super::redis_values::{
    RedisAddress, RedisApplied, RedisClients, RedisHealth, RedisMeasured, RedisRow, RedisState, RedisUsage,
};

/// Plans of the Redis servers of a run.
#[derive(Default)]
pub struct RedisPlans(Vec<(String, Result<PlannedRedis>)>);

/// Returns the server with the address of its clients; an embedded one is started if it is down.
pub async fn reached(run: &Run, server: &RedisServer) -> Result<RedisServer> {
    reach::reach(run, server).await
}

/// Returns the servers of these services, each with their names.
fn servers<'r>(run: &'r Run, services: &[DesiredService]) -> Vec<(&'r RedisServer, Vec<ServiceName>)> {
    let part = &run.manifest.redis;
    let names = |server: &RedisServer| {
        let here = services.iter().filter(|service| {
            part.services.get(&service.name).is_some_and(|redis| redis.server == server.name)
        });
        here.map(|service| service.name.clone()).collect::<Vec<_>>()
    };
    let all = part.servers.values().map(|server| (server, names(server)));
    all.filter(|(_, names)| !names.is_empty()).collect()
}

fn change(server: &str, step: &RedisStep, outcome: Option<StepOutcome>) -> Change {
    Change {
        server: server.to_owned(),
        service: step.service.as_ref().map(ToString::to_string),
        database: step.prefix.clone(),
        action: step.action.verb(),
        object: step.action.object(),
        reason: step.reason.clone(),
        risk: step.risk,
        sql: Statements(step.commands.clone()),
        lock: None,
        outcome,
    }
}

/// Plans the servers of these services. Without Redis in the manifest nothing is asked.
pub async fn plan(run: &Run, services: &[DesiredService]) -> Result<RedisPlans> {
    let mut all = vec![];
    for (server, names) in servers(run, services) {
        let planned = async {
            let desired = DesiredRedis::read(run, server, &names).await?;
            apply::plan(run, desired).await
        };
        all.push((server.name.clone(), planned.await));
    }
    Ok(RedisPlans(all))
}

impl RedisPlans {
    fn planned(&self) -> impl Iterator<Item = (&str, &PlannedRedis)> {
        self.0.iter().filter_map(|(server, planned)| Some((server.as_str(), planned.as_ref().ok()?)))
    }

    pub fn changes(&self) -> Vec<Change> {
        let of = |(server, planned): (&str, &PlannedRedis)| {
            planned.plan.steps.iter().map(|step| change(server, step, None)).collect::<Vec<_>>()
        };
        self.planned().flat_map(of).collect()
    }

    pub fn limits(&self) -> Vec<PrivilegeGap> {
        self.planned().flat_map(|(_, planned)| planned.plan.limits.clone()).collect()
    }

    pub fn errors(&self) -> Vec<ServerError> {
        let failed = self.0.iter().filter_map(|(server, planned)| Some((server, planned.as_ref().err()?)));
        failed.map(|(server, error)| ServerError::new(server, error)).collect()
    }

    /// Returns the first error.
    pub fn first_error(&self) -> Option<&Error> {
        self.0.iter().find_map(|(_, planned)| planned.as_ref().err())
    }

    /// Returns `true` if the service differs from the manifest on its server.
    pub fn differs(&self, service: &str) -> Result<bool> {
        for (_, planned) in &self.0 {
            let planned = planned.as_ref().map_err(Error::clone)?;
            let is_its =
                |step: &RedisStep| step.service.as_ref().is_some_and(|name| name.as_str() == service);
            if planned.plan.steps.iter().any(is_its) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the existing users, by server, whose passwords the secret store has lost.
    pub fn replaced_passwords(&self) -> Vec<String> {
        let of = |(server, planned): (&str, &PlannedRedis)| {
            let users = planned.plan.steps.iter().filter_map(RedisStep::replaces_password);
            let users: Vec<String> = users.map(|user| format!("\"{user}\"")).collect();
            (!users.is_empty())
                .then(|| format!("on server \"{server}\" existing users: {}", users.join(", ")))
        };
        self.planned().filter_map(of).collect()
    }

    /// Returns what `doctor` tells of each server that answered.
    pub fn health(&self) -> Vec<RedisHealth> {
        let of = |(server, planned): (&str, &PlannedRedis)| {
            let actual = &planned.actual;
            let kept = match save_command(actual.storage) {
                Some(command) => format!("{command} keeps the users over a restart"),
                None => "a restart loses the users: start it with an aclfile".to_owned(),
            };
            let used = in_use(actual);
            let default = match used.is_empty() {
                true => "no client uses the user default".to_owned(),
                false => format!("apply leaves the user default on: {}", used.join("; ")),
            };
            RedisHealth {
                server: server.to_owned(),
                version: actual.version.clone(),
                admin: planned.admin.user.clone(),
                checks: vec![
                    ("saved users", save_command(actual.storage).is_none(), kept),
                    ("default user", !used.is_empty(), default),
                ],
            }
        };
        self.planned().map(of).collect()
    }

    /// Returns the changes that need a confirmation: not those that `apply` leaves out without their own flag.
    pub fn grave(&self, closes_default: bool) -> Vec<Change> {
        let of = |(server, planned): (&str, &PlannedRedis)| {
            let steps = planned.plan.steps.iter().filter(|step| step.risk > Risk::Safe);
            let due = steps.filter(|step| closes_default || !step.cuts_off_clients());
            due.map(|step| change(server, step, None)).collect::<Vec<_>>()
        };
        self.planned().flat_map(of).collect()
    }

    /// Executes the plans.
    pub async fn apply(self, run: &Run, closes_default: bool) -> Result<RedisApplied> {
        let mut all = RedisApplied { errors: self.errors(), ..RedisApplied::default() };
        if self.planned().all(|(_, planned)| planned.plan.steps.is_empty()) {
            return Ok(all);
        }
        let store = run.lock_store().await?;
        for (server, planned) in self.0 {
            let Ok(mut planned) = planned else { continue };
            let done = apply::apply(run, &mut planned, &store, closes_default).await;
            all.notes.extend(left_on(&server, &done));
            all.add(&server, done);
        }
        Ok(all)
    }
}

/// Returns the way to switch `default` off, if it was left on.
fn left_on(server: &str, done: &AppliedRedis) -> Option<String> {
    let skipped = |(step, outcome): &&(RedisStep, StepOutcome)| {
        *outcome == StepOutcome::Skipped && step.cuts_off_clients() && done.end.is_ok()
    };
    let (step, _) = done.steps.iter().find(skipped)?;
    Some(format!(
        "on server {server} the user default stays on: {}; give its clients the users of their services \
         (martydb url --redis -s NAME), then apply again; --close-default cuts them off",
        step.reason
    ))
}

impl RedisApplied {
    fn add(&mut self, server: &str, done: AppliedRedis) {
        self.changes.extend(done.steps.iter().map(|(step, outcome)| change(server, step, Some(*outcome))));
        self.errors.extend(done.end.err().map(|error| ServerError::new(server, &error)));
    }
}

/// Rotates the passwords of these services' users, by server.
pub async fn rotate(
    run: &Run,
    services: &[DesiredService],
    kinds: &[RoleKind],
    finishes: bool,
) -> Result<Vec<(String, DesiredService, Result<Rotated>)>> {
    let turn = if finishes { PasswordTurn::Finish } else { PasswordTurn::Begin };
    let store = run.lock_store().await?;
    let mut all = vec![];
    for (server, names) in servers(run, services) {
        for user in rotate::rotate(run, server, &names, kinds, turn, &store).await? {
            let service = run.manifest.services[&user.service].clone();
            let rotated = Rotated {
                label: user.kind.key().to_owned(),
                login: RoleName::found(user.user).map_err(|error| Error::operation(error.to_string()))?,
                other: None,
                changed: user.changed,
                sessions: user.sessions,
                error: user.error,
            };
            all.push((server.name.clone(), service, Ok(rotated)));
        }
    }
    Ok(all)
}

/// Judges the servers of these services.
pub async fn prove(
    run: &Run,
    services: &[DesiredService],
    extent: Extent,
) -> Result<Vec<(String, Result<ServerJudgement>)>> {
    let mut all = vec![];
    for (server, names) in servers(run, services) {
        all.push((server.name.clone(), proof::prove(run, server, &names, extent).await));
    }
    Ok(all)
}

/// Reads the statistics of these services' servers, side by side. Without Redis in the manifest nothing is asked.
#[cfg_attr(not(feature = "monitor"), allow(dead_code))]
pub async fn statistics(run: &Run, services: &[DesiredService]) -> Result<Vec<RedisMeasured>> {
    let read = servers(run, services).into_iter().map(async |(server, _)| {
        let of = measuring::measure(run, server).await;
        let server = server.name.to_string();
        RedisMeasured { server, samples: of.samples, subjects: of.subjects, failure: of.failure }
    });
    Ok(join_all(read).await)
}

/// Time limit of a server's answers to `status`.
const STATUS_PATIENCE: Duration = Duration::from_secs(5);

/// Logs in as the users of these services, for `status`: one row for each service with keys.
pub async fn states(run: &Run, services: &[DesiredService]) -> Vec<RedisRow> {
    let rows = servers(run, services).into_iter().map(async |(server, names)| {
        let tried = async {
            let desired = DesiredRedis::read(run, server, &names).await?;
            proof::own_logins(run, &desired).await
        };
        let slow = |_| Err(Error::operation(format!("nothing within {} s", STATUS_PATIENCE.as_secs())));
        let tried = tokio::time::timeout(STATUS_PATIENCE, tried).await.unwrap_or_else(slow);
        let here = run.manifest.redis.on(&server.name).filter(|service| names.contains(&service.service));
        here.map(|service| state(service, &tried)).collect::<Vec<_>>()
    });
    join_all(rows).await.concat()
}

fn state(service: &RedisService, tried: &Result<Vec<TriedLogin>>) -> RedisRow {
    let failed = |one: &&TriedLogin| one.service.service == service.service && one.outcome.is_err();
    let (state, error) = match tried.as_ref().map(|all| all.iter().find(failed)) {
        Err(error) => (RedisState::Unreachable, Some(error.to_string())),
        Ok(None) => (RedisState::Ok, None),
        Ok(Some(TriedLogin { user, outcome, .. })) => match outcome {
            Err((true, why)) => (RedisState::Refused, Some(format!("{user}: {why}"))),
            Err((false, why)) => (RedisState::Unreachable, Some(why.clone())),
            Ok(_) => (RedisState::Ok, None),
        },
    };
    let (server, prefix) = (service.server.clone(), service.prefix.clone());
    RedisRow { service: service.service.to_string(), server, prefix, state, error }
}

/// Logs in as every user of these services.
pub async fn connections(run: &Run, services: &[DesiredService]) -> Result<Vec<ConnectionRow>> {
    let mut rows = vec![];
    for (server, names) in servers(run, services) {
        let desired = DesiredRedis::read(run, server, &names).await?;
        for tried in proof::own_logins(run, &desired).await? {
            let (outcome, latency, error) = match tried.outcome {
                Ok(latency) => (LoginResult::Ok, Some(latency), None),
                Err((true, why)) => (LoginResult::Refused, None, Some(why)),
                Err((false, why)) => (LoginResult::Failed, None, Some(why)),
            };
            rows.push(ConnectionRow {
                service: tried.service.service.to_string(),
                role: tried.user,
                server: server.name.clone(),
                at: None,
                database: tried.service.prefix,
                outcome,
                latency_ms: latency.map(|took| (took.as_secs_f64() * 10_000.0).round() / 10.0),
                tls: (outcome == LoginResult::Ok).then_some(server.tls),
                server_version: None,
                error,
            });
        }
    }
    Ok(rows)
}

/// Reads the clients and the prefixes of keys of a server.
pub async fn usage(run: &Run, server: &str) -> Result<RedisUsage> {
    let found = discover(run, &run.manifest.redis.servers[server]).await?;
    let client = |one: discovery::FoundClients| {
        let discovery::FoundClients { user, name, host, count } = one;
        RedisClients { user, name, host, count }
    };
    let prefixes = found.prefixes.into_iter().map(|one| (one.prefix, one.keys, one.service.to_string()));
    Ok(RedisUsage {
        server: server.to_owned(),
        clients: found.clients.into_iter().map(client).collect(),
        prefixes: prefixes.collect(),
        others: found.others,
        example: found.example,
        looked_at: found.looked_at,
        complete: found.is_complete,
    })
}

/// Service that is about to be removed from its Redis server.
pub struct RedisTeardown {
    server: String,
    planned: PlannedRedis,
    steps: Vec<RedisStep>,
    service: RedisService,
}

/// Returns the removal of a service's users and keys; `None` if it has none.
pub async fn teardown(run: &Run, service: &DesiredService) -> Result<Option<RedisTeardown>> {
    let part = &run.manifest.redis;
    let Some(service) = part.services.get(&service.name).cloned() else { return Ok(None) };
    let server = &part.servers[&service.server];
    let desired = DesiredRedis::read(run, server, std::slice::from_ref(&service.service)).await?;
    let mut planned = apply::plan(run, desired).await?;
    let steps = teardown::steps(&mut planned, &service).await?;
    Ok(Some(RedisTeardown { server: server.name.clone(), planned, steps, service }))
}

impl RedisTeardown {
    pub fn changes(&self) -> Vec<Change> {
        self.steps.iter().map(|step| change(&self.server, step, None)).collect()
    }

    pub fn keys(&self) -> Vec<CredentialKey> {
        CredentialKey::of_redis(&self.service).collect()
    }

    pub async fn execute(mut self) -> RedisApplied {
        let done = teardown::execute(&mut self.planned, self.steps).await;
        let mut all = RedisApplied::default();
        all.add(&self.server, done);
        all
    }
}

/// Returns the address with which a service's client connects; `None` if the manifest gives the service no keys.
///
/// # Errors
/// If the store has no password.
pub async fn address(
    run: &Run,
    service: &DesiredService,
    kind: RoleKind,
    no_password: bool,
) -> Result<Option<RedisAddress>> {
    let part = &run.manifest.redis;
    let Some(redis) = part.services.get(&service.name) else { return Ok(None) };
    let (server, user) = (&reached(run, &part.servers[&redis.server]).await?, redis.user(kind));
    let Some(key) = CredentialKey::redis(redis, kind) else { return Ok(None) };
    if no_password {
        return Ok(Some(RedisAddress { url: server.url(&user, None), user }));
    }
    let secrets = run.store.read(std::slice::from_ref(&key)).await?;
    let (_, password) = secrets.require(&key.server, &key.role)?;
    Ok(Some(RedisAddress { url: server.url(&user, Some(password)), user }))
}
