//! Redis servers, told from PostgreSQL's by the scheme of their URL, and the keys of each service there.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::raw::{Embedded, RawRedis, RawServer};
use crate::redis::{
    DEFAULT_USER, EmbeddedRedis, FURTHER_COMMANDS, RedisPart, RedisServer, RedisService, own_admin,
};
use crate::source::expand::{FilledUrl, fill_url};
use crate::url::connection_url::take_apart;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::{DesiredService, EMBEDDED_REDIS_ADMIN, RoleKind, ServerName, ServiceName};

/// Schemes of URLs of Redis: <https://www.iana.org/assignments/uri-schemes/prov/redis>.
const SCHEMES: [(&str, bool); 2] = [("redis://", false), ("rediss://", true)];

const DEFAULT_PORT: u16 = 6379;

/// Parameter of a URL: the authority of the server's certificate, as in a URL of PostgreSQL.
const ROOT_CERTIFICATE: &str = "sslrootcert";

/// Returns `true` for a server at a URL of Redis, or one that martydb runs.
pub(crate) fn is_redis(scope: &Scope, raw: &RawServer) -> bool {
    if raw.embedded == Some(Embedded::Redis) {
        return true;
    }
    let filled = raw.url.as_deref().map(|text| fill_url(text, scope.variables));
    filled.is_some_and(|filled| filled.is_ok_and(|filled| scheme(&filled.url).is_some()))
}

fn scheme(url: &str) -> Option<(&str, bool)> {
    SCHEMES.iter().find_map(|(scheme, tls)| Some((url.strip_prefix(scheme)?, *tls)))
}

pub(crate) fn all(scope: &Scope, services: &BTreeMap<ServiceName, DesiredService>) -> Result<RedisPart> {
    let declared = scope.raw.servers.iter().filter(|(_, raw)| is_redis(scope, raw));
    let servers: BTreeMap<ServerName, RedisServer> =
        declared.map(|(name, raw)| Ok((name.clone(), server(scope, name, raw)?))).collect::<Result<_>>()?;
    let mut found = BTreeMap::new();
    for name in services.keys() {
        let own = scope.raw.services.get(name.as_str()).and_then(Option::as_ref);
        let (own, defaults) = (own.and_then(|own| own.redis.as_ref()), scope.raw.defaults.redis.as_ref());
        if own.is_some() || defaults.is_some() {
            let blank = RawRedis::default();
            let (own, defaults) = (own.unwrap_or(&blank), defaults.unwrap_or(&blank));
            found.insert(name.clone(), service(scope, name, own, defaults, &servers)?);
        }
    }
    check_prefixes(scope, &found)?;
    check_users(scope, &servers, &found)?;
    Ok(RedisPart { servers, services: found })
}

fn server(scope: &Scope, name: &str, raw: &RawServer) -> Result<RedisServer> {
    ServiceName::new(name)
        .map_err(|error| scope.error(["servers", name], format!("server name \"{name}\" {error}")))?;
    if let Some(key) = of_postgresql(raw) {
        let message = format!("a Redis server has no {key}");
        return Err(scope.error(["servers", name, key], message).hint(format!("remove {key}")));
    }
    let is_embedded = is_embedded(scope, name, raw)?;
    let filled = raw.url.as_deref().map(|text| fill_url(text, scope.variables)).transpose();
    let filled = filled.map_err(|problem| scope.sources.unfilled(&["servers", name, "url"], &problem))?;
    let Some(filled) = filled else { return Ok(embedded(scope, name, raw.port)) };
    // With embedded: auto the URL is not used in this run, but must be valid.
    let parsed = parse(scope, &filled).map_err(|error| {
        let wrong = scope.error(["servers", name, "url"], &error.message);
        Error { hints: error.hints, ..wrong }
    })?;
    if is_embedded {
        return Ok(embedded(scope, name, raw.port));
    }
    let password_env = raw.password_env.clone();
    Ok(RedisServer { name: name.to_owned(), password_env, ..parsed })
}

