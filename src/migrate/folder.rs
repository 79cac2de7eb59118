//! A folder of migrations. All that is wrong with it is found at once, because whoever fixes one file after the
//! other runs the tool once for each.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::accepted::{self, Accepted};
use super::directive::Mode;
use super::name::{self, Direction, FileName};
use super::source::{self, Problem, Source, Weight};

/// A migration: its file, and where the one that undoes it lies.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The number after the V; unique in the folder.
    pub version: i64,
    /// What stands after the two underscores.
    pub name: String,
    /// The file.
    pub up: Source,
    /// The file that undoes it, if there is one.
    pub down: Option<PathBuf>,
    /// What our rules have against it, if that was accepted because it is applied already.
    pub accepted: Vec<Problem>,
}

impl Migration {
    /// How it runs.
    pub fn mode(&self) -> Mode {
        self.up.directives.mode
    }
}

/// What lies in a folder.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// The readable migrations by version, the lowest first.
    pub migrations: Vec<Migration>,
    /// Readable ones that our rules refuse.
    pub doubtful: Vec<Migration>,
    /// What is wrong, in the order of files and places.
    pub problems: Vec<Problem>,
}

impl Folder {
    /// The problems that hold a run up.
    pub fn refused(&self) -> Vec<&Problem> {
        self.problems.iter().filter(|problem| problem.weight == Weight::Refused).collect()
    }

    /// The problems of files that cannot be read, or that nobody knows what they are.
    pub fn unreadable(&self) -> Vec<&Problem> {
        let doubtful = |problem: &Problem| self.doubtful.iter().any(|m| m.up.path == problem.path);
        self.refused().into_iter().filter(|problem| !doubtful(problem)).collect()
    }

    /// All readable migrations, whatever our rules say, by version.
    pub fn all(&self) -> Vec<&Migration> {
        let mut all: Vec<_> = self.migrations.iter().chain(&self.doubtful).collect();
        all.sort_by_key(|migration| migration.version);
        all
    }

    /// The migration of that version, whatever our rules say.
    pub fn find(&self, version: i64) -> Option<&Migration> {
        self.all().into_iter().find(|migration| migration.version == version)
    }

    /// Whether our rules have nothing against that version, or were told to have nothing.
    pub fn is_judged(&self, version: i64) -> bool {
        self.get(version).is_some()
    }

    /// The migration of that version.
    pub fn get(&self, version: i64) -> Option<&Migration> {
        self.migrations.iter().find(|migration| migration.version == version)
    }
}

/// Reads a folder. Names that begin with a dot are left out; everything else must be a migration.
pub fn load(path: &Path) -> Folder {
    let mut loader =
        Loader { folder: Folder { path: path.into(), ..Folder::default() }, ..Loader::default() };
    loader.accepted = accepted::read(path);
    match entries(path) {
        Ok(entries) => entries.into_iter().for_each(|(path, is_folder)| loader.sort(path, is_folder)),
        Err(error) => loader.folder.problems.push(unreadable(path, &error)),
    }
    loader.pair()
}

