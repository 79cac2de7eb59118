//! Servers: embedded or at a URL, with their platforms and database owners.

use std::collections::BTreeMap;

use super::redis::is_redis;
use super::replicas;
use super::scope::Scope;
use crate::checked::{ServerLocation, ServerSpec, ServerUrl};
use crate::raw::{Embedded, RawServer};
use crate::source::expand::{FilledUrl, fill_url};
use crate::url;
use martydb_model::error::{Error, Result};
use martydb_model::platform::Platform;
use martydb_model::{RoleName, ServiceName};

pub(crate) const DEFAULT_SERVER: &str = "main";

pub(crate) fn all(scope: &Scope) -> Result<BTreeMap<String, ServerSpec>> {
    let mut declared = scope.raw.servers.iter().filter(|(_, raw)| !is_redis(scope, raw)).peekable();
    if declared.peek().is_none() {
        let embedded = RawServer { embedded: Some(Embedded::Fixed(true)), ..RawServer::default() };
        return Ok(BTreeMap::from([(DEFAULT_SERVER.into(), server(scope, DEFAULT_SERVER, &embedded)?)]));
    }
    declared.map(|(name, raw)| Ok((name.clone(), server(scope, name, raw)?))).collect()
}

fn server(scope: &Scope, name: &str, raw: &RawServer) -> Result<ServerSpec> {
    // The name becomes a folder of the embedded server.
    ServiceName::new(name)
        .map_err(|error| scope.error(["servers", name], format!("server name \"{name}\" {error}")))?;
    let owner = raw.database_owner.clone().map(RoleName::new).transpose();
    let location = location(scope, name, raw)?;
    let platform = platform(scope, name, raw, &location)?;
    let replicas = replicas::of_server(scope, name, raw, &location)?;
    Ok(ServerSpec {
        location,
        replicas,
        platform,
        close_maintenance: raw.close_maintenance.unwrap_or(platform.is_none_or(|one| one.close_maintenance)),
        disposable: raw.disposable.unwrap_or(false),
        database_owner: owner.map_err(|error| scope.error(["servers", name, "database_owner"], error))?,
    })
}

/// Returns the platform. An embedded server has none; with `embedded: auto` the key is about the other server.
fn platform(
    scope: &Scope,
    name: &str,
    raw: &RawServer,
    location: &ServerLocation,
) -> Result<Option<&'static Platform>> {
    let named = raw.platform.and_then(|platform| Platform::named(platform.name()));
    match (location, raw.embedded) {
        (ServerLocation::Url(_), _) => Ok(named),
        (ServerLocation::Embedded { .. }, Some(Embedded::Auto)) => Ok(None),
        (ServerLocation::Embedded { .. }, _) if named.is_none() => Ok(None),
        (ServerLocation::Embedded { .. }, _) => {
            let message = "a server that martydb runs itself is on no platform";
            Err(scope.error(["servers", name, "platform"], message).hint("remove platform"))
        }
    }
}

fn location(scope: &Scope, name: &str, raw: &RawServer) -> Result<ServerLocation> {
    let url = filled(scope, name, raw)?;
    let wrong = |key, message: &str| scope.error(["servers", name, key], message);
    match (raw.embedded.unwrap_or(Embedded::Fixed(raw.url.is_none())), url) {
        (Embedded::Fixed(true), Some(_)) => Err(wrong("url", "a server that martydb runs itself has no url")
            .hint("remove the url, or write embedded: false or auto")),
        (Embedded::Fixed(false) | Embedded::Redis, None) => {
            Err(wrong("embedded", "a server that martydb does not run needs a url")
                .hint("add url: postgresql://admin@host:5432/postgres"))
        }
        (Embedded::Auto, None) => {
            Err(wrong("embedded", "embedded: auto needs a url for when DB_HOST is set"))
        }
        (Embedded::Fixed(true), None) if raw.password_env.is_some() || raw.require_auth.is_some() => {
            let key = if raw.password_env.is_some() { "password_env" } else { "require_auth" };
            let message = "a server that martydb runs itself needs no password for its admin";
            Err(wrong(key, message).hint(format!("remove {key}")))
        }
        (Embedded::Auto, Some(url)) if !scope.has_db_host() => {
            // The URL is not used in this run, but must be valid.
            url::check(&url).map_err(|error| Error { hints: error.hints, ..wrong("url", &error.message) })?;
            Ok(ServerLocation::Embedded { port: raw.port })
        }
        (Embedded::Fixed(true), None) => Ok(ServerLocation::Embedded { port: raw.port }),
        (_, Some(url)) => server_url(scope, name, raw, &url).map(|url| ServerLocation::Url(Box::new(url))),
    }
}

/// Returns the URL with its variables substituted. A variable that is not set is an error even if the server is embedded.
fn filled(scope: &Scope, name: &str, raw: &RawServer) -> Result<Option<FilledUrl>> {
    let filled = raw.url.as_deref().map(|text| fill_url(text, scope.variables)).transpose();
    filled.map_err(|problem| scope.sources.unfilled(&["servers", name, "url"], &problem))
}

fn server_url(scope: &Scope, name: &str, raw: &RawServer, filled: &FilledUrl) -> Result<ServerUrl> {
    let wrong = |key, message: String| scope.error(["servers", name, key], message);
    let mut url = url::parse(filled, scope.home, scope.variables)
        .map_err(|error| Error { hints: error.hints, ..wrong("url", error.message) })?;
    url.password_env.clone_from(&raw.password_env);
    if let Some(text) = &raw.require_auth {
        let own = text.parse().map_err(|error| wrong("require_auth", error))?;
        if url.require_auth.replace(own).is_some() {
            return Err(wrong("require_auth", "the url has a require_auth of its own".into())
                .hint("keep one of the two"));
        }
    }
    Ok(url)
}
