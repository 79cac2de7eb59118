//! Listeners of a server that this host can reach: the manifest's address, other address families, the sockets, and
//! each with and without TLS if pg_hba.conf distinguishes them.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::probe::Task;
use martydb_catalog::{HbaLine, NotExamined};
use martydb_model::error::Result;
use martydb_model::grants::ident;
use martydb_model::sql::{split_name_list, stmt};
use martydb_pg::server::{Endpoint, Host, TlsMode};
use martydb_pg::wire::Address;

#[derive(Clone)]
pub(crate) struct Listener {
    pub shown: String,
    pub transport: ConnectionType,
    /// `true` for the manifest's address, which the matrix uses.
    pub configured: bool,
    /// `true` if working passwords may be sent here: not without TLS if the manifest requires TLS.
    pub trusted: bool,
    pub address: Address,
}

/// Properties of a connection that pg_hba.conf matches in addition to role and database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionType {
    Socket,
    Tcp {
        /// Client address as the server sees it, if known.
        client: Option<IpAddr>,
        /// `true` if encrypted; `None` if not settled.
        tls: Option<bool>,
    },
}

pub(crate) struct ServerSettings<'a> {
    /// Settings by name, without those that the admin may not see.
    pub settings: &'a BTreeMap<String, String>,
    /// Rules of pg_hba.conf; `None` if the admin may not see them.
    pub hba: Option<&'a [HbaLine]>,
    pub admin: &'a str,
}

impl ServerSettings<'_> {
    /// Returns the number of replication connections to use: half of the server's, because standbys and backups
    /// need the others; 0 if it has none.
    pub(crate) fn walsenders(&self) -> usize {
        const DEFAULT: usize = 4;
        match self.setting("max_wal_senders").parse().unwrap_or(DEFAULT) {
            0 => 0,
            most => (most / 2).max(1),
        }
    }

    fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map_or("", String::as_str)
    }

    /// Returns `true` if a line applies only with or only without TLS. Assumed if the admin may not read the rules.
    fn depends_on_tls(&self) -> bool {
        let depends = |line: &HbaLine| matches!(line.kind.as_deref(), Some("hostssl" | "hostnossl"));
        self.setting("ssl") == "on" && self.hba.is_none_or(|lines| lines.iter().any(depends))
    }
}

/// Returns every listener that answers, the manifest's first, and those that could not be reached from here.
///
/// # Errors
/// As [`Address::resolve`] for the manifest's own address.
pub(crate) async fn listeners(
    task: &Task,
    settings: &ServerSettings<'_>,
) -> Result<(Vec<Listener>, Vec<NotExamined>)> {
    let (mut all, mut missed) = (vec![configured(task).await?], vec![]);
    match settings.setting("port").parse() {
        Ok(port) if port == task.endpoint.port => nearby(task, settings, port, &mut all, &mut missed).await,
        // A tunnel or a pooler, whose host is not the server's.
        _ => missed.push(NotExamined::new(
            "the other addresses and the sockets of the server",
            "the manifest's address is not the server's own",
        )),
    }
    families(task, &mut all);
    if settings.depends_on_tls() {
        for listener in all.clone() {
            match other_transport(&task.endpoint, &listener) {
                Ok(other) => all.extend(other),
                Err(error) => {
                    let what = format!("{} with the other choice of TLS", listener.shown);
                    missed.push(NotExamined::new(what, error.to_string()));
                }
            }
        }
    }
    Ok((all, missed))
}

async fn configured(task: &Task) -> Result<Listener> {
    let endpoint = &task.endpoint;
    let tls = match endpoint.tls.mode {
        TlsMode::Disable => Some(false),
        // The server may see either.
        TlsMode::Allow | TlsMode::Prefer => None,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => Some(true),
    };
    Ok(Listener {
        shown: endpoint.to_string(),
        transport: transport(&endpoint.host, tls),
        configured: true,
        trusted: true,
        address: Address::resolve(endpoint).await?,
    })
}

fn transport(host: &Host, tls: Option<bool>) -> ConnectionType {
    match host {
        Host::Socket(_) => ConnectionType::Socket,
        // A connection to a local address comes from that address.
        Host::Tcp(host) => ConnectionType::Tcp { client: host.parse().ok(), tls },
    }
}

async fn nearby(
    task: &Task,
    settings: &ServerSettings<'_>,
    port: u16,
    all: &mut Vec<Listener>,
    missed: &mut Vec<NotExamined>,
) {
    let sockets = settings.settings.get("unix_socket_directories");
    if !task.endpoint.host.is_local() {
        return missed.push(NotExamined::new(
            "the sockets of the server, and addresses of it that the manifest does not name",
            "the server is on another host: run verify-isolation there too",
        ));
    }
    if sockets.is_none() {
        let why = format!("{} may not read unix_socket_directories", settings.admin);
        let grant = stmt!("GRANT pg_read_all_settings TO {admin}", admin = ident(settings.admin));
        missed.push(NotExamined::new("the Unix-domain sockets of the server", why).allowed_by(grant));
    }
    let sockets = sockets.map_or("", String::as_str);
    let tls = match all[0].transport {
        ConnectionType::Socket => None,
        ConnectionType::Tcp { tls, .. } => tls,
    };
    let names_of_linux = split_name_list(sockets).into_iter().filter(|folder| folder.starts_with('@'));
    missed.extend(
        names_of_linux.map(|name| NotExamined::new(format!("the socket {name}"), "it is an abstract one")),
    );
    for endpoint in elsewhere(&task.endpoint, settings.setting("listen_addresses"), sockets, port) {
        let address = match Address::resolve(&endpoint).await {
            Ok(address) => address,
            Err(error) => {
                let what = format!("the server's address {endpoint}");
                missed.push(NotExamined::new(what, error.to_string()));
                continue;
            }
        };
        match address.check_reachable().await {
            Ok(()) => all.push(Listener {
                shown: endpoint.to_string(),
                transport: transport(&endpoint.host, tls),
                configured: false,
                trusted: true,
                address,
            }),
            // This host or the server lacks the address family.
            Err(error) if is_absent(&endpoint, &error) => {}
            Err(error) => {
                missed.push(NotExamined::new(format!("the server at {endpoint}"), error.to_string()));
            }
        }
    }
}