/// Reads the file that undoes a migration.
pub fn load_down(path: &Path) -> Result<Source, Vec<Problem>> {
    let bytes = std::fs::read(path).map_err(|error| vec![unreadable(path, &error)])?;
    source::read(path, bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    let fix = match error.kind() {
        io::ErrorKind::NotFound => "make the folder, or correct `migrations` in the manifest",
        _ => "make it readable for the account that runs martydb",
    };
    Problem::refused(path, format!("cannot be read: {error}"), fix)
}

/// The folder's entries by name, so that the order of the file system does not show, and which of them are folders.
fn entries(path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let mut all = std::fs::read_dir(path)?
        .map(|entry| entry.and_then(|entry| kind(&entry)))
        .collect::<io::Result<Vec<_>>>()?;
    all.retain(|(path, _)| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")));
    all.sort();
    Ok(all)
}

/// The listing tells what an entry is, and only a link has to be followed.
fn kind(entry: &std::fs::DirEntry) -> io::Result<(PathBuf, bool)> {
    let (path, kind) = (entry.path(), entry.file_type()?);
    let is_folder = if kind.is_symlink() { path.is_dir() } else { kind.is_dir() };
    Ok((path, is_folder))
}

#[derive(Default)]
struct Loader {
    folder: Folder,
    ups: BTreeMap<i64, Vec<(String, PathBuf)>>,
    downs: BTreeMap<i64, Vec<(String, PathBuf)>>,
    accepted: Accepted,
}

impl Loader {
    fn sort(&mut self, path: PathBuf, is_folder: bool) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_folder {
            let fix = "move it elsewhere: migrations lie side by side in one folder";
            self.folder.problems.push(Problem::refused(&path, "is a folder", fix));
            return;
        }
        match name::parse(&name) {
            Ok(FileName { version, name, direction: Direction::Up }) => {
                self.ups.entry(version).or_default().push((name, path));
            }
            Ok(FileName { version, name, direction: Direction::Down }) => {
                self.downs.entry(version).or_default().push((name, path));
            }
            Err(misfit) => self.folder.problems.push(Problem::refused(&path, misfit.what, misfit.fix)),
        }
    }

    fn pair(mut self) -> Folder {
        for (version, files) in std::mem::take(&mut self.ups) {
            for (_, path) in &files[1..] {
                let what = format!("has the version {version} of {}", file_name(&files[0].1));
                self.folder.problems.push(Problem::refused(path, what, "give it the next free version"));
            }
            for (name, path) in files {
                self.read(version, name, path);
            }
        }
        for (_, path) in self.downs.into_values().flatten() {
            let fix = "give it the version and the name of the migration that it undoes";
            self.folder.problems.push(Problem::refused(&path, "undoes a migration that is not there", fix));
        }
        self.folder.problems.sort();
        self.folder
    }

    fn read(&mut self, version: i64, name: String, path: PathBuf) {
        let down = self.take_down(version, &name);
        if down.is_none() {
            let mut missing =
                Problem::refused(&path, "has no .down.sql beside it", "write one, or downgrade stops here");
            missing.weight = Weight::Noted;
            self.folder.problems.push(missing);
        }
        let judged = std::fs::read(&path)
            .map_err(|error| unreadable(&path, &error))
            .and_then(|bytes| source::judge(&path, bytes));
        match judged {
            Ok((up, problems)) => {
                self.take(Migration { version, name, up, down, accepted: vec![] }, problems);
            }
            Err(problem) => self.folder.problems.push(problem),
        }
    }

    fn take(&mut self, mut migration: Migration, mut problems: Vec<Problem>) {
        if migration.up.statements.is_empty() && problems.is_empty() {
            let fix = "write the migration, or remove the file";
            problems.push(Problem::refused(&migration.up.path, "holds no statement", fix));
        }
        let key = accepted::key(migration.version, &migration.name, &migration.up.text);
        match problems.is_empty() || self.accepted.contains(&key) {
            true => {
                migration.accepted = problems;
                self.folder.migrations.push(migration);
            }
            false => {
                self.folder.problems.extend(problems);
                self.folder.doubtful.push(migration);
            }
        }
    }

    /// The down file of a migration: same version, same name.
    fn take_down(&mut self, version: i64, name: &str) -> Option<PathBuf> {
        let downs = self.downs.get_mut(&version)?;
        let found = downs.iter().position(|(down, _)| down == name)?;
        Some(downs.remove(found).1)
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let folder = load(dir.path());
        (dir, folder)
    }

    fn said(folder: &Folder) -> Vec<String> {
        let line = |p: &Problem| format!("{} {}", file_name(&p.path), p.what);
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
        assert_eq!(said(&folder), ["V9__nine.sql has no .down.sql beside it"]);
        assert!(folder.refused().is_empty());
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
                "V3__empty.sql holds no statement",
                "V4__gone.down.sql undoes a migration that is not there",
                "notes.txt is no migration: its name does not end in .sql",
            ]
        );
        assert_eq!(said(&load(dir.path())), ["old is a folder"]);
        drop(dir2);
    }

    #[test]
    fn a_missing_folder_is_a_problem_and_an_empty_one_is_not() {
        let (dir, empty) = folder(&[]);
        assert!(empty.problems.is_empty() && empty.migrations.is_empty());
        assert!(said(&load(&dir.path().join("none")))[0].contains("cannot be read"));
    }
}
