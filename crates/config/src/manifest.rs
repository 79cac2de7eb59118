//! The manifest: from YAML files to the desired state of each server, or to an error that names the place.
//!
//! The steps: `find` the files; then each in its file: `source` parses and merges them, with what they `include`; `expand`
//! fills variables in, `generate` numbers services, `raw` gives them types, `resolve` fills in defaults and templates and checks what no type can check.

mod app_url;
mod checked;
mod connection_url;
mod draft;
mod edit;
mod expand;
mod generate;
mod include;
mod lenient;
mod locate;
mod pattern;
mod provenance;
pub mod raw;
mod resolve;
mod service_file;
mod source;
mod split_map;
mod typed;
mod url;
mod yaml_file;

use std::path::{Path, PathBuf};

use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};

pub use checked::{Manifest, ServerLocation, ServerSpec, ServerUrl};
pub use draft::{DeclaredService, ManifestDraft};
pub use provenance::{ResolvedValue, explain};
pub use raw::{
    RawAbsent as Absent, RawAllow as Allow, RawSecrets as SecretsSpec, default_secrets_name,
    default_secrets_path,
};
pub use resolve::allow::unknown_finding;
pub use resolve::{login_name, wrong_in_secrets};
pub use source::{DEFAULT_ENV, environments};
pub use split_map::{EdgeAnswer, ReferenceTable, SplitMap, SplitSource, TablePattern, split_map_schema};

/// Reads the manifest and its overlay for `env`.
///
/// # Errors
/// [`martydb_model::error::Kind::Manifest`] with `file:line:column` in the message wherever a place is known.
pub fn load(path: &Path, env: &str, variables: &Environment) -> Result<Manifest> {
    let mut sources = source::Sources::read(path, env)?;
    let tree = sources.tree(variables)?;
    let raw = sources.typed(tree)?;
    resolve::resolve(raw, &sources, env, variables)
}

/// The manifest's JSON Schema, for editors. Generated from the Rust types, so that it cannot lag behind them.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(raw::RawManifest);
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}

/// Names looked for in each folder, in this order.
const CANDIDATES: [&str; 2] = ["martydb.yaml", "services/manifest.yaml"];

/// The path that was given, or the nearest manifest in `folder` and those above it.
pub fn find(named: Option<&Path>, folder: &Path) -> Result<PathBuf> {
    if let Some(path) = named {
        return if path.is_file() {
            Ok(path.to_owned())
        } else {
            Err(Error::manifest(format!("no manifest at {}", path.display()))
                .hint("check --manifest or MARTYDB_MANIFEST"))
        };
    }
    folder
        .ancestors()
        .flat_map(|above| CANDIDATES.iter().map(move |name| above.join(name)))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Error::manifest(format!("no manifest in {} or any folder above it", folder.display()))
                .cause(format!("looked for {}", CANDIDATES.join(" and ")))
                .hint("`martydb init` writes one; or name one with --manifest FILE")
        })
}

#[cfg(test)]
mod tests;
