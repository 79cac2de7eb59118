//! Redis as a companion of PostgreSQL.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::commands::support::change::{Change, ServerError, Statements};
use crate::commands::support::companion::{
    Companion, CompanionApplied, CompanionHealth, CompanionPlan, CompanionTeardown, RedisRow, RedisState,
};
use martydb_apply::rotate::Rotated;
use martydb_context::Context;
use martydb_isolation::probe::{ConnectionRow, LoginResult};
use martydb_isolation::proof::{Extent, ServerJudgement};
use martydb_manifest::{RedisServer, RedisService};
use martydb_model::error::{Error, Result};
use martydb_model::metrics::ServerSamples;
use martydb_model::{DesiredService, RedisUse, RoleKind, RoleName, ServiceName};
use martydb_plan::{PrivilegeGap, Risk, StepOutcome};
use martydb_redis::apply::{self, AppliedRedis, PlannedRedis};
use martydb_redis::desired::DesiredRedis;
use martydb_redis::discovery::discover;
use martydb_redis::plan::{RedisStep, in_use, save_command};
use martydb_redis::proof::TriedLogin;
use martydb_redis::rotate::{self, PasswordTurn};
use martydb_redis::{proof, reach, statistics, teardown};
use martydb_secrets::{CredentialKey, LockedStore};

/// Time limit of a server's answers to `status`.
const STATUS_PATIENCE: Duration = Duration::from_secs(5);

/// Redis server with the services of a run that have keys there.
pub struct Redis<'r> {
    pub context: &'r Context,
    pub server: &'r RedisServer,
    pub services: Vec<ServiceName>,
}

impl Redis<'_> {
    async fn desired(&self) -> Result<DesiredRedis> {
        DesiredRedis::read(self.context, self.server, &self.services).await
    }

    async fn own_logins(&self) -> Result<Vec<TriedLogin>> {
        proof::own_logins(self.context, &self.desired().await?).await
    }

    fn rotated(&self, user: rotate::RotatedUser) -> Result<(DesiredService, Rotated)> {
        let rotated = Rotated {
            label: user.kind.key().to_owned(),
            login: RoleName::found(user.user).map_err(|error| Error::operation(error.to_string()))?,
            other: None,
            changed: user.changed,
            sessions: user.sessions,
            error: user.error,
        };
        Ok((self.context.manifest.services[&user.service].clone(), rotated))
    }

    fn connection(&self, tried: TriedLogin) -> ConnectionRow {
        let (outcome, latency, error) = match tried.outcome {
            Ok(latency) => (LoginResult::Ok, Some(latency), None),
            Err((true, why)) => (LoginResult::Refused, None, Some(why)),
            Err((false, why)) => (LoginResult::Failed, None, Some(why)),
        };
        ConnectionRow {
            service: tried.service.service.to_string(),
            role: tried.user,
            server: self.server.name.clone(),
            at: None,
            database: tried.service.prefix,
            outcome,
            latency_ms: latency.map(|took| (took.as_secs_f64() * 10_000.0).round() / 10.0),
            tls: (outcome == LoginResult::Ok).then_some(self.server.tls),
            server_version: None,
            error,
        }
    }
}

