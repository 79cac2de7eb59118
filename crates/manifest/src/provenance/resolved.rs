//! The values of servers and services, with martydb's default where no file sets one.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use serde_yaml::Value;

use super::value::{ResolvedValue, find, leaves, written};
use crate::checked::{Manifest, ServerLocation, ServerUrl};
use crate::source::Sources;
use martydb_model::{DesiredExtension, DesiredService, DownFiles, OnSchemaDrift, RoleKind};

/// A key below a server or service, and its value.
type KeyedValue = (Vec<&'static str>, Json);

pub(crate) fn project(sources: &Sources, manifest: &Manifest) -> Option<ResolvedValue> {
    let key = ["project".to_owned()];
    // A key that a file sets is among the written values.
    find(sources, &[&key]).is_none().then(|| ResolvedValue {
        key: key.into(),
        value: json!(manifest.project),
        place: None,
        variables: vec![],
    })
}

pub(crate) fn servers(sources: &Sources, manifest: &Manifest) -> Vec<ResolvedValue> {
    let servers = manifest.servers.iter().flat_map(|(name, spec)| {
        let mut rows: Vec<KeyedValue> = match &spec.location {
            ServerLocation::Embedded { port } => {
                let port = port.map_or(json!(null), |port| json!(port));
                vec![(vec!["embedded"], json!(true)), (vec!["port"], port)]
            }
            ServerLocation::Url(url) => {
                let secret = json!(url.password_env);
                vec![
                    (vec!["embedded"], json!(false)),
                    (vec!["url"], json!(address(url))),
                    (vec!["password_env"], secret),
                ]
            }
        };
        rows.push((vec!["platform"], json!(spec.platform.map(|platform| platform.name))));
        rows.push((vec!["disposable"], json!(spec.disposable)));
        rows.push((vec!["close_maintenance"], json!(spec.close_maintenance)));
        let owner = spec.database_owner.as_ref().map(ToString::to_string);
        rows.push((vec!["database_owner"], json!(owner)));
        let prefix = ["servers".to_owned(), name.clone()];
        rows.into_iter().map(move |(keys, value)| resolved(sources, &[&prefix], &keys, value))
    });
    servers.collect()
}

/// Returns the admin's address, without the password.
fn address(url: &ServerUrl) -> String {
    let hosts: Vec<String> = url.each().map(|one| format!("{}:{}", one.host, one.port)).collect();
    format!("postgresql://{}@{}/{}", url.user, hosts.join(","), url.database)
}

/// Returns the keys of a service, and all other values of its entry.
pub(crate) fn service(
    sources: &Sources,
    service: &DesiredService,
    entry: Option<&Value>,
) -> Vec<ResolvedValue> {
    let own = ["services".to_owned(), service.name.to_string()];
    let defaults = ["defaults".to_owned()];
    let mut all: Vec<ResolvedValue> = rows(service)
        .into_iter()
        .map(|(keys, value)| resolved(sources, &[&own, &defaults], &keys, value))
        .collect();
    let settings = service.settings.iter().map(|(name, value)| (name.as_str(), json!(value)));
    all.extend(
        settings.map(|(name, value)| resolved(sources, &[&own, &defaults], &["settings", name], value)),
    );
    for section in [
        "labels", "parameters", "app_url", "moved", "lint", "access", "allow", "outbox", "redis", "serve",
        "deploy",
    ] {
        let Some(value) = entry.and_then(|entry| entry.get(section)) else { continue };
        let mut path = [own.as_slice(), &[section.to_owned()]].concat();
        leaves(value, &mut path, &mut |path, value| all.push(written(sources, path, value)));
    }
    all
}

/// Returns an extension as the manifest writes it.
fn extension(of: &DesiredExtension) -> serde_json::Value {
    match &of.schema {
        None => json!(of.name),
        Some(schema) => json!({ "name": of.name, "schema": schema.as_str() }),
    }
}

fn rows(service: &DesiredService) -> Vec<KeyedValue> {
    let down = match service.down {
        DownFiles::Required => "required",
        DownFiles::Optional => "optional",
        DownFiles::None => "none",
    };
    let schemas: Vec<String> = service.search_path.iter().map(ToString::to_string).collect();
    let mut rows: Vec<KeyedValue> = vec![
        (vec!["server"], json!(service.server)),
        (vec!["database"], json!(service.database.as_str())),
        (vec!["migrations", "path"], json!(service.migrations)),
        (vec!["migrations", "down"], json!(down)),
        (vec!["schemas"], json!(schemas)),
        (vec!["history", "schema"], json!(service.history_schema.as_str())),
    ];
    if service.on_schema_drift == OnSchemaDrift::Refuse {
        rows.push((vec!["on_schema_drift"], json!("refuse")));
    }
    if let Some(source) = &service.source {
        rows.push((vec!["migrations", "source", "tool"], json!(source.tool)));
        rows.push((vec!["migrations", "source", "path"], json!(source.path)));
    }
    rows.extend(of_roles("roles", &service.roles, |name| json!(name.as_str())));
    rows.extend(of_roles("connection_limit", &service.connection_limit, |limit| json!(limit)));
    rows.push((vec!["extensions"], json!(service.extensions.iter().map(extension).collect::<Vec<_>>())));
    rows.push((vec!["prune"], json!(service.prune)));
    rows.push((vec!["dump_schema"], json!(service.dump_schema)));
    rows
}

fn of_roles<T>(
    section: &'static str,
    values: &BTreeMap<RoleKind, T>,
    json: impl Fn(&T) -> Json,
) -> Vec<KeyedValue> {
    values.iter().map(|(kind, value)| (vec![section, kind.key()], json(value))).collect()
}

/// Returns the value, located under the first of the prefixes below which a file has the keys; a folder of migrations
/// may replace the whole map.
fn resolved(sources: &Sources, prefixes: &[&[String]], keys: &[&str], value: Json) -> ResolvedValue {
    let under = |prefix: &&[String], keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned());
        prefix.iter().cloned().chain(keys).collect::<Vec<String>>()
    };
    let mut paths = vec![];
    for prefix in prefixes {
        paths.push(under(prefix, keys));
        if keys == ["migrations", "path"] {
            paths.push(under(prefix, &["migrations"]));
        }
    }
    let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    let found = find(sources, &paths);
    ResolvedValue {
        key: under(&prefixes[0], keys),
        value,
        place: found.as_ref().map(|(place, _)| place.clone()),
        variables: found.map_or_else(Vec::new, |(_, variables)| variables),
    }
}
