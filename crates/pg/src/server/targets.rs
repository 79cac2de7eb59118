//! Servers on which a command works, as they are said to the user: each once, at the first login of the run. Every change needs a
//! login, so the line stands above the first change.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use serde::Serialize;

use crate::wire::{Endpoint, Host};

/// A server of the manifest with its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetServer {
    /// Key in the manifest.
    pub server: String,
    /// Host name, address, or folder of the socket.
    pub host: String,
    pub port: u16,
    pub embedded: bool,
    /// Version of the server; `None` until a login succeeded.
    pub version: Option<String>,
}

impl TargetServer {
    pub fn new(server: &str, endpoint: &Endpoint, embedded: bool) -> TargetServer {
        let host = match &endpoint.host {
            Host::Tcp(host) => host.clone(),
            Host::Socket(folder) => folder.display().to_string(),
        };
        TargetServer { server: server.into(), host, port: endpoint.port, embedded, version: None }
    }

    /// Returns the line for people.
    pub fn line(&self) -> String {
        let TargetServer { server, host, port, .. } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let kind = if self.embedded { ", embedded" } else { "" };
        let version =
            self.version.as_ref().map_or_else(String::new, |version| format!(", PostgreSQL {version}"));
        format!("server {server}: {host}:{port}{kind}{version}")
    }
}

type TargetListener = Box<dyn Fn(&TargetServer) + Send>;

#[derive(Default)]
struct Registry {
    /// Servers by the addresses of their admins and of their services.
    by_endpoint: BTreeMap<String, String>,
    servers: BTreeMap<String, TargetServer>,
    listener: Option<TargetListener>,
}

static REGISTRY: Mutex<Registry> =
    Mutex::new(Registry { by_endpoint: BTreeMap::new(), servers: BTreeMap::new(), listener: None });

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().expect("no code panics while it holds the registry")
}

/// Makes the run say each server at its first login.
pub fn listen(listener: impl Fn(&TargetServer) + Send + 'static) {
    registry().listener = Some(Box::new(listener));
}

/// Records the addresses of a server; those of an earlier record are kept.
pub fn declare(target: TargetServer, endpoints: [&Endpoint; 2]) {
    let mut registry = registry();
    for endpoint in endpoints {
        registry.by_endpoint.insert(endpoint.to_string(), target.server.clone());
    }
    registry.servers.entry(target.server.clone()).or_insert(target);
}

/// Records a login; the first at a server is passed to the listener.
pub(crate) fn greeted(endpoint: &Endpoint, version: &str) {
    let mut registry = registry();
    let Some(server) = registry.by_endpoint.get(&endpoint.to_string()).cloned() else { return };
    let Some(target) = registry.servers.get_mut(&server).filter(|one| one.version.is_none()) else { return };
    target.version = Some(version.split(' ').next().unwrap_or_default().to_owned());
    let target = target.clone();
    if let Some(listener) = &registry.listener {
        listener(&target);
    }
}

/// Returns the servers at which the run logged in.
pub fn all() -> Vec<TargetServer> {
    registry().servers.values().filter(|target| target.version.is_some()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_said_with_its_address_and_version() {
        let target = |host: &str, embedded, version: Option<&str>| TargetServer {
            server: "main".into(),
            host: host.into(),
            port: 5432,
            embedded,
            version: version.map(String::from),
        };
        for (target, expected) in [
            (
                target("127.0.0.1", true, Some("15.20")),
                "server main: 127.0.0.1:5432, embedded, PostgreSQL 15.20",
            ),
            (target("db.internal", false, None), "server main: db.internal:5432"),
            (target("::1", false, Some("18.1")), "server main: [::1]:5432, PostgreSQL 18.1"),
        ] {
            assert_eq!(target.line(), expected);
        }
    }
}
