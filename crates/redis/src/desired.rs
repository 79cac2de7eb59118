//! Users that the manifest declares on a server, with the hashes of their stored passwords. Pure but for the store.

use std::collections::{BTreeMap, BTreeSet};

use martydb_context::Context;
use martydb_manifest::{RedisServer, RedisService};
use martydb_model::error::Result;
use martydb_model::{RoleKind, ServiceName};
use martydb_secrets::{CredentialKey, StoredEntries, sha256};

use crate::contract;
use crate::reach::reach;

/// Declared state of one server.
pub struct DesiredRedis {
    pub server: RedisServer,
    pub project: String,
    /// Users by name, of the services of this run.
    pub users: BTreeMap<String, DesiredUser>,
    /// All services of the manifest on this server.
    pub services: Vec<RedisService>,
}

#[derive(Clone)]
pub struct DesiredUser {
    pub service: RedisService,
    pub kind: RoleKind,
    pub key: CredentialKey,
    /// SHA-256 of the stored passwords, in hexadecimal: two during a rotation.
    pub passwords: BTreeSet<String>,
}

impl DesiredUser {
    pub fn name(&self) -> String {
        self.service.user(self.kind)
    }
}

impl DesiredRedis {
    /// Reads the stored passwords of these services' users.
    pub async fn read(
        context: &Context,
        server: &RedisServer,
        services: &[ServiceName],
    ) -> Result<DesiredRedis> {
        let server = reach(context, server).await?;
        let all: Vec<RedisService> = context.manifest.redis.on(&server.name).cloned().collect();
        let here = all.iter().filter(|one| services.contains(&one.service));
        let keyed = here.flat_map(|one| {
            RoleKind::APPLICATIONS
                .into_iter()
                .filter_map(move |kind| Some((one, kind, CredentialKey::redis(one, kind)?)))
        });
        let keyed: Vec<(&RedisService, RoleKind, CredentialKey)> = keyed.collect();
        let keys: Vec<CredentialKey> = keyed.iter().map(|(_, _, key)| key.clone()).collect();
        let kept = context.store.kept(&keys).await?;
        let users = keyed.into_iter().zip(kept).map(|((service, kind, key), kept)| {
            let user = DesiredUser { service: service.clone(), kind, passwords: hashes(&kept), key };
            (user.name(), user)
        });
        let users = users.collect();
        Ok(DesiredRedis { server, project: context.manifest.project.clone(), users, services: all })
    }

    /// Returns the user whose presence means that a run has not saved its changes yet.
    pub(crate) fn unsaved_mark(&self) -> String {
        format!("{}_unsaved", self.project.replace(char::is_whitespace, "_"))
    }

    /// Returns the prefixes of all services on the server.
    pub fn prefixes(&self) -> Vec<String> {
        self.services.iter().map(|service| service.prefix.clone()).collect()
    }

    /// Returns the commands of a user that the server has.
    pub fn commands<'a>(&self, user: &DesiredUser, known: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        let declared = contract::commands(&user.service, user.kind);
        known.filter(|name| declared.contains(name)).map(str::to_owned).collect()
    }
}

fn hashes(kept: &StoredEntries) -> BTreeSet<String> {
    kept.entries.iter().map(|(_, password)| sha256(password)).collect()
}
