//! PgBouncer configuration: <https://www.pgbouncer.org/config.html>. It contains only the databases of the
//! manifest, and accepts the same logins as the manifest.
//!
//! It authenticates with `userlist.txt`, the verifiers of `secrets export --format pgbouncer`. The alternative
//! (`auth_query`) would need a function that returns the verifier of any login, and a login that may call it: two
//! more points of attack.

use std::collections::{BTreeMap, BTreeSet};

use super::deployment::{DeploymentPlan, ServerNode};
use martydb_model::contract::alternate_of;
use martydb_model::deploy::PoolerDeployment;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, RoleKind};
use martydb_pg::wire::{BindingMode, Host, Tls, TlsMode};

/// Folder of the files, as on Debian.
const FOLDER: &str = "/etc/pgbouncer";

/// Clients at a time at least: PgBouncer's default.
const FEWEST_CLIENTS: u32 = 100;

/// TLS with clients on other machines; the files are the user's.
const CLIENT_TLS: &str = "client_tls_sslmode = require\n\
                          client_tls_cert_file = /etc/pgbouncer/pgbouncer.crt\n\
                          client_tls_key_file = /etc/pgbouncer/pgbouncer.key\n";

/// Connections of a login to a database, unless its limit on the server is lower.
const POOL_SIZE: i32 = 20;

/// Database of PgBouncer's own console.
const CONSOLE: &str = "pgbouncer";

/// Authorities of the operating system, which martydb trusts if the manifest names none.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Returns `pgbouncer.ini`.
///
/// # Errors
/// If servers differ in a setting that PgBouncer has only once.
pub(crate) fn settings(plan: &DeploymentPlan<'_>) -> Result<String> {
    let mut databases = BTreeMap::new();
    for node in &plan.services {
        let (service, server) = (node.service, plan.server(&node.service.server));
        let name = service.database.as_str();
        check_database(name)?;
        if let Some(other) = databases.insert(name, entry(service, server)?) {
            let message =
                format!("two servers have a database \"{name}\", but names in PgBouncer are unique");
            return Err(Error::manifest(message).cause(other).hint(
                "give one of them another name, or run a pooler for each: render pgbouncer --server NAME",
            ));
        }
    }
    let entries: String = databases.values().cloned().collect();
    let pooler = plan.manifest.deploy.pooler.clone().unwrap_or_default();
    let tls = tls(plan)?;
    let env = &plan.manifest.env;
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
         max_client_conn = {clients}\n\
         # Drivers for Java send it.\n\
         ignore_startup_parameters = extra_float_digits\n\
         {client_tls}{tls}",
        clients = pooler.max_clients.unwrap_or_else(|| all_clients(plan)),
        client_tls = if is_reachable(&pooler) { CLIENT_TLS } else { "" },
        listen = pooler.listen,
        port = pooler.port,
        mode = pooler.mode.name(),
    ))
}

/// Returns `true` if other machines can connect.
fn is_reachable(pooler: &PoolerDeployment) -> bool {
    !pooler.listen.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Returns as many clients as the logins may have connections to the servers.
fn all_clients(plan: &DeploymentPlan<'_>) -> u32 {
    let limits = plan.services.iter().flat_map(|node| node.service.connection_limit.iter());
    let of_applications = limits.filter(|(kind, _)| RoleKind::APPLICATIONS.contains(kind));
    let counts = of_applications.map(|(_, limit)| u32::try_from(*limit).unwrap_or(FEWEST_CLIENTS));
    counts.sum::<u32>().max(FEWEST_CLIENTS)
}

/// Returns `pgbouncer_hba.conf`; logins without a matching line are rejected.
///
/// # Errors
/// If a name cannot be written in the file, or other machines can connect and no network is declared.
pub(crate) fn entrances(plan: &DeploymentPlan<'_>) -> Result<String> {
    let pooler = plan.manifest.deploy.pooler.clone().unwrap_or_default();
    let (kind, networks) = match (is_reachable(&pooler), pooler.networks) {
        (false, _) => ("host", vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()]),
        (true, networks) if networks.is_empty() => {
            return Err(Error::manifest(format!(
                "other machines can connect to PgBouncer at {}",
                pooler.listen
            ))
            .hint("name the networks of its clients: deploy: { pooler: { networks: [10.20.0.0/24] } }"));
        }
        (true, networks) => ("hostssl", networks),
    };
    let mut text = String::new();
    for node in &plan.services {
        let database = quoted(node.service.database.as_str())?;
        let logins = logins(plan, node.service);
        let logins = logins.iter().map(|login| quoted(login)).collect::<Result<Vec<_>>>()?.join(",");
        for network in &networks {
            text += &format!("{kind} {database} {logins} {network} scram-sha-256\n");
        }
    }
    Ok(text)
}

