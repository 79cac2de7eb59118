//! A server beside PostgreSQL on which services have keys, for the commands: changes, findings, logins and addresses that
//! do not know the server's kind.

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::commands::support::change::{Change, ServerError};
use martydb_apply::rotate::Rotated;
use martydb_context::Context;
use martydb_isolation::probe::ConnectionRow;
use martydb_isolation::proof::{Extent, ServerJudgement};
use martydb_manifest::RedisServer;
use martydb_model::error::Result;
use martydb_model::metrics::ServerSamples;
use martydb_model::{DesiredService, RedisUse, RoleKind};
use martydb_plan::PrivilegeGap;
use martydb_secrets::{CredentialKey, LockedStore};

/// Server with the services of a run that have keys there.
pub(crate) trait Companion: Send + Sync {
    fn server(&self) -> &str;

    fn plan(&self) -> BoxFuture<'_, Result<Box<dyn CompanionPlan>>>;

    /// Plans the removal of a service's users and keys.
    fn teardown<'a>(&'a self, service: &'a DesiredService) -> BoxFuture<'a, Result<CompanionTeardown>>;

    /// Rotates the passwords of the services' users.
    fn rotate<'a>(
        &'a self,
        kinds: &'a [RoleKind],
        finishes: bool,
        store: &'a LockedStore<'a>,
    ) -> BoxFuture<'a, Result<Vec<(DesiredService, Rotated)>>>;

    fn prove(&self, extent: Extent) -> BoxFuture<'_, Result<ServerJudgement>>;

    /// Logs in as every user of the services.
    fn connections(&self) -> BoxFuture<'_, Result<Vec<ConnectionRow>>>;

    /// Logs in as the users of the services within a limited time: one row for each service.
    fn states(&self) -> BoxFuture<'_, Vec<RedisRow>>;

    #[cfg_attr(not(feature = "monitor"), allow(dead_code))]
    fn statistics(&self) -> BoxFuture<'_, ServerSamples>;

    /// Reads the clients and the prefixes of keys.
    fn usage(&self) -> BoxFuture<'_, Result<RedisUse>>;

    /// Returns the server with the address of its clients; an embedded one is started if it is down.
    fn reached(&self) -> BoxFuture<'_, Result<RedisServer>>;

    /// Returns the address with which the service's client connects.
    ///
    /// # Errors
    /// If the store has no password.
    fn address<'a>(
        &'a self,
        service: &'a DesiredService,
        kind: RoleKind,
        no_password: bool,
    ) -> BoxFuture<'a, Result<Option<String>>>;
}

/// Plan of a companion.
pub(crate) trait CompanionPlan: Send + Sync {
    fn changes(&self) -> Vec<Change>;

    fn limits(&self) -> Vec<PrivilegeGap>;

    /// Returns the changes that need a confirmation: not those that `apply` leaves out without their own flag.
    fn grave(&self, closes_default: bool) -> Vec<Change>;

    /// Returns the existing users whose passwords the secret store has lost.
    fn replaced_passwords(&self) -> Vec<String>;

    fn health(&self) -> CompanionHealth;

    fn apply<'a>(
        self: Box<Self>,
        context: &'a Context,
        store: &'a LockedStore<'a>,
        closes_default: bool,
    ) -> BoxFuture<'a, CompanionApplied>;
}

/// Planned removal of a service from a companion.
pub(crate) struct CompanionTeardown {
    pub changes: Vec<Change>,
    pub keys: Vec<CredentialKey>,
    pub execution: BoxFuture<'static, CompanionApplied>,
}

/// Server as `doctor` shows it.
pub struct CompanionHealth {
    pub server: String,
    pub version: String,
    pub admin: String,
    /// Name, need of attention, and detail of each check.
    pub checks: Vec<(&'static str, bool, String)>,
}

/// Result of an `apply` or a removal.
#[derive(Default)]
pub struct CompanionApplied {
    pub changes: Vec<Change>,
    pub errors: Vec<ServerError>,
    /// Sentences for the user.
    pub notes: Vec<String>,
}

impl CompanionApplied {
    pub fn add(&mut self, other: CompanionApplied) {
        self.changes.extend(other.changes);
        self.errors.extend(other.errors);
        self.notes.extend(other.notes);
    }
}

/// Keys of a service, as `status` shows them.
#[derive(Debug, Clone, Serialize)]
pub struct RedisRow {
    pub service: String,
    pub server: String,
    pub prefix: String,
    pub state: RedisState,
    pub error: Option<String>,
}

/// Result of the logins of a service's users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedisState {
    /// Both users log in.
    Ok,
    /// The server refused a user, or the secret store lacks its password.
    Refused,
    /// The server could not be asked.
    Unreachable,
}

impl RedisRow {
    /// Returns the line for people.
    pub(crate) fn in_words(&self) -> String {
        let RedisRow { service, server, prefix, state, error } = self;
        let why = error.as_deref().unwrap_or_default();
        let said = match state {
            RedisState::Ok => "both users log in".to_owned(),
            RedisState::Refused => format!("no login: {why}"),
            RedisState::Unreachable => format!("no answer: {why}"),
        };
        format!("redis of {service}: keys {prefix} on server {server}: {said}")
    }
}