fn is_absent(endpoint: &Endpoint, error: &std::io::Error) -> bool {
    let loopback = matches!(&endpoint.host, Host::Tcp(host) if ["127.0.0.1", "::1"].contains(&host.as_str()));
    loopback && !matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::TimedOut)
}

/// Splits a name with addresses of both families into one listener per family.
fn families(task: &Task, all: &mut Vec<Listener>) {
    let found = all[0].address.by_family();
    if found.len() < 2 || task.endpoint.host.is_local() {
        return;
    }
    for (ip, address) in found {
        all.push(Listener {
            shown: format!("{} ({ip})", task.endpoint),
            configured: false,
            address,
            ..all[0].clone()
        });
    }
}

/// Returns the same listener with TLS if the manifest connects without, and the other way round.
fn other_transport(endpoint: &Endpoint, listener: &Listener) -> Result<Option<Listener>> {
    let ConnectionType::Tcp { client, .. } = listener.transport else { return Ok(None) };
    let encrypted = matches!(endpoint.tls.mode, TlsMode::Disable | TlsMode::Allow);
    let address = listener.address.over(endpoint, encrypted)?;
    let words = if encrypted { "over TLS" } else { "without TLS" };
    Ok(Some(Listener {
        shown: format!("{} {words}", listener.shown),
        transport: ConnectionType::Tcp { client, tls: Some(encrypted) },
        configured: false,
        trusted: encrypted || endpoint.host.is_local(),
        address,
    }))
}

/// Returns the TCP addresses of a server whose socket the manifest names.
pub(crate) fn loopback(endpoint: &Endpoint, settings: &BTreeMap<String, String>) -> Vec<Endpoint> {
    let text = |name: &str| settings.get(name).map_or("", String::as_str);
    let Ok(port) = text("port").parse::<u16>() else { return vec![] };
    let all = elsewhere(endpoint, text("listen_addresses"), "", port);
    all.into_iter().filter(|one| one.port == endpoint.port && one.host.is_local()).collect()
}

/// Returns the other listeners of a local server according to its settings: both address families and the sockets.
fn elsewhere(endpoint: &Endpoint, listen: &str, sockets: &str, port: u16) -> Vec<Endpoint> {
    let mut hosts: Vec<Host> = vec![];
    for name in listen.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name {
            "*" | "localhost" => hosts.extend(["127.0.0.1", "::1"].map(|host| Host::Tcp(host.into()))),
            "0.0.0.0" => hosts.push(Host::Tcp("127.0.0.1".into())),
            "::" => hosts.push(Host::Tcp("::1".into())),
            name => hosts.push(Host::Tcp(name.into())),
        }
    }
    // An abstract socket starts with @. Only Linux has them, and they are not files.
    let folders = split_name_list(sockets).into_iter().filter(|folder| folder.starts_with('/'));
    hosts.extend(folders.map(|folder| Host::Socket(PathBuf::from(folder))));
    let mut all: Vec<Endpoint> = vec![];
    for host in hosts {
        let one = Endpoint { host, port, tls: endpoint.tls.without_required_binding() };
        if one.host != endpoint.host && !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_pg::server::Tls;

    #[test]
    fn every_address_of_a_local_server_is_tried_once() {
        let at = |host: &str| Endpoint { host: Host::Tcp(host.into()), port: 5432, tls: Tls::default() };
        let shown = |endpoint: &Endpoint, listen: &str, sockets: &str| -> Vec<String> {
            elsewhere(endpoint, listen, sockets, 5432).iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown(&at("127.0.0.1"), "*", "/run"), ["::1:5432", "/run/.s.PGSQL.5432"]);
        assert_eq!(shown(&at("127.0.0.1"), "localhost", ""), ["::1:5432"]);
        assert_eq!(shown(&at("127.0.0.1"), "127.0.0.1", "/a, /b"), ["/a/.s.PGSQL.5432", "/b/.s.PGSQL.5432"]);
        assert_eq!(shown(&at("127.0.0.1"), "", "\"/a b\""), ["/a b/.s.PGSQL.5432"]);
        // The resolver chooses which of the two answers to the name.
        assert_eq!(shown(&at("localhost"), "*", ""), ["127.0.0.1:5432", "::1:5432"]);
        assert!(
            at("::1").host.is_local()
                && at("127.0.0.2").host.is_local()
                && !at("db.example.com").host.is_local()
        );
    }
}
