//! The Compose file of `deploy: { extra: … }`.

use std::path::Path;

use serde_json::Value;

use martydb_manifest::Manifest;
use martydb_model::error::{Error, Result};
use martydb_model::yaml;
use martydb_os::read_named_text;

/// Limit of its size in bytes.
const MAX_EXTRA_BYTES: usize = 1024 * 1024;

/// Returns the contents of the declared file; `None` if none is declared.
///
/// # Errors
/// If it cannot be read, or is not a mapping in YAML.
pub(crate) fn read(manifest: &Manifest) -> Result<Option<Value>> {
    manifest.deploy.extra.as_deref().map(contents).transpose()
}

fn contents(path: &Path) -> Result<Value> {
    let unreadable = |error| Error::manifest(format!("cannot read {}", path.display())).cause(error);
    let text = read_named_text(path).map_err(unreadable)?;
    if text.len() > MAX_EXTRA_BYTES {
        return Err(Error::manifest(format!("{} is not a file of at most 1 MiB", path.display())));
    }
    yaml::check(&text, path)?;
    let invalid = |error: serde_yaml::Error| Error::manifest(format!("{}: {error}", path.display()));
    let value: Value = serde_yaml::from_str(&text).map_err(invalid)?;
    match value.get("services").is_some_and(Value::is_object) {
        true => Ok(value),
        false => {
            Err(Error::manifest(format!("{} is not a Compose file: it has no services", path.display())))
        }
    }
}
