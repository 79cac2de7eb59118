//! PgBouncer: <https://www.pgbouncer.org/config.html>. It knows the databases of the manifest and no others, and lets a login in where the
//! manifest does.
//!
//! Whom it believes is in `userlist.txt`, the verifiers that `secrets export --format pgbouncer` writes. Asking the server instead
//! (`auth_query`) takes a function that hands out the verifier of any login, and one more login that may call it: two doors more.

use std::collections::{BTreeMap, BTreeSet};

use super::landscape::{Landscape, ServerNode};
use martydb_model::contract::alternate_of;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, RoleKind};
use martydb_pg::wire::{Host, Tls};

/// Where the files lie, as Debian has it.
const FOLDER: &str = "/etc/pgbouncer";

/// The connections that a login has in a database, unless its limit on the server is lower.
const POOL_SIZE: i32 = 20;

/// The database of PgBouncer's own console.
const CONSOLE: &str = "pgbouncer";

/// The authorities of the operating system, which martydb believes where the manifest names none.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The logins that go through a pooler. Migrations need a session of their own.
const LOGINS: [RoleKind; 2] = [RoleKind::App, RoleKind::Readonly];

/// `pgbouncer.ini`.
///
/// # Errors
/// If servers differ in what PgBouncer has one setting for.
pub fn settings(landscape: &Landscape<'_>) -> Result<String> {
    let mut databases = BTreeMap::new();
    for node in &landscape.services {
        let (service, server) = (node.service, landscape.server(&node.service.server));
        let name = service.database.as_str();
        check_database(name)?;
        if let Some(other) = databases.insert(name, entry(service, server)?) {
            let message = format!("two servers have a database \"{name}\", and PgBouncer has one");
            return Err(Error::manifest(message).cause(other).hint("give one of them another name"));
        }
    }
    let entries: String = databases.values().cloned().collect();
    let pooler = landscape.manifest.deploy.pooler.clone().unwrap_or_default();
    let tls = tls(landscape)?;
    let env = &landscape.manifest.env;
    Ok(format!(
        "# The logins' verifiers: martydb -e {env} secrets export --format pgbouncer --values --out {FOLDER}/userlist.txt\n\
         [databases]\n\
         {entries}\n\
         [pgbouncer]\n\
         listen_addr = {listen}\n\
         listen_port = {port}\n\
         auth_type = hba\n\
         auth_hba_file = {FOLDER}/pgbouncer_hba.conf\n\
         auth_file = {FOLDER}/userlist.txt\n\
         # The console is for the account that runs PgBouncer, on its socket.\n\
         admin_users =\n\
         stats_users =\n\
         unix_socket_mode = 0700\n\
         pool_mode = {mode}\n\
         default_pool_size = {POOL_SIZE}\n\
         # Drivers for Java send it.\n\
         ignore_startup_parameters = extra_float_digits\n\
         {tls}",
        listen = pooler.listen,
        port = pooler.port,
        mode = pooler.mode.name(),
    ))
}

/// `pgbouncer_hba.conf`: what no line lets in is refused.
///
/// # Errors
/// If a name cannot be written in it.
pub fn entrances(landscape: &Landscape<'_>) -> Result<String> {
    let mut text = String::new();
    for node in &landscape.services {
        let database = quoted(node.service.database.as_str())?;
        let logins = logins(landscape, node.service);
        let logins = logins.iter().map(|login| quoted(login)).collect::<Result<Vec<_>>>()?.join(",");
        for network in ["0.0.0.0/0", "::/0"] {
            text += &format!("host {database} {logins} {network} scram-sha-256\n");
        }
    }
    Ok(text)
}

/// Those that may use a service's database through a pooler, each with its alternate.
fn logins(landscape: &Landscape<'_>, service: &DesiredService) -> BTreeSet<String> {
    let own = LOGINS.map(|kind| service.role(kind).clone());
    let further = landscape.manifest.further_logins().filter(|(server, role)| {
        **server == service.server && service.access.iter().any(|grant| grant.role == role.name)
    });
    let further = further.map(|(_, role)| role.name.to_string());
    let pairs = own.iter().flat_map(|role| [Some(role.clone()), alternate_of(role)]).flatten();
    pairs.map(|role| role.to_string()).chain(further).collect()
}

/// The names that PgBouncer reads in its settings: its manual tells of quotes there, its reader knows none.
fn check_database(name: &str) -> Result<()> {
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        return Err(Error::manifest(format!("PgBouncer cannot have a database \"{name}\""))
            .hint("give it a name of letters, digits, _, - and ."));
    }
    if name == CONSOLE {
        return Err(Error::manifest(format!("a database \"{CONSOLE}\" would hide PgBouncer's console"))
            .hint("give it another name"));
    }
    Ok(())
}

fn entry(service: &DesiredService, server: &ServerNode<'_>) -> Result<String> {
    let url = server.url;
    if !url.others.is_empty() {
        let message = format!(
            "the server \"{}\" has several hosts, and PgBouncer does not look for the primary",
            server.name
        );
        return Err(
            Error::manifest(message).hint("name one host in its url, such as that of a load balancer")
        );
    }
    let limits = LOGINS.iter().filter_map(|kind| service.connection_limit.get(kind));
    let size = limits.copied().filter(|limit| *limit > 0).min().map(|limit| limit.min(POOL_SIZE));
    let size = size.filter(|size| *size < POOL_SIZE).map(|size| format!(" pool_size={size}"));
    let database = service.database.as_str();
    Ok(format!(
        "{database} = host={} port={} dbname={}{}\n",
        value(&url.host),
        url.port,
        value(database),
        size.unwrap_or_default()
    ))
}

/// The settings of TLS to the servers. PgBouncer has one for all of them.
fn tls(landscape: &Landscape<'_>) -> Result<String> {
    let mut found: Option<(&str, Tls)> = None;
    for server in &landscape.servers {
        let endpoint = server.url.endpoint();
        if matches!(endpoint.host, Host::Socket(_)) {
            continue;
        }
        match &found {
            Some((other, tls)) if *tls != endpoint.tls => {
                let message = format!(
                    "the servers \"{other}\" and \"{}\" differ in TLS, and PgBouncer has one setting for all",
                    server.name
                );
                return Err(Error::manifest(message)
                    .hint("give both urls the same sslmode, sslrootcert, sslcert and sslkey"));
            }
            Some(_) => {}
            None => found = Some((server.name, endpoint.tls)),
        }
    }
    let Some((_, tls)) = found else { return Ok(String::new()) };
    let path = |path: &std::path::Path| path.display().to_string();
    let authorities = tls.root_certificate.as_deref().map(path);
    let authorities = authorities.or_else(|| tls.verifies().then(|| AUTHORITIES.to_owned()));
    let rows = [
        ("sslmode", Some(tls.mode.name().to_owned())),
        ("ca_file", authorities),
        ("cert_file", tls.client_certificate.as_deref().map(path)),
        ("key_file", tls.client_key.as_deref().map(path)),
    ];
    let lines =
        rows.into_iter().filter_map(|(name, value)| Some(format!("server_tls_{name} = {}\n", value?)));
    Ok(lines.collect())
}

/// A name that is no keyword.
fn quoted(name: &str) -> Result<String> {
    if name.contains(|c: char| c == '"' || c.is_control()) {
        return Err(Error::manifest(format!("PgBouncer's files cannot hold the name {name:?}"))
            .hint("give it a name without double quotes and line breaks"));
    }
    Ok(format!("\"{name}\""))
}

/// A value of a database's entry.
fn value(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
