//! Rotation: the store first, then the server, then a login that proves it.
//!
//! In place, the old password fails as soon as the server has the new one; until then it is what the store gives to
//! clients, so that a rotation that fails or is killed costs no login. With an overlap two logins take turns: the one
//! that is not in use is made ready and proven before the store names it, so that clients that read the store again
//! never meet a login that does not work; `finish` closes the one that the store no longer names.

mod login;
mod planner;
mod rotation;

use std::time::Duration;

use crate::catalog::inspect;
use crate::error::Result;
use crate::model::{DesiredServer, DesiredService};
use crate::secrets::{CredentialKey, LockedStore};
use crate::server::{Access, lock};
use rotation::LoginRotation;
pub use rotation::{Rotated, Rotation, Turn};

/// One server, under its lock, login by login. The secret store is locked before any server.
pub async fn rotate_server(
    access: &Access,
    desired: &DesiredServer,
    store: &LockedStore<'_>,
    rotation: &Rotation<'_>,
    lock_wait: Duration,
) -> Result<Vec<(DesiredService, Rotated)>> {
    let _lock = lock::server(access, lock_wait).await?;
    let mut actual = inspect::inspect_cluster(access).await?;
    let mut done = vec![];
    for service in rotation.services {
        for kind in rotation.kinds {
            let key = CredentialKey::new(service, *kind);
            let mut login = LoginRotation { access, desired, store, service, key, actual };
            done.push((service.clone(), login.rotate(rotation).await));
            actual = login.actual;
        }
    }
    Ok(done)
}
