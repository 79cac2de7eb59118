//! `validate --against GIT_REF`: finds conflicts of a merge into that branch: older or duplicate versions, and changed
//! or removed files that may be applied.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use martydb_migrate::files::git_listing::{CommitListing, UpFiles, git, is_up, up_files};
use martydb_migrate::files::name;
use martydb_migrate::files::{Checkpoint, FileProblem, Migration, checkpoint, folder};
use martydb_model::error::{Error, Result};

/// Conflict: where, what, and what to do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Conflict {
    pub file: PathBuf,
    pub what: String,
    pub fix: String,
}

/// Compares a migration folder with the folder of a commit.
///
/// # Errors
/// If git is missing, the folder is in no repository, or the commit is unknown.
pub(crate) async fn compare(path: &Path, reference: &str) -> Result<Vec<Conflict>> {
    let CommitListing { commit, entries } = CommitListing::read(path, reference).await?;
    let mut there = up_files(&entries);
    let mut here = here(path, reference).await?;
    let folder = folder::load(path);
    if let Some(checkpoint) = &folder.checkpoint {
        there.retain(|file, _| here.contains_key(file) || !replaces(checkpoint, file));
    }
    let mut found = vec![];
    if let Some(theirs) = their_checkpoint(path, &commit, &entries, reference).await? {
        let ours: Vec<&Migration> =
            folder.all().into_iter().filter(|one| !there.contains_key(&file_name(&one.up.path))).collect();
        found.extend(theirs.disagreements(&ours).into_iter().map(|problem| {
            let file = file_name(&problem.path);
            Conflict {
                what: format!("{file} {} in {reference}", problem.what),
                file: file.into(),
                fix: problem.fix,
            }
        }));
        here.retain(|file, _| there.contains_key(file) || version(file) > theirs.version());
    }
    found.extend(conflicts(&there, &here, reference));
    found.iter_mut().for_each(|one| one.file = path.join(&one.file));
    Ok(found)
}

/// Returns the last checkpoint of the commit.
async fn their_checkpoint(
    path: &Path,
    commit: &str,
    listed: &BTreeMap<String, String>,
    reference: &str,
) -> Result<Option<Checkpoint>> {
    let names = listed.keys().filter_map(|name| checkpoint::version_of(name));
    let Some(version) = names.max() else { return Ok(None) };
    let file = PathBuf::from(checkpoint::file_name(version));
    let text = git(path, &["cat-file", "blob", &format!("{commit}:./{}", file.display())], reference).await?;
    let unreadable = |problems: Vec<FileProblem>| {
        let what = format!("cannot compare {} with {reference}", path.display());
        problems.into_iter().fold(Error::usage(what), |error, problem| error.cause(problem.to_string()))
    };
    checkpoint::read(&file, version, text.into_bytes()).map(Some).map_err(unreadable)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn replaces(checkpoint: &Checkpoint, file: &str) -> bool {
    let name = name::parse(file).ok();
    name.is_some_and(|name| checkpoint.replaced(name.version).is_some_and(|one| one.name == name.name))
}

async fn here(folder: &Path, reference: &str) -> Result<UpFiles> {
    let unreadable = |error| Error::operation(format!("cannot read {}", folder.display())).cause(error);
    if !folder.exists() {
        return Ok(UpFiles::new());
    }
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| is_up(entry.file_name().to_str()?)).collect();
    names.sort();
    let mut files = UpFiles::new();
    for some in names.chunks(500) {
        let mut arguments = vec!["hash-object", "--"];
        arguments.extend(some.iter().map(String::as_str));
        let hashes = git(folder, &arguments, reference).await?;
        files.extend(some.iter().cloned().zip(hashes.lines().map(str::to_owned)));
    }
    Ok(files)
}

fn version(file: &str) -> i64 {
    name::parse(file).map_or(0, |name| name.version)
}

/// Returns the conflicts. Pure.
fn conflicts(there: &UpFiles, here: &UpFiles, reference: &str) -> Vec<Conflict> {
    let newest = there.keys().map(|file| version(file)).max();
    let taken = |file: &String| there.keys().find(|other| version(other) == version(file));
    let added = here.keys().filter(|file| !there.contains_key(*file)).filter_map(|file| {
        let newest = newest?;
        let fix = format!("give it a version above V{newest}");
        let what = match taken(file) {
            Some(other) => format!("{file} has the version of {other} in {reference}"),
            None if version(file) < newest => {
                format!("{file} is older than V{newest}, which is in {reference}")
            }
            None => return None,
        };
        Some(Conflict { file: file.into(), what, fix })
    });
    let changed = there.iter().filter_map(|(file, content)| {
        let what = match here.get(file) {
            Some(present) if present == content => return None,
            Some(_) => "was edited",
            None => "is missing here",
        };
        let fix = "restore it: it may be applied; write a new migration for the change".to_owned();
        Some(Conflict { file: file.into(), what: format!("{file} of {reference} {what}"), fix })
    });
    let mut all: Vec<Conflict> = added.chain(changed).collect();
    all.sort_by_cached_key(|one| (version(&one.file.display().to_string()), one.what.clone()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_taken_edited_and_removed_files_are_found() {
        let files = |all: &[(&str, &str)]| -> UpFiles {
            all.iter().map(|(name, content)| ((*name).into(), (*content).into())).collect()
        };
        let there = files(&[("V1__a.sql", "1"), ("V2__b.sql", "2"), ("V5__e.sql", "5")]);
        let here = files(&[
            ("V1__a.sql", "1"),
            ("V2__b.sql", "changed"),
            ("V3__c.sql", "3"),
            ("V5__other.sql", "5"),
            ("V6__f.sql", "6"),
        ]);
        let said: Vec<_> = conflicts(&there, &here, "main").into_iter().map(|one| one.what).collect();
        assert_eq!(
            said,
            [
                "V2__b.sql of main was edited",
                "V3__c.sql is older than V5, which is in main",
                "V5__e.sql of main is missing here",
                "V5__other.sql has the version of V5__e.sql in main",
            ]
        );
        assert!(conflicts(&UpFiles::new(), &here, "main").is_empty());
    }
}
