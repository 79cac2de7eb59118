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
use martydb_config::secrets::{CredentialKey, LockedStore};
use martydb_model::error::Result;
use martydb_model::{DesiredServer, DesiredService};
use martydb_pg::server::{Access, lock};
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
    let own = rotation.services.iter().flat_map(|service| {
        rotation.kinds.iter().map(move |kind| (service, CredentialKey::new(service, *kind)))
    });
    let further = rotation.further.iter().filter_map(|(service, role)| {
        let role = desired.access.get(role)?;
        Some((service, CredentialKey::of_access(&desired.name, role)?))
    });
    for (service, key) in own.chain(further) {
        // The password of a login that others made is theirs.
        if !rotation.kinds.is_empty()
            && key.further
            && store.store.read(std::slice::from_ref(&key)).await?.lacks(&key)
        {
            continue;
        }
        let mut login = LoginRotation { access, desired, store, service, key, actual };
        done.push((service.clone(), login.rotate(rotation).await));
        actual = login.actual;
    }
    Ok(done)
}
