//! Names of a login's entries. A role's entry contains its password, or names its alternate login as the one to use;
//! one lookup tells a client which.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use martydb_manifest::{RedisPart, RedisServer, RedisService};
use martydb_model::contract::{ALTERNATE_SUFFIX, alternate_of};
use martydb_model::deploy::label;
use martydb_model::{
    AccessRole, DeclaredCaller, DesiredService, FormerNames, RoleKind, RoleName, ServerName, ServiceName,
};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CredentialKey {
    pub server: ServerName,
    pub role: RoleName,
    pub service: ServiceName,
    pub kind: RoleKind,
    /// Value of `{ROLE}` in the name of a variable.
    pub label: String,
    /// `true` for a further login, which is not in the contract.
    pub further: bool,
}

/// Beginning of the entries of Redis users: a role of PostgreSQL may have the user's name.
const REDIS: &str = "redis_";

/// Name of an entry below a server, and its new value; `None` removes it.
pub(crate) type Entry = (String, Option<SecretString>);

impl CredentialKey {
    pub fn for_service(service: &DesiredService) -> impl Iterator<Item = CredentialKey> + '_ {
        RoleKind::LOGINS.into_iter().map(|kind| CredentialKey::new(service, kind))
    }

    pub fn new(service: &DesiredService, kind: RoleKind) -> CredentialKey {
        CredentialKey {
            server: service.server.clone(),
            role: service.role(kind).clone(),
            service: service.name.clone(),
            kind,
            label: kind.key().to_owned(),
            further: false,
        }
    }

    /// Returns the key of a further login. One that does not belong to a single service is stored under `access`.
    pub fn of_access(server: &ServerName, role: &AccessRole) -> Option<CredentialKey> {
        let service = role.of.clone().or_else(|| ServiceName::new("access").ok())?;
        let (role, label) = (role.name.clone(), role.name.to_string());
        Some(CredentialKey {
            server: server.clone(),
            role,
            service,
            kind: RoleKind::App,
            label,
            further: true,
        })
    }

    /// Returns the keys of a service's users on a Redis server.
    pub fn of_redis(service: &RedisService) -> impl Iterator<Item = CredentialKey> + '_ {
        RoleKind::APPLICATIONS.into_iter().filter_map(move |kind| CredentialKey::redis(service, kind))
    }

    /// Returns the keys of all users of a manifest's Redis servers, those of martydb itself too.
    pub fn of_all_redis(redis: &RedisPart) -> impl Iterator<Item = CredentialKey> + '_ {
        let admins = redis.servers.values().filter(|server| server.starts_as_default());
        redis
            .services
            .values()
            .flat_map(CredentialKey::of_redis)
            .chain(admins.filter_map(CredentialKey::of_redis_admin))
    }

    /// Returns the key of a service's user on a Redis server.
    pub fn redis(service: &RedisService, kind: RoleKind) -> Option<CredentialKey> {
        let user = service.user(kind);
        let label = user.strip_prefix(service.service.as_str())?;
        Some(CredentialKey {
            server: service.server.clone(),
            role: RoleName::found(CredentialKey::redis_entry(&user)).ok()?,
            service: service.service.clone(),
            kind,
            label: format!("redis{label}"),
            further: false,
        })
    }

    /// Returns the key of martydb's own user on a Redis server.
    pub fn of_redis_admin(server: &RedisServer) -> Option<CredentialKey> {
        let role = RoleName::found(CredentialKey::redis_entry(server.own_admin.as_str())).ok()?;
        Some(CredentialKey {
            server: server.name.clone(),
            label: role.to_string(),
            role,
            service: ServiceName::new("access").ok()?,
            kind: RoleKind::App,
            further: true,
        })
    }

    /// Returns the key of the entry with the digests of a caller's keys.
    pub fn of_caller(service: &DesiredService, caller: &str) -> Option<CredentialKey> {
        let name = format!("serve_key_{caller}");
        let role = RoleName::new(name.clone()).ok()?;
        Some(CredentialKey { role, label: name, further: true, ..CredentialKey::new(service, RoleKind::App) })
    }

    /// Returns the keys of the entries of all callers whose keys are in the store, by the callers' names.
    pub fn of_callers<'m>(
        callers: &'m BTreeMap<String, DeclaredCaller>,
        services: &'m BTreeMap<ServiceName, DesiredService>,
    ) -> impl Iterator<Item = (&'m str, CredentialKey)> {
        let stored = callers.iter().filter(|(_, caller)| caller.key_env.is_none());
        stored.filter_map(move |(name, caller)| {
            let service = services.get(&caller.service)?;
            Some((name.as_str(), CredentialKey::of_caller(service, name)?))
        })
    }

    /// Returns the name of the entry of a Redis user.
    pub fn redis_entry(user: &str) -> String {
        format!("{REDIS}{user}")
    }

    /// Returns the user of Redis whose key it is; `None` for a role of PostgreSQL.
    pub fn redis_user(&self) -> Option<&str> {
        self.role.as_str().strip_prefix(REDIS)
    }

    /// Returns the name of the Kubernetes Secret that `secrets export` writes for it, valid by RFC 1123. A service's name
    /// has letters, digits, `-` and `_`, and at most 41 characters; a role's name is arbitrary. The Secret of a further
    /// login contains the server's name, since the login has a password on each server.
    pub fn secret_name(&self) -> String {
        if self.further {
            return format!("access-{}-{}", label(&self.server), label(self.role.as_str()));
        }
        format!("{}-{}", self.service, self.label).replace('_', "-")
    }

    /// Returns the keys of a service under its former names, or on its former server.
    pub fn of_former(service: &DesiredService) -> Vec<CredentialKey> {
        let of = |former: &FormerNames, kind: RoleKind| CredentialKey {
            server: former.server.as_ref().unwrap_or(&service.server).clone(),
            role: former.roles[&kind].clone(),
            service: former.service.clone(),
            ..CredentialKey::new(service, kind)
        };
        let former = service.moved.iter();
        former.flat_map(|former| RoleKind::LOGINS.map(|kind| of(former, kind))).collect()
    }

    /// Returns the entries that make `login` the one to use: the role itself with its password, or its alternate login, whose
    /// password has an entry already.
    pub fn publish(&self, login: &RoleName, password: &SecretString) -> Vec<Entry> {
        if *login != self.role {
            return vec![(self.role.to_string(), Some(SecretString::from(self.reference())))];
        }
        let mut entries = settle(login, password);
        // The alternate login's entry stays until that login is closed: it distinguishes it from a login that only has its name.
        entries.extend(alternate_of(&self.role).map(|alternate| (pending(&alternate), None)));
        entries
    }

    /// Returns the entries that remove every password of the role and its alternate login.
    pub fn forget(&self) -> Vec<Entry> {
        remove(&self.role).into_iter().chain(self.without_alternate()).collect()
    }

    /// Returns the entries that remove the passwords of a closed login.
    pub fn close(&self, login: &RoleName) -> Vec<Entry> {
        if *login == self.role { vec![] } else { self.without_alternate() }
    }

    pub fn refers_to_alternate(&self, entry: &SecretString) -> bool {
        entry.expose_secret() == self.reference()
    }

    /// Returns the reference to the alternate login. No password that martydb generates begins like this.
    fn reference(&self) -> String {
        format!("-> {}{ALTERNATE_SUFFIX}", self.role)
    }

    fn without_alternate(&self) -> Vec<Entry> {
        alternate_of(&self.role).iter().flat_map(remove).collect()
    }
}

/// Returns the entry of a login's next password while the present one is in use.
pub(crate) fn pending(login: &RoleName) -> String {
    format!("{login}.next")
}

/// Returns the entries that make a login's next password its present one.
pub(crate) fn settle(login: &RoleName, password: &SecretString) -> Vec<Entry> {
    vec![(login.to_string(), Some(password.clone())), (pending(login), None)]
}

fn remove(login: &RoleName) -> [Entry; 2] {
    [(login.to_string(), None), (pending(login), None)]
}
