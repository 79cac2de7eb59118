//! Fills in defaults and templates, and checks what no type can: names, duplicates, references.

pub mod allow;
mod names;
mod scope;
mod secrets;
mod servers;
mod services;
mod unique;

use std::path::Path;

use super::checked::Manifest;
use super::raw::RawManifest;
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
    secrets::check(&scope)?;
    let allow = allow::all(&scope, &services)?;
    Ok(Manifest { env: env.to_owned(), project, servers, secrets: raw.secrets, services, allow, path })
}

fn folder_name(home: &Path) -> String {
    home.file_name().map_or_else(|| "martydb".into(), |name| name.to_string_lossy().into_owned())
}
