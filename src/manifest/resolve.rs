//! Fills in defaults and templates, and checks what no type can: names, duplicates, references.

pub mod allow;
mod names;
mod scope;
mod servers;
mod services;
mod unique;

use std::path::Path;

use super::checked::Manifest;
use super::raw::{RawAbsent, RawManifest, RawSecrets};
use super::source::Sources;
use crate::environment::Environment;
use crate::error::Result;
use scope::Scope;

const FORMAT_VERSION: u32 = 1;

pub fn resolve(raw: RawManifest, sources: &Sources, env: &str, variables: &Environment) -> Result<Manifest> {
    let path = sources.path().to_owned();
    let home = path.parent().unwrap_or(Path::new("/"));
    let scope = Scope { raw: &raw, sources, home, variables };
    if raw.version != FORMAT_VERSION {
        let message = format!("version {} is unknown, this martydb reads {FORMAT_VERSION}", raw.version);
        return Err(scope.error(["version"], message));
    }
    let servers = servers::all(&scope)?;
    let services = services::all(&scope, &servers)?;
    let project = raw.project.clone().unwrap_or_else(|| folder_name(home));
    unique::check(&scope, &services)?;
    unique::check_orphans(&scope, &project, &servers, &services)?;
    check_secrets(&scope)?;
    let allow = allow::all(&scope, &services)?;
    Ok(Manifest { env: env.to_owned(), project, servers, secrets: raw.secrets, services, allow, path })
}

fn folder_name(home: &Path) -> String {
    home.file_name().map_or_else(|| "martydb".into(), |name| name.to_string_lossy().into_owned())
}

/// The commands that keep passwords.
fn check_secrets(scope: &Scope) -> Result<()> {
    let wrong = |key, message: &str, hint: &str| {
        Err(scope.error(["secrets", key], message).hint_if(Some(hint).filter(|hint| !hint.is_empty())))
    };
    let RawSecrets::Command { get, set, timeout, absent } = &scope.raw.secrets else { return Ok(()) };
    if get.is_empty() {
        return wrong("get", "the command is empty", "get: [program, argument, …]");
    }
    if crate::units::duration(timeout).is_none() {
        return wrong("timeout", &format!("\"{timeout}\" is not a time such as 10s"), "");
    }
    if set.as_ref().is_some_and(Vec::is_empty) {
        return wrong("set", "the command is empty", "set: [program, argument, …]");
    }
    if absent.as_ref().is_some_and(matches_everything) {
        let hint = "absent: { exit: 2, stderr: \"No value found\" }, one of the two or both";
        return wrong("absent", "every failure would count as an absent password", hint);
    }
    Ok(())
}

fn matches_everything(absent: &RawAbsent) -> bool {
    absent.exit.is_none() && absent.stderr.as_deref().is_none_or(|text| text.trim().is_empty())
}
