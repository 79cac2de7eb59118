//! The resolved manifest, value by value, with the origin of each.

mod resolved;
mod value;

use super::checked::Manifest;
use super::trust::ManifestPath;
use super::{resolve, source};
use martydb_model::environment::Environment;
use martydb_model::error::Result;
pub use value::ResolvedValue;
use value::{leaves, written};

/// Reads the manifest as [`super::load`] does, and returns all values: those of servers and services with martydb's
/// defaults, the others as written. Passwords in URLs are removed.
///
/// # Errors
/// As [`super::load`].
pub fn explain(
    path: &ManifestPath,
    env: &str,
    variables: &Environment,
) -> Result<(Manifest, Vec<ResolvedValue>)> {
    let mut sources = source::Sources::read(path, env)?;
    let tree = sources.tree(variables)?;
    let raw = sources.typed(tree.clone())?;
    let manifest = resolve::resolve(raw, &sources, env, variables)?;
    let mut all = vec![];
    for (key, value) in tree.as_mapping().into_iter().flatten() {
        match key.as_str() {
            Some("servers" | "services" | "defaults" | "include") | None => {}
            Some(key) => leaves(value, &mut vec![key.to_owned()], &mut |path, value| {
                all.push(written(&sources, path, value));
            }),
        }
    }
    all.extend(resolved::project(&sources, &manifest));
    all.extend(resolved::servers(&sources, &manifest));
    let services = manifest.services.values().flat_map(|service| {
        let entry = tree.get("services").and_then(|all| all.get(service.name.as_str()));
        resolved::service(&sources, service, entry)
    });
    all.extend(services);
    Ok((manifest, all))
}

#[cfg(test)]
mod tests;
