//! A build without Redis: a run whose services have keys there ends with the name of the feature.

use crate::app::Run;
use crate::commands::change::{Change, ServerError};
use crate::commands::missing_feature;
use martydb_apply::rotate::Rotated;
use martydb_isolation::probe::ConnectionRow;
use martydb_isolation::proof::{Extent, ServerJudgement};
use martydb_manifest::{RedisServer, RedisService};
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, RoleKind};
use martydb_plan::PrivilegeGap;
use martydb_secrets::CredentialKey;

pub use super::redis_values::{
    RedisAddress, RedisApplied, RedisClients, RedisHealth, RedisMeasured, RedisRow, RedisState, RedisUsage,
};

/// Plans of no server.
#[derive(Default)]
pub struct RedisPlans;

fn refuse(run: &Run, services: &[DesiredService]) -> Result<()> {
    let part = &run.manifest.redis.services;
    match services.iter().any(|service| part.contains_key(&service.name)) {
        true => Err(missing_feature("redis")),
        false => Ok(()),
    }
}

/// # Errors
/// If one of the services has keys on a Redis server, here and below.
pub async fn plan(run: &Run, services: &[DesiredService]) -> Result<RedisPlans> {
    refuse(run, services).map(|()| RedisPlans)
}

impl RedisPlans {
    pub fn changes(&self) -> Vec<Change> {
        vec![]
    }

    pub fn limits(&self) -> Vec<PrivilegeGap> {
        vec![]
    }

    pub fn errors(&self) -> Vec<ServerError> {
        vec![]
    }

    pub fn first_error(&self) -> Option<&Error> {
        None
    }

    pub fn differs(&self, _: &str) -> Result<bool> {
        Ok(false)
    }

    pub fn replaced_passwords(&self) -> Vec<String> {
        vec![]
    }

    pub fn health(&self) -> Vec<RedisHealth> {
        vec![]
    }

    pub fn grave(&self, _: bool) -> Vec<Change> {
        vec![]
    }

    pub async fn apply(self, _: &Run, _: bool) -> Result<RedisApplied> {
        Ok(RedisApplied::default())
    }
}

pub async fn rotate(
    run: &Run,
    services: &[DesiredService],
    _: &[RoleKind],
    _: bool,
) -> Result<Vec<(String, DesiredService, Result<Rotated>)>> {
    refuse(run, services).map(|()| vec![])
}

pub async fn prove(
    run: &Run,
    services: &[DesiredService],
    _: Extent,
) -> Result<Vec<(String, Result<ServerJudgement>)>> {
    refuse(run, services).map(|()| vec![])
}

pub async fn connections(run: &Run, services: &[DesiredService]) -> Result<Vec<ConnectionRow>> {
    refuse(run, services).map(|()| vec![])
}

#[cfg_attr(not(feature = "monitor"), allow(dead_code))]
pub async fn statistics(run: &Run, services: &[DesiredService]) -> Result<Vec<RedisMeasured>> {
    refuse(run, services).map(|()| vec![])
}

/// Returns one row for each service with keys, which this build cannot ask about.
pub async fn states(run: &Run, services: &[DesiredService]) -> Vec<RedisRow> {
    let keys = services.iter().filter_map(|service| run.manifest.redis.services.get(&service.name));
    let row = |one: &RedisService| RedisRow {
        service: one.service.to_string(),
        server: one.server.clone(),
        prefix: one.prefix.clone(),
        state: RedisState::Unreachable,
        error: Some(missing_feature("redis").to_string()),
    };
    keys.map(row).collect()
}

/// # Errors
/// Always: this build does not know Redis.
pub async fn usage(_: &Run, _: &str) -> Result<RedisUsage> {
    Err(missing_feature("redis"))
}

/// Removal that does not exist.
pub enum RedisTeardown {}

pub async fn teardown(run: &Run, service: &DesiredService) -> Result<Option<RedisTeardown>> {
    refuse(run, std::slice::from_ref(service)).map(|()| None)
}

impl RedisTeardown {
    pub fn changes(&self) -> Vec<Change> {
        match *self {}
    }

    pub fn keys(&self) -> Vec<CredentialKey> {
        match *self {}
    }

    pub async fn execute(self) -> RedisApplied {
        match self {}
    }
}

pub async fn reached(_: &Run, _: &RedisServer) -> Result<RedisServer> {
    Err(missing_feature("redis"))
}

pub async fn address(
    run: &Run,
    service: &DesiredService,
    _: RoleKind,
    _: bool,
) -> Result<Option<RedisAddress>> {
    refuse(run, std::slice::from_ref(service)).map(|()| None)
}
