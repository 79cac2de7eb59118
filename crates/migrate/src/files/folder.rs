//! A folder of migrations. All its problems are found at once, so its author can fix all files in one go.

mod contents;
mod loader;

use std::io;
use std::path::{Path, PathBuf};

use super::name;
use super::plain_file::{bytes_of, unreadable};
use super::problem::{FileProblem, refuse};
use super::source::{self, MigrationFile};
use super::waivers::read_waivers;
use contents::file_name;
pub use contents::{MigrationFolder, in_order};
use loader::Loader;
use martydb_model::error::Result;

/// Reads a folder; all its migrations must be valid.
pub fn load_valid(path: &Path, service: &str) -> Result<MigrationFolder> {
    let folder = load(path);
    folder.check(service)?;
    Ok(folder)
}

/// Reads a folder whose migrations need not run: files that violate the rules may be waived.
///
/// # Errors
/// [`Kind::MigrationFile`](martydb_model::error::Kind::MigrationFile) for files that cannot be read, or are not migrations.
pub(crate) fn load_readable(path: &Path, service: &str) -> Result<MigrationFolder> {
    let folder = load(path);
    let doubtful = |problem: &&FileProblem| folder.doubtful.iter().any(|m| m.up.path == problem.path);
    refuse(service, folder.refused().filter(|problem| !doubtful(problem)))?;
    Ok(folder)
}

/// Reads a folder. Names that begin with a dot are skipped; everything else must be a migration. A folder that does not
/// exist has no migrations; a link that leads nowhere is a problem.
pub fn load(path: &Path) -> MigrationFolder {
    let mut loader = Loader::new(path, read_waivers(path));
    match entries(path) {
        Ok(entries) => entries.into_iter().for_each(|(path, is_folder)| loader.sort(path, is_folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => {
            loader.folder.is_missing = true;
        }
        Err(error) => loader.folder.problems.push(unreadable(path, &error)),
    }
    loader.pair()
}

pub fn load_down(path: &Path) -> Result<MigrationFile, Vec<FileProblem>> {
    source::read(path, bytes_of(path).map_err(|problem| vec![problem])?)
}

/// Returns the folder's entries by name, independent of the file system's order, with `true` for folders.
fn entries(path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let mut all = std::fs::read_dir(path)?
        .map(|entry| entry.and_then(|entry| kind(&entry)))
        .collect::<io::Result<Vec<_>>>()?;
    all.retain(|(path, _)| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")));
    all.sort();
    Ok(all)
}

/// Returns the kind of an entry. The listing contains it; only a link has to be followed.
fn kind(entry: &std::fs::DirEntry) -> io::Result<(PathBuf, bool)> {
    let (path, kind) = (entry.path(), entry.file_type()?);
    let is_folder = if kind.is_symlink() { path.is_dir() } else { kind.is_dir() };
    Ok((path, is_folder))
}

/// Returns the highest version at the beginning of any name in the folder, including invalid files.
pub(crate) fn highest_version(path: &Path) -> Option<i64> {
    let names = entries(path).unwrap_or_default();
    names.iter().filter_map(|(path, _)| name::leading_version(&file_name(path))).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::DownFiles;

    fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, MigrationFolder) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let folder = load(dir.path());
        (dir, folder)
    }

    fn said(folder: &MigrationFolder) -> Vec<String> {
        let line = |p: &FileProblem| format!("{} {}", file_name(&p.path), p.what);
        folder.problems.iter().map(line).collect()
    }

    #[test]
    fn migrations_come_by_number_with_what_undoes_them() {
        let (_dir, folder) = folder(&[
            ("V10__ten.sql", "SELECT 10"),
            ("V10__ten.down.sql", "SELECT -10"),
            ("V9__nine.sql", "SELECT 9"),
            (".gitkeep", ""),
        ]);
        let versions: Vec<_> = folder.migrations.iter().map(|m| (m.version, m.down.is_some())).collect();
        assert_eq!(versions, [(9, false), (10, true)]);
        let missing: Vec<_> = folder.without_down(DownFiles::Required).iter().map(|m| m.version).collect();
        assert_eq!((missing, folder.without_down(DownFiles::Optional).len()), (vec![9], 0));
        assert!(folder.problems.is_empty());
        assert!(folder.check("x").is_ok());
    }

    #[test]
    fn everything_wrong_is_found_at_once() {
        let (dir, _) = folder(&[]);
        std::fs::create_dir(dir.path().join("old")).unwrap();
        let (dir2, found) = folder(&[
            ("V1__a.sql", "SELECT 1"),
            ("V01__b.sql", "SELECT 1"),
            ("V1__a.down.sql", ""),
            ("V1__b.down.sql", ""),
            ("V2_c.sql", "SELECT 1"),
            ("V3__empty.sql", "-- later\n;"),
            ("V3__empty.down.sql", ""),
            ("V4__gone.down.sql", ""),
            ("notes.txt", ""),
        ]);
        assert_eq!(
            said(&found),
            [
                "V1__a.sql has the version 1 of V01__b.sql",
                "V2_c.sql does not have two underscores between version and name",
                "V4__gone.down.sql has no matching V4__gone.sql",
                "notes.txt is not a migration: its name does not end in .sql",
            ]
        );
        assert_eq!(said(&load(dir.path())), ["old is a folder"]);
        drop(dir2);
    }

    #[test]
    fn a_missing_folder_has_no_migrations_and_one_that_cannot_be_read_is_a_problem() {
        let (dir, empty) = folder(&[(".gitkeep", "")]);
        assert!(empty.problems.is_empty() && empty.migrations.is_empty() && !empty.is_missing);
        let missing = load(&dir.path().join("none"));
        assert!(missing.problems.is_empty() && missing.is_missing);
        std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
        for unreadable in ["link", ".gitkeep"] {
            assert!(said(&load(&dir.path().join(unreadable)))[0].contains("cannot be read"), "{unreadable}");
        }
    }
}
