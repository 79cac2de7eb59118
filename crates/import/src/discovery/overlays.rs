//! Overlays of the manifest: what differs in production or in tests.

use std::collections::{BTreeMap, BTreeSet};

use super::environments::{EnvironmentPlaces, PRODUCTION};
use super::proposal::Proposal;
use super::servers::{MAIN, free_name};
use super::text::{scalar, url};
use super::url::DatabaseLocation;
use martydb_model::ServiceName;

/// Returns the text of each environment's overlay.
pub fn overlays(proposal: &Proposal) -> BTreeMap<&'static str, String> {
    let environments = proposal.environments.iter();
    environments.map(|(env, places)| (*env, overlay(proposal, env, places))).collect()
}

fn overlay(proposal: &Proposal, env: &str, places: &EnvironmentPlaces) -> String {
    let names = server_names(proposal, places);
    let mut text = format!(
        "# What differs from martydb.yaml in {env}; the passwords of its logins are in .martydb/secrets/{env}.yaml.\nversion: 1\n"
    );
    if !names.is_empty() {
        text += "servers:\n";
    }
    let several = names.len() > 1;
    text.extend(names.iter().map(|(address, name)| server(name, address, env, several)));
    let lines: String =
        places.iter().filter_map(|(name, place)| service(proposal, name, place, &names)).collect();
    if lines.is_empty() { text } else { text + "services:\n" + &lines }
}

fn address(place: &DatabaseLocation) -> (String, u16) {
    (place.host.clone(), place.port.unwrap_or(5432))
}

fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

/// Names each server of the environment: as the manifest does, if all services of that server and no others use it.
fn server_names(proposal: &Proposal, places: &EnvironmentPlaces) -> BTreeMap<(String, u16), String> {
    let mut users: BTreeMap<(String, u16), BTreeSet<&str>> = BTreeMap::new();
    for (name, place) in places.iter().filter(|(_, place)| !is_here(&place.host)) {
        users.entry(address(place)).or_default().insert(proposal.server_of(name));
    }
    let alone = |server: &str| users.values().filter(|servers| servers.contains(server)).count() == 1;
    let mut taken: BTreeSet<String> = proposal.servers.keys().cloned().collect();
    let mut names = BTreeMap::new();
    for (at, servers) in &users {
        let same = servers.first().filter(|one| servers.len() == 1 && alone(one));
        let name = same.map_or_else(|| free_name(&at.0, &taken), |name| (*name).to_owned());
        taken.insert(name.clone());
        names.insert(at.clone(), name);
    }
    names
}

fn server(name: &str, (host, port): &(String, u16), env: &str, several: bool) -> String {
    let mode = if env == PRODUCTION { "verify-full" } else { "prefer" };
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let place = match (host.as_str(), several) {
        ("", _) => format!("${{DB_HOST}}:${{DB_PORT:-{port}}}"),
        (host, true) => format!("{host}:{port}"),
        (host, false) => format!("${{DB_HOST:-{host}}}:${{DB_PORT:-{port}}}"),
    };
    let variable = name.to_uppercase().replace('-', "_");
    let password =
        if several { format!("    password_env: {variable}_ADMIN_PASSWORD\n") } else { String::new() };
    let url = url(&format!("postgresql://${{DB_USER:-postgres}}@{place}/postgres?sslmode={mode}"));
    format!("  {name}:\n    embedded: false\n    url: {url}\n{password}")
}

/// Returns the line of a service with the keys that differ from the manifest's.
fn service(
    proposal: &Proposal,
    name: &ServiceName,
    place: &DatabaseLocation,
    names: &BTreeMap<(String, u16), String>,
) -> Option<String> {
    let server = names.get(&address(place)).filter(|server| *server != proposal.server_of(name));
    let known =
        proposal.services.get(name).and_then(|service| service.database.as_deref()).unwrap_or(name.as_str());
    let database = Some(place.database.as_str())
        .filter(|database| !matches!(*database, "" | "postgres") && *database != known);
    let server = server.map(|server| format!("server: {server}"));
    let database = database.map(|database| format!("database: {}", scalar(database)));
    let keys: Vec<String> = server.into_iter().chain(database).collect();
    (!keys.is_empty()).then(|| format!("  {name}: {{ {} }}\n", keys.join(", ")))
}

impl Proposal {
    /// Returns the server of a service.
    fn server_of(&self, name: &ServiceName) -> &str {
        self.services.get(name).and_then(|service| service.server.as_deref()).unwrap_or(MAIN)
    }
}
