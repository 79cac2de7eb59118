//! Application URLs of each service: its own, those of the defaults, or those of the server.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::checked::{ServerLocation, ServerSpec};
use crate::raw::{Embedded, RawAppUrl};
use crate::source::expand::fill_url;
use crate::url::app_url::parse;
use martydb_model::app_url::{AppUrl, AppUrls};
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, ServiceName};

/// A level of the manifest that sets `app_url`.
struct AppUrlLayer<'a> {
    path: Vec<&'a str>,
    raw: &'a RawAppUrl,
}

/// Returns the application URLs of each service that has any.
///
/// # Errors
/// If a URL is invalid, contains a login, or leads two services to one database.
pub(crate) fn all(
    scope: &Scope,
    servers: &BTreeMap<String, ServerSpec>,
    services: &BTreeMap<ServiceName, DesiredService>,
) -> Result<BTreeMap<ServiceName, AppUrls>> {
    // A URL that no service uses is checked as well.
    for (name, raw) in &scope.raw.servers {
        for (path, text) in raw.app_url.iter().flat_map(|raw| texts(&["servers", name, "app_url"], raw)) {
            url(scope, &path, text)?;
        }
    }
    let of = |service: &DesiredService| Ok((service.name.clone(), of_service(scope, servers, service)?));
    let urls = services.values().map(of).collect::<Result<BTreeMap<_, _>>>()?;
    check_distinct(scope, services, &urls)?;
    Ok(urls)
}

fn of_service(
    scope: &Scope,
    servers: &BTreeMap<String, ServerSpec>,
    service: &DesiredService,
) -> Result<AppUrls> {
    let mut urls = AppUrls::default();
    if runs_itself(scope, servers, &service.server) {
        return Ok(urls);
    }
    for layer in layers(scope, service) {
        if matches!(layer.raw, RawAppUrl::Url(_)) {
            urls = AppUrls::default();
        }
        for (path, text) in texts(&layer.path, layer.raw) {
            let filled = url(scope, &path, text)?;
            let own = Some(for_service(scope, &path, filled, service)?);
            *(if path.last() == Some(&"read") { &mut urls.read } else { &mut urls.write }) = own;
        }
    }
    Ok(urls)
}

/// Returns `true` if martydb runs the server. With `embedded: auto` the URLs are those of the other server, at `url`.
fn runs_itself(scope: &Scope, servers: &BTreeMap<String, ServerSpec>, server: &str) -> bool {
    let auto = scope.raw.servers.get(server).and_then(|raw| raw.embedded) == Some(Embedded::Auto);
    auto && matches!(servers[server].location, ServerLocation::Embedded { .. })
}

/// Returns the levels, the most general first.
fn layers<'a>(scope: &'a Scope, service: &'a DesiredService) -> Vec<AppUrlLayer<'a>> {
    let (server, name) = (service.server.as_str(), service.name.as_str());
    let own = scope.raw.services.get(name).and_then(Option::as_ref);
    let rows = [
        (["servers", server, "app_url"].to_vec(), scope.raw.servers.get(server).map(|raw| &raw.app_url)),
        (["defaults", "app_url"].to_vec(), Some(&scope.raw.defaults.app_url)),
        (["services", name, "app_url"].to_vec(), own.map(|own| &own.app_url)),
    ];
    rows.into_iter().filter_map(|(path, raw)| Some(AppUrlLayer { path, raw: raw?.as_ref()? })).collect()
}

fn texts<'a>(path: &[&'a str], raw: &'a RawAppUrl) -> Vec<(Vec<&'a str>, &'a str)> {
    let under = |key| [path, &[key]].concat();
    match raw {
        RawAppUrl::Url(text) => vec![(path.to_vec(), text)],
        RawAppUrl::Map(map) => {
            let each = [("write", &map.write), ("read", &map.read)];
            each.into_iter().filter_map(|(key, text)| Some((under(key), text.as_deref()?))).collect()
        }
    }
}

fn url(scope: &Scope, path: &[&str], text: &str) -> Result<AppUrl> {
    let filled = fill_url(text, scope.variables).map_err(|problem| scope.sources.unfilled(path, &problem))?;
    parse(&filled.url)
        .map_err(|error| Error { hints: error.hints, ..scope.sources.error_at(path, error.message) })
}

/// Substitutes the placeholders of a service.
fn for_service(scope: &Scope, path: &[&str], url: AppUrl, service: &DesiredService) -> Result<AppUrl> {
    let fill = |text: &str| {
        let text = text.replace("{service}", service.name.as_str());
        let text = text.replace("{database}", service.database.as_str());
        if text.contains(['{', '}']) {
            let message = "the only placeholders here are {service} and {database}";
            return Err(scope.sources.error_at(path, message));
        }
        Ok(text)
    };
    let hosts = url.hosts.iter().map(|(host, port)| Ok((fill(host)?, *port))).collect::<Result<_>>()?;
    let database = url.database.as_deref().map(fill).transpose()?;
    Ok(AppUrl { hosts, database, ..url })
}

/// Rejects two services with one address and one database: they would read each other's data, or fail to.
fn check_distinct(
    scope: &Scope,
    services: &BTreeMap<ServiceName, DesiredService>,
    urls: &BTreeMap<ServiceName, AppUrls>,
) -> Result<()> {
    let mut taken: BTreeMap<(&(String, u16), &str), &ServiceName> = BTreeMap::new();
    for (name, urls) in urls {
        for url in urls.write.iter().chain(&urls.read) {
            let database = url.database.as_deref().unwrap_or(services[name].database.as_str());
            for host in &url.hosts {
                let other = *taken.entry((host, database)).or_insert(name);
                // Databases of the same name on two servers behind one address are rejected too.
                if other != name {
                    let message =
                        format!("the app_url leads to the same database as that of service \"{other}\"");
                    return Err(scope
                        .error(["services", name.as_str(), "app_url"], message)
                        .hint("leave the database out, or write {database} or {service} for it"));
                }
            }
        }
    }
    Ok(())
}
