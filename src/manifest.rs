//! The manifest: from YAML files to the desired state of each server, or to an error that names the place.
//!
//! The steps, each in its file: `find` the files, `source` parses and merges them, `expand` fills variables in,
//! `raw` gives them types, `resolve` fills in defaults and templates and checks what no type can check.

mod checked;
mod expand;
mod find;
mod lenient;
mod locate;
pub mod raw;
mod resolve;
mod schema;
mod service_file;
mod source;
mod url;

use std::path::Path;

use crate::environment::Environment;
use crate::error::Result;

pub use checked::{Manifest, ServerLocation, ServerSpec, ServerUrl};
pub use find::find;
pub use raw::{RawAbsent as Absent, RawAllow as Allow, RawSecrets as SecretsSpec};
pub use resolve::allow::{UnknownFinding, unknown_finding};
pub use schema::json_schema;
pub use source::DEFAULT_ENV;

/// Reads the manifest and its overlay for `env`.
///
/// # Errors
/// [`crate::error::Kind::Manifest`] with `file:line:column` in the message wherever a place is known.
pub fn load(path: &Path, env: &str, variables: &Environment) -> Result<Manifest> {
    let sources = source::Sources::read(path, env)?;
    let raw = sources.typed(variables)?;
    resolve::resolve(raw, &sources, env, variables)
}

#[cfg(test)]
mod tests;
