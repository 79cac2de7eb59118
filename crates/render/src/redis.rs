//! Redis servers of a deployment, the same for all targets: their clients, and the logins whose passwords are in
//! Secrets.

mod start;

use secrecy::{ExposeSecret, SecretString};

use super::location::{embedded, host_in, unnamed_password};
use martydb_manifest::{Manifest, RedisServer, RedisService};
use martydb_model::ServiceName;
use martydb_model::deploy::{ServerDeployment, label};
use martydb_model::error::{Error, Result};
use martydb_secrets::CredentialKey;

pub(crate) use start::DATA;
pub(crate) use start::admin_rule;
pub(crate) use start::{ServerFiles, program, ready, script};

/// Name label of all Redis servers' pods, and name of their port.
pub(crate) const REDIS: &str = "redis";

/// A Redis server of the manifest.
pub struct RedisNode<'a> {
    pub server: &'a RedisServer,
    pub deploy: &'a ServerDeployment,
    /// Host name for its clients if it is deployed with them; `None` for an external server.
    pub host: Option<String>,
    /// Variable with the admin's password, for martydb.
    pub password_variable: &'a str,
    /// Keys of services there.
    pub services: Vec<&'a RedisService>,
}

impl RedisNode<'_> {
    /// Returns the name of the Kubernetes Secret with the admin's password.
    pub(crate) fn admin_secret(&self) -> String {
        format!("{}-admin", label(&self.server.name))
    }

    /// Returns `true` if the service has keys there.
    pub fn serves(&self, service: &ServiceName) -> bool {
        self.services.iter().any(|keys| keys.service == *service)
    }
}

/// User of a Redis server whose password is in a Kubernetes Secret.
pub(crate) struct RedisCredential<'a> {
    pub key: CredentialKey,
    pub server: &'a RedisServer,
    pub user: String,
}

/// Returns the servers.
///
/// # Errors
/// If a server names no variable for its admin's password, or the image cannot make its admin.
pub(crate) fn nodes<'a>(manifest: &'a Manifest, namespace: &str) -> Result<Vec<RedisNode<'a>>> {
    let node = |server: &'a RedisServer| {
        if server.embedded.is_some() {
            let url = format!("redis://ops@redis-{}:6379", server.name);
            return Err(embedded(manifest, &server.name, &url));
        }
        let password_variable =
            server.password_env.as_deref().ok_or_else(|| unnamed_password(&server.name))?;
        let host = host_in(namespace, &server.host);
        if host.is_some() && !is_plain(&server.user) {
            let message = format!("the admin of server \"{}\" cannot be created by its image", server.name);
            return Err(Error::manifest(message)
                .hint("name one with letters, digits, - and _ in its url, such as redis://ops@cache:6379"));
        }
        let services = manifest.redis.on(&server.name).collect();
        let deploy = &manifest.deploy.servers[&server.name];
        Ok(RedisNode { server, deploy, host, password_variable, services })
    };
    manifest.redis.servers.values().map(node).collect()
}

/// Returns `true` if the name has one meaning in a shell and in an aclfile.
fn is_plain(user: &str) -> bool {
    user.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// Returns the servers that are deployed here, with their hosts.
pub(crate) fn here<'p, 'a>(nodes: &'p [RedisNode<'a>]) -> impl Iterator<Item = (&'p str, &'p RedisNode<'a>)> {
    nodes.iter().filter_map(|node| Some((node.host.as_deref()?, node)))
}

/// Returns the users of services, and those with which martydb replaces `default`.
pub(crate) fn logins(manifest: &Manifest) -> impl Iterator<Item = RedisCredential<'_>> {
    let part = &manifest.redis;
    CredentialKey::of_all_redis(part).filter_map(|key| {
        let (server, user) = (part.servers.get(&key.server)?, key.redis_user()?.to_owned());
        Some(RedisCredential { key, server, user })
    })
}

/// Variable with a user's password in its Secret.
pub(crate) const PASSWORD: &str = "REDIS_PASSWORD";

/// Variable with the URL of a service's keys.
pub(crate) const URL: &str = "REDIS_URL";

/// Returns the contents of a user's Secret.
pub fn variables(server: &RedisServer, user: &str, password: &SecretString) -> [(&'static str, String); 5] {
    [
        (URL, server.url(user, Some(password))),
        ("REDIS_HOST", server.host.clone()),
        ("REDIS_PORT", server.port.to_string()),
        ("REDIS_USERNAME", user.to_owned()),
        (PASSWORD, password.expose_secret().to_owned()),
    ]
}
