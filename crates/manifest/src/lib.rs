//! The manifest: reads YAML files into the desired state of each server, or returns an error with its location.
//!
//! Steps: `find` locates the files. `source` parses and merges them with the files that they `include`; `expand`
//! substitutes variables, `generate` numbers services, `raw` adds types, `resolve` applies defaults and templates and
//! checks what types cannot express.
//!
//! - [`connection_string`]: connection strings of a login, in the format of each client
//! - [`lint_rules`]: names of the lint rules
//! - [`raw`]: keys of the YAML files

mod checked;
pub mod connection_string;
mod draft;
mod edit;
mod lenient;
pub mod lint_rules;
mod provenance;
pub mod raw;
mod recipient;
mod redis;
mod resolve;
mod selection;
mod source;
mod split_map;
mod trust;
mod unused;
mod url;

use std::path::Path;

use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};

pub use checked::{FurtherLogin, Manifest, ManifestFile, Replica, ServerLocation, ServerSpec, ServerUrl};
pub use draft::{DeclaredService, ManifestDraft};
pub use provenance::{ResolvedValue, explain};
pub use raw::{
    RawAbsent as Absent, RawAllow as Allow, RawSecrets as SecretsSpec, ReplicaRole, default_secrets_name,
    default_secrets_path,
};
pub use redis::{
    DEFAULT_USER, EmbeddedRedis, FURTHER_COMMANDS, RedisPart, RedisServer, RedisService, own_admin,
};
pub use resolve::allow::unknown_finding;
pub use resolve::{login_name, wrong_in_secrets};
pub use source::{DEFAULT_ENV, environments};
pub use split_map::{EdgeAnswer, ReferenceTable, SplitMap, SplitSource, TablePattern};
use trust::CANDIDATES;
pub use trust::ManifestPath;

/// Reads the manifest and its overlay for `env`.
///
/// # Errors
/// [`martydb_model::error::Kind::Manifest`] with `file:line:column` in the message wherever the location is known.
pub fn load(path: &ManifestPath, env: &str, variables: &Environment) -> Result<Manifest> {
    let mut sources = source::Sources::read(path, env)?;
    let tree = sources.tree(variables)?;
    let raw = sources.typed(tree)?;
    resolve::resolve(raw, &sources, env, variables)
}

/// Returns the manifest's JSON Schema, for editors, generated from the Rust types.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(raw::RawManifest);
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}

/// Returns the named file, or the manifest in the named folder, or else the nearest one in `folder` or above it.
pub fn nearest(named: Option<&Path>, folder: &Path) -> Option<ManifestPath> {
    let within = |folder: &Path| CANDIDATES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    match named {
        Some(path) if path.is_dir() => within(path).map(ManifestPath::named),
        Some(path) => path.is_file().then(|| ManifestPath::named(path)),
        None => folder.ancestors().find_map(within).map(ManifestPath::found),
    }
}

/// Returns the manifest as [`nearest`] does.
///
/// # Errors
/// If there is none, or if it was not named and another account could have written it.
pub fn find(named: Option<&Path>, folder: &Path) -> Result<ManifestPath> {
    let Some(nearest) = nearest(named, folder) else { return Err(missing(named, folder)) };
    nearest.check(&nearest.path)?;
    Ok(nearest)
}

fn missing(named: Option<&Path>, folder: &Path) -> Error {
    let looked = format!("looked for {}", CANDIDATES.join(" and "));
    match named {
        Some(path) if path.is_dir() => Error::manifest(format!("no manifest in {}", path.display()))
            .cause(looked)
            .hint("check --manifest or MARTYDB_MANIFEST"),
        Some(path) => Error::manifest(format!("no manifest at {}", path.display()))
            .hint("check --manifest or MARTYDB_MANIFEST"),
        None => Error::manifest(format!("no manifest in {} or any folder above it", folder.display()))
            .cause(looked)
            .hint("`martydb init` writes one; or name one with --manifest FILE"),
    }
}

#[cfg(test)]
mod tests;
