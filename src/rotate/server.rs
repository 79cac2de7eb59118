//! One server, under its lock, login by login.

use std::time::Duration;

use super::login::LoginRotation;
use super::rotation::{Rotated, Rotation};
use crate::catalog::inspect;
use crate::error::Result;
use crate::model::{DesiredServer, DesiredService};
use crate::secrets::{CredentialKey, Store, StoreLock};
use crate::server::{Access, lock};

/// `held` is the lock of the secret store, taken before any server's.
pub async fn rotate_server(
    access: &Access,
    desired: &DesiredServer,
    (store, held): (&Store, &StoreLock),
    rotation: &Rotation<'_>,
    lock_wait: Duration,
) -> Result<Vec<(DesiredService, Rotated)>> {
    let _lock = lock::server(access, lock_wait).await?;
    let mut actual = inspect::inspect_cluster(access).await?;
    let mut done = vec![];
    for service in rotation.services {
        for kind in rotation.kinds {
            let key = CredentialKey::new(service, *kind);
            let mut login = LoginRotation { access, desired, store, held, service, key, actual };
            done.push((service.clone(), login.rotate(rotation).await));
            actual = login.actual;
        }
    }
    Ok(done)
}
