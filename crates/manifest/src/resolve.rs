//! Defaults and templates, and the checks that types cannot express: names, duplicates, references.

mod access;
pub(crate) mod allow;
mod app_urls;
mod backup;
mod deploy;
mod event_target;
mod extensions;
mod labels;
mod monitor;
mod names;
mod outbox;
mod parameters;
mod partitions;
mod redis;
mod replicas;
mod scope;
mod serve;
mod servers;
mod services;
mod unique;

use std::path::Path;

use super::checked::Manifest;
use super::raw::{RawAbsent, RawManifest, RawSecrets};
use super::source::Sources;
use martydb_model::environment::Environment;
use martydb_model::error::Result;
use scope::Scope;

pub use names::login as login_name;

const FORMAT_VERSION: u32 = 1;

pub(crate) fn resolve(
    raw: RawManifest,
    sources: &Sources,
    env: &str,
    variables: &Environment,
) -> Result<Manifest> {
    let place = sources.place_of_base().clone();
    let home = place.path.parent().unwrap_or(Path::new("/"));
    let scope = Scope { raw: &raw, sources, home, variables };
    if raw.version != FORMAT_VERSION {
        let message = format!("version {} is unknown, this martydb reads {FORMAT_VERSION}", raw.version);
        return Err(scope.error(["version"], message));
    }
    let servers = servers::all(&scope)?;
    let mut services = services::all(&scope, &servers)?;
    let labels = labels::all(&scope, &services)?;
    let project = scope.project();
    unique::check(&scope, &services)?;
    unique::check_orphans(&scope, &project, &servers, &services)?;
    let mut access = access::all(&scope, &servers, &mut services)?;
    outbox::all(&scope, &servers, &mut services, &mut access)?;
    partitions::all(&scope, &mut services)?;
    serve::all(&scope, &servers, &mut services, &mut access)?;
    monitor::add(&scope, &servers, &services, &mut access)?;
    let redis = redis::all(&scope, &services)?;
    let app_urls = app_urls::all(&scope, &servers, &services)?;
    let deploy = deploy::all(&scope, &servers, &services, &redis)?;
    let backup = backup::settings(&scope, &services)?;
    let serve = serve::settings(&scope, &services, &access)?;
    serve::further_logins(&serve, &mut services);
    services::complete_lint(&mut services);
    check_secrets(&scope)?;
    let allow = allow::all(&scope, &services)?;
    Ok(Manifest {
        files: sources.files(),
        env: env.to_owned(),
        compatible_names: raw.monitor.compatible_names(),
        project,
        servers,
        secrets: raw.secrets,
        services,
        labels,
        access,
        app_urls,
        allow,
        deploy,
        redis,
        backup,
        serve,
        path: place.path,
        named: place.named,
    })
}

/// Checks the `secrets:` section.
fn check_secrets(scope: &Scope) -> Result<()> {
    wrong_in_secrets(&scope.raw.secrets).map_or(Ok(()), |(key, message, hint)| {
        Err(scope.error(["secrets", key], message).hint_if(Some(hint).filter(|hint| !hint.is_empty())))
    })
}

/// Returns the invalid key of `secrets:`, the reason, and a hint.
pub fn wrong_in_secrets(secrets: &RawSecrets) -> Option<(&'static str, String, &'static str)> {
    let RawSecrets::Command { get, set, timeout, absent } = secrets else { return None };
    if get.is_empty() {
        return Some(("get", "the command is empty".into(), "get: [program, argument, …]"));
    }
    if martydb_model::units::duration(timeout).is_none() {
        return Some(("timeout", format!("\"{timeout}\" is not a time such as 10s"), ""));
    }
    if set.as_ref().is_some_and(Vec::is_empty) {
        return Some(("set", "the command is empty".into(), "set: [program, argument, …]"));
    }
    if absent.as_ref().is_some_and(matches_everything) {
        let hint = "absent: { exit: 2, stderr: \"No value found\" }, one of the two or both";
        return Some(("absent", "every failure would count as an absent password".into(), hint));
    }
    None
}

fn matches_everything(absent: &RawAbsent) -> bool {
    absent.exit.is_none() && absent.stderr.as_deref().is_none_or(|text| text.trim().is_empty())
}
