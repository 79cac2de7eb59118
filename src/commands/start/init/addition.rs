//! `init NAME` in a project: adds a service to its manifest, whose comments and form stay.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_yaml::Mapping;

use super::files::make_folder;
use super::report::InitReport;
use crate::commands::support::relative_path::relative_path;
use martydb_manifest::{ManifestDraft, ManifestPath};
use martydb_model::ServiceName;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_os::replace_file::{Readers, replace_file, unwritable};
use martydb_ui::flags::Global;

/// Adds the services, checks the manifest, and makes their folders.
///
/// # Errors
/// If the manifest has all of them, is not valid with them, or cannot be edited safely: nothing is changed then.
pub(crate) fn add(
    global: &Global,
    environment: &Environment,
    path: &Path,
    names: &BTreeSet<ServiceName>,
) -> Result<InitReport> {
    let mut draft = ManifestDraft::read(&ManifestPath::named(path), &global.env)?;
    let before = draft.resolve(environment)?;
    let new: Vec<&ServiceName> = names.iter().filter(|name| !before.services.contains_key(*name)).collect();
    if new.is_empty() {
        let names: Vec<&str> = names.iter().map(ServiceName::as_str).collect();
        return Err(Error::usage(format!("{} has {} already", relative_path(path), names.join(", ")))
            .hint("edit it, or name a service that it lacks"));
    }
    for name in &new {
        draft = draft.with_service(name.as_str(), &Mapping::new())?;
    }
    let after = draft.resolve(environment)?;
    replace_file(path, &draft.text, Readers::All).map_err(unwritable(path))?;
    let folders: Vec<PathBuf> =
        new.iter().filter_map(|name| Some(after.services.get(*name)?.migrations.clone())).collect();
    let created: Vec<PathBuf> = folders.iter().filter(|folder| !folder.exists()).cloned().collect();
    folders.iter().try_for_each(|folder| make_folder(folder))?;
    Ok(InitReport::added(path.to_owned(), folders, created, &new))
}
