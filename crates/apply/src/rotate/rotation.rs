//! Inputs and results of a rotation.

use crate::replicas::{Replay, ReplicaAccess};
use crate::run_record::RunRecord;
use martydb_model::error::Error;
use martydb_model::{ActualServer, DesiredServer, DesiredService, RoleKind, RoleName};
use martydb_pg::server::Access;
use martydb_secrets::{CredentialKey, LockedStore};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationMode {
    /// Sets a new password for the login in use.
    InPlace,
    /// Puts the other login into use; the old one remains valid.
    Overlap,
    /// Closes the old login.
    Finish,
}

#[derive(Debug, Clone)]
pub struct Rotated {
    /// Kind of the login within its service, or its name.
    pub label: String,
    /// Login to use from now on.
    pub login: RoleName,
    /// Login that was replaced or closed, if any.
    pub other: Option<RoleName>,
    /// Number of sessions that the closed login still has.
    pub sessions: Option<i64>,
    pub changed: bool,
    pub error: Option<Error>,
}

pub struct Rotation<'a> {
    /// Services, all on this server.
    pub services: &'a [DesiredService],
    pub kinds: &'a [RoleKind],
    /// Further logins, each with a service that it may use; only for rotations in place.
    pub further: &'a [(DesiredService, RoleName)],
    pub turn: RotationMode,
    /// Replicas of the server, which keep the old password until they have replayed the new one.
    pub replicas: &'a [ReplicaAccess],
    pub valid_until: Option<&'a str>,
    pub record: &'a RunRecord,
}

/// Rotation of one login.
pub(crate) struct LoginRotation<'a> {
    pub access: &'a Access,
    pub replay: &'a Replay<'a>,
    pub desired: &'a DesiredServer,
    pub store: &'a LockedStore<'a>,
    pub service: &'a DesiredService,
    pub key: CredentialKey,
    /// Last snapshot of the server that was read under the lock.
    pub actual: ActualServer,
}
