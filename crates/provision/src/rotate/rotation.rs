//! What is rotated, and what became of it.

use martydb_config::secrets::{CredentialKey, LockedStore};
use martydb_model::error::Error;
use martydb_model::{ActualServer, DesiredServer, DesiredService, RoleKind, RoleName};
use martydb_pg::server::Access;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A new password for the login in use.
    InPlace,
    /// The other login comes into use, the old one stays good.
    Overlap,
    /// The old one is closed.
    Finish,
}

#[derive(Debug, Clone)]
pub struct Rotated {
    /// Which login of its service it is, or its name.
    pub label: String,
    /// The login to use from now on.
    pub login: RoleName,
    /// The one that was left or closed, where there is one.
    pub other: Option<RoleName>,
    /// Sessions that the closed one still has.
    pub sessions: Option<i64>,
    pub changed: bool,
    pub error: Option<Error>,
}

pub struct Rotation<'a> {
    /// The services, all of this server.
    pub services: &'a [DesiredService],
    pub kinds: &'a [RoleKind],
    /// Further logins, each with a service that it may use; in place only.
    pub further: &'a [(DesiredService, RoleName)],
    pub turn: Turn,
    pub valid_until: Option<&'a str>,
}

/// One login's rotation.
pub struct LoginRotation<'a> {
    pub access: &'a Access,
    pub desired: &'a DesiredServer,
    pub store: &'a LockedStore<'a>,
    pub service: &'a DesiredService,
    pub key: CredentialKey,
    /// The server as it was last inspected under the lock.
    pub actual: ActualServer,
}
