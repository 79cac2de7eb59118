//! New passwords: a user accepts the former and the new one until the rotation is finished.

use martydb_context::Context;
use martydb_manifest::RedisServer;
use martydb_model::contract::alternate_of;
use martydb_model::error::{Error, Result};
use martydb_model::{RoleKind, ServiceName};
use martydb_secrets::{LockedStore, sha256};
use secrecy::ExposeSecret;

use crate::actual::UserStorage;
use crate::admin;
use crate::apply::{mark, save};
use crate::desired::{DesiredRedis, DesiredUser};
use crate::inspect::{InspectionDepth, inspect};
use crate::session::{Session, number};

/// Turn of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordTurn {
    /// Adds the new password.
    Begin,
    /// Removes the former one, and ends the user's sessions.
    Finish,
}

pub struct RotatedUser {
    pub service: ServiceName,
    pub user: String,
    pub kind: RoleKind,
    pub changed: bool,
    /// Number of ended sessions.
    pub sessions: Option<i64>,
    pub error: Option<Error>,
}

/// Rotates the passwords of these services' users of these kinds on one server.
pub async fn rotate(
    context: &Context,
    server: &RedisServer,
    services: &[ServiceName],
    kinds: &[RoleKind],
    turn: PasswordTurn,
    store: &LockedStore<'_>,
) -> Result<Vec<RotatedUser>> {
    store.store.check_writable()?;
    let desired = DesiredRedis::read(context, server, services).await?;
    let mut admin = admin::log_in(context, &desired.server).await?;
    let actual = inspect(&mut admin, &desired, InspectionDepth::Declared).await?;
    let mut all = vec![];
    for user in desired.users.values().filter(|user| kinds.contains(&user.kind)) {
        let name = user.name();
        let done = match actual.users.contains_key(&name) {
            false => {
                Err(Error::operation(format!("there is no user \"{name}\" on server \"{}\"", server.name))
                    .hint(format!("martydb apply --service {}", user.service.service)))
            }
            true => turn_user(&mut admin.session, &desired, user, turn, actual.storage, store).await,
        };
        let (changed, sessions, error) = match done {
            Ok((changed, sessions)) => (changed, sessions, None),
            Err(error) => (false, None, Some(error)),
        };
        let service = user.service.service.clone();
        all.push(RotatedUser { service, user: name, kind: user.kind, changed, sessions, error });
    }
    Ok(all)
}

/// Returns whether anything was due, and the number of ended sessions.
async fn turn_user(
    session: &mut Session,
    desired: &DesiredRedis,
    user: &DesiredUser,
    turn: PasswordTurn,
    storage: UserStorage,
    store: &LockedStore<'_>,
) -> Result<(bool, Option<i64>)> {
    let (name, key) = (user.name(), &user.key);
    let kept = store.store.kept(std::slice::from_ref(key)).await?.remove(0);
    let Some(current) = kept.get(key.role.as_str()).cloned() else {
        return Err(Error::operation(format!("the secret store has no password for \"{name}\""))
            .hint("`martydb apply --all --reset-passwords` gives it a new one"));
    };
    let former = alternate_of(&key.role).and_then(|other| kept.get(other.as_str()).cloned());
    let in_progress = former.is_some_and(|former| former.expose_secret() != current.expose_secret());
    match (turn, in_progress) {
        (PasswordTurn::Begin, true) | (PasswordTurn::Finish, false) => Ok((false, None)),
        (PasswordTurn::Begin, false) => {
            // Stored where no client reads it, until the server accepts it.
            let new = store.renew(key, &key.role).await?;
            set(session, desired, &name, &[sha256(&current), sha256(&new)], storage).await?;
            store.keep_former(key, &current).await?;
            store.settle(key, &key.role, &new).await?;
            Ok((true, None))
        }
        (PasswordTurn::Finish, true) => {
            set(session, desired, &name, &[sha256(&current)], storage).await?;
            // The server does not tell with which password a session logged in.
            let ended = session.demand(&["CLIENT", "KILL", "USER", &name], "CLIENT KILL").await?;
            store.forget_former(key, &current).await?;
            Ok((true, number(&ended)))
        }
    }
}

/// Gives a user these passwords and no other, in one command, and saves it.
async fn set(
    session: &mut Session,
    desired: &DesiredRedis,
    name: &str,
    hashes: &[String],
    storage: UserStorage,
) -> Result<()> {
    if storage != UserStorage::None {
        mark(session, desired).await?;
    }
    let hashes: Vec<String> = hashes.iter().map(|hash| format!("#{hash}")).collect();
    let words = ["ACL", "SETUSER", name, "resetpass"].into_iter().chain(hashes.iter().map(String::as_str));
    session.demand(&words.collect::<Vec<_>>(), &format!("ACL SETUSER {name}")).await?;
    save(session, desired, storage).await
}