/// Returns logins that may use a service's database through a pooler, each with its alternate. The relay listens for
/// notifications, which a pooler does not pass on in every mode: like the migrator, it connects to the server itself.
fn logins(plan: &DeploymentPlan<'_>, service: &DesiredService) -> BTreeSet<String> {
    let own = RoleKind::APPLICATIONS.map(|kind| service.role(kind).clone());
    let further = plan.manifest.further_logins().filter(|(server, role)| {
        **server == service.server && service.access.iter().any(|grant| grant.role == role.name)
    });
    let relay = service.outbox.as_ref().map(|outbox| &outbox.relay);
    let further =
        further.filter(|(_, role)| Some(&role.name) != relay).map(|(_, role)| role.name.to_string());
    let pairs = own.iter().flat_map(|role| [Some(role.clone()), alternate_of(role)]).flatten();
    pairs.map(|role| role.to_string()).chain(further).collect()
}

/// Restricts database names: PgBouncer's manual documents quoted names, but its parser does not accept them.
fn check_database(name: &str) -> Result<()> {
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        return Err(Error::manifest(format!("\"{name}\" is not a valid database name in PgBouncer"))
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
            "the server \"{}\" has several hosts, but PgBouncer does not search for the primary",
            server.name
        );
        return Err(
            Error::manifest(message).hint("name one host in its url, such as that of a load balancer")
        );
    }
    let limits = RoleKind::APPLICATIONS.iter().filter_map(|kind| service.connection_limit.get(kind));
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

/// Returns the TLS settings to the servers, which PgBouncer has only once.
fn tls(plan: &DeploymentPlan<'_>) -> Result<String> {
    let mut found: Option<(&str, Tls)> = None;
    for server in &plan.servers {
        let endpoint = server.url.endpoint();
        if matches!(endpoint.host, Host::Socket(_)) {
            continue;
        }
        let required = endpoint.tls.binding == BindingMode::Require;
        // A verified certificate excludes a program in the middle as well.
        if required && !endpoint.tls.verifies() {
            let message = format!(
                "the url of server \"{}\" requires channel binding, which PgBouncer does not have",
                server.name
            );
            return Err(Error::manifest(message).hint("let the url verify the server: sslmode=verify-full"));
        }
        let binding = BindingMode::default();
        let own = Tls { binding, ..endpoint.tls };
        match &found {
            Some((other, tls)) if *tls != own => {
                let message = format!(
                    "the servers \"{other}\" and \"{}\" differ in TLS, but PgBouncer has one setting for all",
                    server.name
                );
                return Err(Error::manifest(message)
                    .hint("give both urls the same sslmode, sslrootcert, sslcert and sslkey")
                    .hint("or run a pooler for each: render pgbouncer --server NAME"));
            }
            Some(_) => {}
            None => found = Some((server.name, own)),
        }
    }
    let Some((_, tls)) = found else { return Ok(String::new()) };
    let path = |path: &std::path::Path| path.display().to_string();
    let authorities = tls.root_certificate.as_deref().map(path);
    let authorities = authorities.or_else(|| tls.verifies().then(|| AUTHORITIES.to_owned()));
    // With an authority libpq verifies under `require` too, and PgBouncer does not.
    let mode = if tls.mode == TlsMode::Require && tls.verifies() { TlsMode::VerifyCa } else { tls.mode };
    let rows = [
        ("sslmode", Some(mode.name().to_owned())),
        ("ca_file", authorities),
        ("cert_file", tls.client_certificate.as_deref().map(path)),
        ("key_file", tls.client_key.as_deref().map(path)),
    ];
    let lines =
        rows.into_iter().filter_map(|(name, value)| Some(format!("server_tls_{name} = {}\n", value?)));
    Ok(lines.collect())
}

/// Quotes a name, so that it is not read as a keyword.
fn quoted(name: &str) -> Result<String> {
    if name.contains(|c: char| c == '"' || c.is_control()) {
        return Err(Error::manifest(format!("PgBouncer's files cannot contain the name {name:?}"))
            .hint("give it a name without double quotes and line breaks"));
    }
    Ok(format!("\"{name}\""))
}

/// Quotes a value of a database's entry.
fn value(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