impl Companion for Redis<'_> {
    fn server(&self) -> &str {
        &self.server.name
    }

    fn plan(&self) -> BoxFuture<'_, Result<Box<dyn CompanionPlan>>> {
        async {
            let planned = apply::plan(self.context, self.desired().await?).await?;
            let plan = PlannedCompanion { server: self.server.name.clone(), planned };
            Ok(Box::new(plan) as Box<dyn CompanionPlan>)
        }
        .boxed()
    }

    fn teardown<'a>(&'a self, service: &'a DesiredService) -> BoxFuture<'a, Result<CompanionTeardown>> {
        async {
            let mut planned = apply::plan(self.context, self.desired().await?).await?;
            let service = &self.context.manifest.redis.services[&service.name];
            let steps = teardown::steps(&mut planned, service).await?;
            let server = self.server.name.clone();
            Ok(CompanionTeardown {
                changes: steps.iter().map(|step| change(&server, step, None)).collect(),
                keys: CredentialKey::of_redis(service).collect(),
                execution: async move { applied(&server, teardown::execute(&mut planned, steps).await) }
                    .boxed(),
            })
        }
        .boxed()
    }

    fn rotate<'a>(
        &'a self,
        kinds: &'a [RoleKind],
        finishes: bool,
        store: &'a LockedStore<'a>,
    ) -> BoxFuture<'a, Result<Vec<(DesiredService, Rotated)>>> {
        async move {
            let turn = if finishes { PasswordTurn::Finish } else { PasswordTurn::Begin };
            let users = rotate::rotate(self.context, self.server, &self.services, kinds, turn, store).await?;
            users.into_iter().map(|user| self.rotated(user)).collect()
        }
        .boxed()
    }

    fn prove(&self, extent: Extent) -> BoxFuture<'_, Result<ServerJudgement>> {
        proof::prove(self.context, self.server, &self.services, extent).boxed()
    }

    fn connections(&self) -> BoxFuture<'_, Result<Vec<ConnectionRow>>> {
        async { Ok(self.own_logins().await?.into_iter().map(|one| self.connection(one)).collect()) }.boxed()
    }

    fn states(&self) -> BoxFuture<'_, Vec<RedisRow>> {
        async {
            let slow = |_| Err(Error::operation(format!("nothing within {} s", STATUS_PATIENCE.as_secs())));
            let tried = tokio::time::timeout(STATUS_PATIENCE, self.own_logins()).await.unwrap_or_else(slow);
            let here = self.context.manifest.redis.on(&self.server.name);
            let here = here.filter(|service| self.services.contains(&service.service));
            here.map(|service| state(service, &tried)).collect()
        }
        .boxed()
    }

    fn statistics(&self) -> BoxFuture<'_, ServerSamples> {
        statistics::measure(self.context, self.server).boxed()
    }

    fn usage(&self) -> BoxFuture<'_, Result<RedisUse>> {
        discover(self.context, self.server).boxed()
    }

    fn reached(&self) -> BoxFuture<'_, Result<RedisServer>> {
        reach::reach(self.context, self.server).boxed()
    }

    fn address<'a>(
        &'a self,
        service: &'a DesiredService,
        kind: RoleKind,
        no_password: bool,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        async move {
            let redis = &self.context.manifest.redis.services[&service.name];
            let (server, user) = (&self.reached().await?, redis.user(kind));
            let Some(key) = CredentialKey::redis(redis, kind) else { return Ok(None) };
            if no_password {
                return Ok(Some(server.url(&user, None)));
            }
            let secrets = self.context.store.read(std::slice::from_ref(&key)).await?;
            let (_, password) = secrets.require(&key.server, &key.role)?;
            Ok(Some(server.url(&user, Some(password))))
        }
        .boxed()
    }
}

/// Plan of one server.
struct PlannedCompanion {
    server: String,
    planned: PlannedRedis,
}

impl CompanionPlan for PlannedCompanion {
    fn changes(&self) -> Vec<Change> {
        self.planned.plan.steps.iter().map(|step| change(&self.server, step, None)).collect()
    }

    fn limits(&self) -> Vec<PrivilegeGap> {
        self.planned.plan.limits.clone()
    }

    fn grave(&self, closes_default: bool) -> Vec<Change> {
        let steps = self.planned.plan.steps.iter().filter(|step| step.risk > Risk::Safe);
        let due = steps.filter(|step| closes_default || !step.cuts_off_clients());
        due.map(|step| change(&self.server, step, None)).collect()
    }

    fn replaced_passwords(&self) -> Vec<String> {
        let users = self.planned.plan.steps.iter().filter_map(RedisStep::replaces_password);
        users.map(|user| user.to_string()).collect()
    }

    fn health(&self) -> CompanionHealth {
        let actual = &self.planned.actual;
        let kept = match save_command(actual.storage) {
            Some(command) => format!("{command} keeps the users over a restart"),
            None => "a restart loses the users: start it with an aclfile".to_owned(),
        };
        let used = in_use(actual);
        let default = match used.is_empty() {
            true => "no client uses the user default".to_owned(),
            false => format!("apply leaves the user default on: {}", used.join("; ")),
        };
        CompanionHealth {
            server: self.server.clone(),
            version: actual.version.clone(),
            admin: self.planned.admin.user.clone(),
            checks: vec![
                ("saved users", save_command(actual.storage).is_none(), kept),
                ("default user", !used.is_empty(), default),
            ],
        }
    }

    fn apply<'a>(
        mut self: Box<Self>,
        context: &'a Context,
        store: &'a LockedStore<'a>,
        closes_default: bool,
    ) -> BoxFuture<'a, CompanionApplied> {
        async move {
            let done = apply::apply(context, &mut self.planned, store, closes_default).await;
            let notes = left_on(&self.server, &done).into_iter().collect();
            CompanionApplied { notes, ..applied(&self.server, done) }
        }
        .boxed()
    }
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

fn applied(server: &str, done: AppliedRedis) -> CompanionApplied {
    let changes = done.steps.iter().map(|(step, outcome)| change(server, step, Some(*outcome)));
    CompanionApplied {
        changes: changes.collect(),
        errors: done.end.err().map(|error| ServerError::new(server, &error)).into_iter().collect(),
        notes: vec![],
    }
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