/// Returns `true` if martydb runs the server itself.
fn is_embedded(scope: &Scope, name: &str, raw: &RawServer) -> Result<bool> {
    let wrong = |key, message, hint| Err(scope.error(["servers", name, key], message).hint(hint));
    let no_url = "a server that martydb runs itself has no url";
    match raw.embedded {
        Some(Embedded::Fixed(true)) => {
            wrong("url", no_url, "write embedded: redis and no url, or embedded: auto")
        }
        Some(Embedded::Redis) if raw.url.is_some() => {
            wrong("url", no_url, "remove the url, or write embedded: auto")
        }
        Some(Embedded::Redis) if raw.password_env.is_some() => {
            let message = "a server that martydb runs itself needs no password for its admin";
            wrong("password_env", message, "remove password_env")
        }
        None | Some(Embedded::Fixed(false)) if raw.port.is_some() => {
            wrong("port", "the port of a server at a url is in the url", "remove port")
        }
        None | Some(Embedded::Fixed(false)) => Ok(false),
        Some(Embedded::Auto) => Ok(!scope.has_db_host()),
        Some(Embedded::Redis) => Ok(true),
    }
}

fn embedded(scope: &Scope, name: &str, port: Option<u16>) -> RedisServer {
    RedisServer {
        name: name.to_owned(),
        embedded: Some(EmbeddedRedis { port }),
        host: "127.0.0.1".into(),
        port: 0,
        tls: false,
        root_certificate: None,
        user: EMBEDDED_REDIS_ADMIN.into(),
        password: None,
        password_env: None,
        own_admin: own_admin(&scope.project()),
    }
}

/// Returns a key that only a PostgreSQL server has.
fn of_postgresql(raw: &RawServer) -> Option<&'static str> {
    let keys = [
        ("app_url", raw.app_url.is_some()),
        ("require_auth", raw.require_auth.is_some()),
        ("platform", raw.platform.is_some()),
        ("close_maintenance", raw.close_maintenance.is_some()),
        ("disposable", raw.disposable.is_some()),
        ("labels", !raw.labels.is_empty()),
        ("database_owner", raw.database_owner.is_some()),
    ];
    keys.into_iter().find(|(_, is_set)| *is_set).map(|(key, _)| key)
}

/// # Errors
/// Neither message nor hint repeats a part of the URL.
fn parse(scope: &Scope, filled: &FilledUrl) -> Result<RedisServer> {
    let (rest, tls) = scheme(&filled.url).ok_or_else(|| Error::manifest("not a URL of Redis"))?;
    let known = |key: &str| match key {
        ROOT_CERTIFICATE => Ok(()),
        _ => Err(Error::manifest(format!("the URL has an unknown parameter; known is {ROOT_CERTIFICATE}"))),
    };
    let mut given = take_apart(&format!("postgresql://{rest}"), known)?;
    let mut take = |key: &str| given.remove(key).filter(|value| !value.is_empty());
    if take("dbname").is_some_and(|database| database != "0") {
        return Err(Error::manifest("the URL names a database of Redis")
            .hint("leave it out: keys are told apart by their prefix, in every database of the server"));
    }
    let host = take("host").unwrap_or_else(|| "localhost".into());
    let port = take("port").map_or(Ok(DEFAULT_PORT), |port| port.parse());
    let port = port.ok().filter(|port| *port > 0);
    let port = port.ok_or_else(|| Error::manifest("the port is not a number from 1 to 65535"))?;
    if host.contains([',', '/']) {
        return Err(Error::manifest("the URL does not name one host")
            .hint("Redis Cluster and Sentinel are not supported: name one server"));
    }
    let root_certificate = take(ROOT_CERTIFICATE).map(|path| scope.home.join(path));
    if root_certificate.is_some() && !tls {
        return Err(Error::manifest(format!("{ROOT_CERTIFICATE} needs a URL that begins with rediss://")));
    }
    Ok(RedisServer {
        name: ServerName::new(),
        embedded: None,
        host,
        port,
        tls,
        root_certificate,
        user: take("user").unwrap_or_else(|| DEFAULT_USER.into()),
        password: take("password"),
        password_env: None,
        own_admin: own_admin(&scope.project()),
    })
}

