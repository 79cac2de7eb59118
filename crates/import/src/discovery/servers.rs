//! Servers of the proposal: this machine's, those of containers, and those on other machines.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{server_word, service_name};
use super::settings::{ComposeServer, ProjectFindings};
use super::url::DatabaseLocation;
use martydb_model::units::listed;

/// Name of the server for services whose server is on this machine or unknown.
pub(crate) const MAIN: &str = "main";

/// Kind of a server in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerChoice {
    /// Embedded, unless DB_HOST and DB_PORT choose another: if there is only one.
    Chosen,
    /// Embedded until DB_HOST is set: one of several on other machines.
    Elsewhere,
    /// Embedded, in place of a container; with the port that the container has on this machine.
    Container(Option<u16>),
}

/// An existing server, and the one that the manifest has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedServer {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub choice: ServerChoice,
}

/// The proposed servers, and the names of those that are not `main`.
pub(crate) struct PlacedServers {
    main: ProposedServer,
    named: BTreeMap<(String, u16), (String, ProposedServer)>,
    composed: Vec<ComposeServer>,
    /// Notes on servers that the manifest does not tell apart.
    pub notes: Vec<String>,
}

impl PlacedServers {
    /// Names the servers. A single server on another machine replaces `main`, and so does a single container; several
    /// get names of their own.
    pub(crate) fn new<'p>(
        places: impl Iterator<Item = &'p DatabaseLocation>,
        found: &ProjectFindings,
    ) -> PlacedServers {
        let composed = &found.composed;
        let places: Vec<_> = places.map(|place| (address(place, composed), place)).collect();
        let of = |wanted: fn(&str) -> bool| -> BTreeSet<(String, u16)> {
            places.iter().map(|(at, _)| at).filter(|(host, _)| wanted(host)).cloned().collect()
        };
        let (mut containers, mut far) = (of(is_container), of(is_elsewhere));
        let local: BTreeSet<u16> = places
            .iter()
            .filter(|((host, _), place)| is_local(host) && !place.host.is_empty())
            .map(|(at, _)| at.1)
            .collect();
        let single = containers.len() < 2;
        let port_here = local.first().or(containers.first().map(|at| &at.1)).copied();
        if single {
            containers.clear();
        }
        let mut main = local_server(if single { composed.first() } else { None });
        if composed.is_empty() {
            main.port = port_here.filter(|_| single || !local.is_empty()).unwrap_or(main.port);
        }
        if far.len() == 1
            && places.iter().all(|((host, _), place)| is_elsewhere(host) || place.host.is_empty())
        {
            let (host, port) = far.pop_first().unwrap_or_default();
            main = ProposedServer { host, port, ..local_server(None) };
        }
        let notes = (local.len() > 1).then(|| folded(&local)).into_iter().collect();
        let named = named(containers.into_iter().chain(far), composed);
        PlacedServers { main, named, composed: composed.clone(), notes }
    }

    /// Returns the name of a database's server, unless that is `main`.
    pub(crate) fn name_of(&self, place: &DatabaseLocation) -> Option<String> {
        self.named.get(&address(place, &self.composed)).map(|(name, _)| name.clone())
    }

    pub(crate) fn all(self) -> BTreeMap<String, ProposedServer> {
        self.named.into_values().chain([(MAIN.to_owned(), self.main)]).collect()
    }
}

/// Returns this machine's server, with the settings of docker compose if there are any.
pub(crate) fn local_server(composed: Option<&ComposeServer>) -> ProposedServer {
    ProposedServer {
        host: "localhost".into(),
        port: composed.and_then(|server| server.port).unwrap_or(5432),
        user: composed.and_then(|server| server.user.clone()).unwrap_or_else(|| "postgres".into()),
        choice: ServerChoice::Chosen,
    }
}

fn is_local(host: &str) -> bool {
    matches!(host, "" | "localhost" | "127.0.0.1" | "::1" | "host.docker.internal")
}

/// Returns `true` for the name of a container or of a Service of Kubernetes: other machines do not resolve it.
fn is_container(host: &str) -> bool {
    !is_local(host) && !host.contains(['.', ':'])
}

fn is_elsewhere(host: &str) -> bool {
    !is_local(host) && !is_container(host)
}

/// Returns the host and port; a port that docker compose publishes on this machine is its container's.
pub(crate) fn address(place: &DatabaseLocation, composed: &[ComposeServer]) -> (String, u16) {
    let port = place.port.unwrap_or(5432);
    let published =
        |server: &&ComposeServer| is_local(&place.host) && place.port.is_some() && server.port == place.port;
    match composed.iter().find(published) {
        Some(server) => (server.host.clone(), 5432),
        None => (place.host.clone(), port),
    }
}

fn folded(ports: &BTreeSet<u16>) -> String {
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    format!(
        "the servers at the ports {} of this machine are one in this manifest; declare the others under `servers:`",
        listed(&ports)
    )
}

/// Returns a name that is not taken, from the word of a host that tells it from the others; with a number if that is taken.
pub(crate) fn free_name(host: &str, taken: &BTreeSet<String>) -> String {
    let base = server_word(host).or_else(|| service_name(host.split('.').next().unwrap_or_default()));
    let base = base.map_or_else(|| "server".to_owned(), |name| name.to_string());
    let numbered = (2..).map(|n| format!("{base}-{n}"));
    [base.clone()].into_iter().chain(numbered).find(|name| !taken.contains(name)).unwrap_or(base)
}

/// Returns the servers at the addresses, with their names.
fn named(
    addresses: impl Iterator<Item = (String, u16)>,
    composed: &[ComposeServer],
) -> BTreeMap<(String, u16), (String, ProposedServer)> {
    let mut names: BTreeSet<String> = [MAIN.to_owned()].into();
    let mut all = BTreeMap::new();
    for (host, port) in addresses {
        let name = free_name(&host, &names);
        names.insert(name.clone());
        let container = composed.iter().find(|server| server.host == host);
        let choice = if is_container(&host) {
            ServerChoice::Container(container.and_then(|server| server.port))
        } else {
            ServerChoice::Elsewhere
        };
        let server = ProposedServer { host: host.clone(), port, user: "postgres".into(), choice };
        all.insert((host, port), (name, server));
    }
    all
}
