//! Trust in a manifest that was found rather than named. A manifest names programs that martydb runs, so one that another
//! account put into a folder above must not be taken: the flaw of CVE-2022-24765.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use martydb_model::error::{Error, Result};
use martydb_os::account_trust::{is_private_group, is_trusted, name_of};

/// Default file names, tried in each folder in this order.
pub(crate) const CANDIDATES: [&str; 2] = ["martydb.yaml", "services/manifest.yaml"];

/// Path of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestPath {
    pub path: PathBuf,
    /// `true` if a person named it, by `-f` or MARTYDB_MANIFEST, and so trusts its writers.
    pub named: bool,
}

impl ManifestPath {
    pub fn named(path: impl Into<PathBuf>) -> ManifestPath {
        ManifestPath { path: path.into(), named: true }
    }

    pub fn found(path: impl Into<PathBuf>) -> ManifestPath {
        ManifestPath { path: path.into(), named: false }
    }

    /// Checks a file of the manifest: itself, an overlay or an included file.
    ///
    /// # Errors
    /// If another account could have written it, unless the manifest was named.
    pub fn check(&self, file: &Path) -> Result<()> {
        if self.named {
            return Ok(());
        }
        let Some((place, why)) = objection(file) else { return Ok(()) };
        let what = if file == self.path { "the manifest" } else { "a file of the manifest" };
        let cause = if place == file { why } else { format!("{}: {why}", place.display()) };
        Err(Error::manifest(format!(
            "refused {what} {}, which another account may have written",
            file.display()
        ))
        .cause(cause)
        .cause("it was found here or in a folder above, and a manifest can run programs")
        .hint(format!("if you trust it, name it: -f {}, or MARTYDB_MANIFEST", self.path.display())))
    }
}

/// Returns the path that others can change, and the reason: the file, a folder that it lies in, or one that a link to
/// it lies in. A file that cannot be examined is left to its reader.
fn objection(file: &Path) -> Option<(PathBuf, String)> {
    let real = file.canonicalize().ok()?;
    let folders = [parents(file), parents(&real)].concat();
    let places: BTreeSet<PathBuf> = folders.into_iter().chain([real.clone()]).collect();
    // The file itself, which is what people look at, rather than its folder.
    let (place, why) = places.into_iter().rev().find_map(|place| {
        let why = writer(&place.metadata().ok()?)?;
        Some((place, why))
    })?;
    Some((if place == real { file.to_owned() } else { place }, why))
}

/// Returns the folder of the file, and for `services/manifest.yaml` the one above: a link of that name would lie there.
fn parents(file: &Path) -> Vec<PathBuf> {
    let is_nested = CANDIDATES.iter().any(|name| name.contains('/') && file.ends_with(name));
    file.ancestors().skip(1).take(if is_nested { 2 } else { 1 }).map(Path::to_owned).collect()
}

/// Returns who else can write: a file, or the entries of a folder, whose sticky bit does not keep them from new ones.
fn writer(found: &Metadata) -> Option<String> {
    let mode = found.mode();
    if !is_trusted(found.uid()) {
        return Some(format!("it belongs to {}, neither to this user nor to root", name_of(found.uid())));
    }
    let others = mode & 0o002 != 0 || (mode & 0o020 != 0 && !is_private_group(found.gid()));
    others.then(|| {
        format!(
            "it belongs to {}, but its mode is {:04o}: others can write to it",
            name_of(found.uid()),
            mode & 0o7777
        )
    })
}