fn service(
    scope: &Scope,
    name: &ServiceName,
    own: &RawRedis,
    defaults: &RawRedis,
    servers: &BTreeMap<ServerName, RedisServer>,
) -> Result<RedisService> {
    let path = ["services", name.as_str(), "redis"];
    let only = servers.keys().next().filter(|_| servers.len() == 1);
    let server = own.server.as_ref().or(defaults.server.as_ref()).or(only);
    let server = server.ok_or_else(|| {
        let missing = if servers.is_empty() { "the manifest has no Redis server" } else { "redis: names no server" };
        scope.error(path, missing).hint("declare one with a url that begins with redis:// or rediss://, and name it: redis: { server: NAME }")
    })?;
    if !servers.contains_key(server) {
        let message = match scope.raw.servers.contains_key(server) {
            true => format!("server \"{server}\" is a PostgreSQL server"),
            false => format!("unknown server \"{server}\""),
        };
        let known: Vec<&str> = servers.keys().map(String::as_str).collect();
        return Err(scope.error(path, message).hint(hint(server, "Redis servers", &known)));
    }
    let (text, default) = (own.prefix.as_ref(), defaults.prefix.as_ref());
    let prefix = scope.template(path, name.as_str(), text, default, "{service}:")?;
    check_prefix(&prefix).map_err(|why| scope.error(path, format!("prefix \"{prefix}\" {why}")))?;
    let scripts = own.scripts.or(defaults.scripts).unwrap_or(false);
    let commands = own.commands.as_ref().or(defaults.commands.as_ref()).cloned().unwrap_or_default();
    let known: Vec<&str> = FURTHER_COMMANDS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = commands.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(scope
            .error(path, format!("\"{unknown}\" is no command that can be added"))
            .hint(hint(unknown, "commands", &known)));
    }
    let events = own.keyspace_events.as_ref().or(defaults.keyspace_events.as_ref());
    let keyspace_events = events.cloned().unwrap_or_default();
    Ok(RedisService {
        service: name.clone(),
        server: server.clone(),
        prefix,
        scripts,
        commands,
        keyspace_events,
    })
}

/// A prefix needs no escaping in a pattern, and ends with a separator: `shop` would be the prefix of `shop2:` too.
fn check_prefix(prefix: &str) -> std::result::Result<(), &'static str> {
    if !prefix.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:/".contains(c)) {
        return Err("has characters other than letters, digits and _ - . : /");
    }
    match prefix.chars().next_back() {
        Some(':' | '/' | '.') => Ok(()),
        _ => Err("does not end with a separator: one of : / ."),
    }
}

fn check_prefixes(scope: &Scope, services: &BTreeMap<ServiceName, RedisService>) -> Result<()> {
    for one in services.values() {
        let inside = |other: &&RedisService| {
            other.service != one.service
                && other.server == one.server
                && one.prefix.starts_with(&other.prefix)
        };
        if let Some(other) = services.values().find(inside) {
            let message =
                format!("prefix \"{}\" is within that of service \"{}\"", one.prefix, other.service);
            return Err(scope
                .error(["services", one.service.as_str(), "redis"], message)
                .hint("give each service a prefix that begins no other service's keys"));
        }
    }
    Ok(())
}

/// Rejects a service whose user would be another service's, or an admin.
fn check_users(
    scope: &Scope,
    servers: &BTreeMap<ServerName, RedisServer>,
    services: &BTreeMap<ServiceName, RedisService>,
) -> Result<()> {
    let mut taken = BTreeMap::new();
    for one in services.values() {
        let server = &servers[&one.server];
        for user in RoleKind::APPLICATIONS.map(|kind| one.user(kind)) {
            let path = ["services", one.service.as_str(), "redis"];
            if user == server.user || user == server.own_admin.as_str() || user == DEFAULT_USER {
                return Err(scope.error(path, format!("user \"{user}\" administers the server")));
            }
            if let Some(other) = taken.insert((&one.server, user.clone()), &one.service) {
                return Err(
                    scope.error(path, format!("user \"{user}\" is already one of service \"{other}\""))
                );
            }
        }
    }
    Ok(())
}
