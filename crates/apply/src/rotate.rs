//! Rotation: changes the secret store first, then the server, and proves the password with a login.
//!
//! In place, the old password fails as soon as the server has the new one. Until then the store gives the old one
//! to clients, so a rotation that fails or is killed locks out no login. With an overlap two logins take turns: the
//! unused one is prepared and proven before the store names it, so clients that read the store again always get a
//! working login. `finish` closes the login that the store no longer names.

mod login;
mod planner;
mod rotation;

use std::time::Duration;

use crate::replicas::{Replay, not_replayed};
use martydb_catalog::inspect;
use martydb_model::error::Result;
use martydb_model::{DesiredServer, DesiredService};
use martydb_pg::server::{Access, lock};
use martydb_secrets::{CredentialKey, LockedStore};
use rotation::LoginRotation;
pub use rotation::{Rotated, Rotation, RotationMode};

/// Rotates the logins of one server in turn, under its lock. The secret store is locked before any server.
#[martydb_pg::boxed(?Send)]
pub async fn rotate_server(
    access: &Access,
    desired: &DesiredServer,
    store: &LockedStore<'_>,
    rotation: &Rotation<'_>,
    lock_wait: Duration,
) -> Result<Vec<(DesiredService, Rotated)>> {
    let held = lock::server(access, lock_wait).await?;
    let replay = Replay::new(access, rotation.replicas, lock_wait);
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
        // The password of a login that another tool created is not martydb's to change.
        if !rotation.kinds.is_empty()
            && key.further
            && store.store.read(std::slice::from_ref(&key)).await?.lacks(&key)
        {
            continue;
        }
        let mut login = LoginRotation { access, replay: &replay, desired, store, service, key, actual };
        done.push((service.clone(), login.rotate(rotation).await));
        actual = login.actual;
    }
    // Other runs need not wait for the replicas.
    drop(held);
    await_replay(access, rotation, lock_wait, &mut done).await;
    Ok(done)
}

/// Waits until the replicas refuse what was closed. A login that they still accept is not rotated.
async fn await_replay(
    access: &Access,
    rotation: &Rotation<'_>,
    limit: Duration,
    done: &mut [(DesiredService, Rotated)],
) {
    let closed = |row: &Rotated| row.changed && row.error.is_none();
    if rotation.turn == RotationMode::Overlap || !done.iter().any(|(_, row)| closed(row)) {
        return;
    }
    let missing = Replay::new(access, rotation.replicas, limit).missing().await;
    for (_, row) in done.iter_mut().filter(|(_, row)| closed(row)) {
        let what = match &row.other {
            Some(other) => format!("the login \"{other}\" still works"),
            None => format!("the old password of \"{}\" still works", row.login),
        };
        row.error = not_replayed(&missing, &what).err();
    }
}
