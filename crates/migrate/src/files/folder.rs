//! A folder of migrations. All its problems are found at once, so its author can fix all files in one go.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::checkpoint::{self, Checkpoint};
use super::directive::Mode;
use super::name::{self, Direction, FileName};
use super::plain_file::{bytes_of, unreadable};
use super::problem::{FileProblem, refuse};
use super::repeatable::{self, Repeatable};
use super::source::{self, Migration, MigrationFile};
use super::waivers::{Waivers, read_waivers, waiver_key};
use martydb_model::error::{Error, Result};
use martydb_model::{DownFiles, ServiceName};

#[derive(Debug, Clone, Default)]
pub struct MigrationFolder {
    pub path: PathBuf,
    /// `true` if the folder does not exist, as in a clone: git keeps no empty folder.
    pub is_missing: bool,
    /// Readable migrations by version, the lowest first.
    pub migrations: Vec<Migration>,
    /// Readable migrations that violate the rules.
    pub doubtful: Vec<Migration>,
    /// Repeatable migrations, by name.
    pub repeatables: Vec<Repeatable>,
    pub checkpoint: Option<Checkpoint>,
    /// The folder for a database without a history: the checkpoint and the files after it.
    pub fresh: Option<Box<MigrationFolder>>,
    /// Problems, in the order of files and positions.
    pub problems: Vec<FileProblem>,
}

impl MigrationFolder {
    fn refused(&self) -> impl Iterator<Item = &FileProblem> {
        self.problems.iter().filter(|problem| problem.refuses())
    }

    /// # Errors
    /// [`Kind::MigrationFile`](martydb_model::error::Kind::MigrationFile), with all problems that stop a run.
    pub fn check(&self, service: &str) -> Result<()> {
        refuse(service, self.refused())
    }

    /// As [`MigrationFolder::check`], for a run that applies nothing above `highest`: an unwritten file above
    /// it stops nothing.
    pub(crate) fn check_up_to(&self, service: &str, highest: Option<i64>) -> Result<()> {
        let above = |migration: &&Migration| highest.is_some_and(|highest| migration.version > highest);
        let later: Vec<_> = self.doubtful.iter().filter(above).filter(|one| one.up.is_unwritten()).collect();
        refuse(service, self.refused().filter(|problem| !later.iter().any(|one| one.up.path == problem.path)))
    }

    /// Returns all readable migrations, valid or not, by version.
    pub fn all(&self) -> Vec<&Migration> {
        let mut all: Vec<_> = self.migrations.iter().chain(&self.doubtful).collect();
        all.sort_by_key(|migration| migration.version);
        all
    }

    /// Returns the folder for a database without a history, unless it is for a version below the checkpoint.
    pub fn for_new(&self, to: Option<i64>) -> &MigrationFolder {
        let reached = |fresh: &&MigrationFolder| {
            let version = fresh.checkpoint.as_ref().map_or(0, Checkpoint::version);
            to.is_none_or(|to| to >= version)
        };
        self.fresh.as_deref().filter(reached).unwrap_or(self)
    }

    /// Returns the version of the checkpoint right before the migration with this index.
    pub(crate) fn checkpoint_below(&self, at: usize) -> Option<i64> {
        let version = self.checkpoint.as_ref()?.version();
        let is_above = self.migrations.get(at).is_none_or(|migration| migration.version > version);
        let is_next = at.checked_sub(1).is_none_or(|before| self.migrations[before].version < version);
        (is_above && is_next).then_some(version)
    }

    /// Returns all versions, including those that only the checkpoint has, the lowest first.
    pub fn versions(&self) -> Vec<i64> {
        let replaced = self.checkpoint.iter().flat_map(|checkpoint| &checkpoint.replaces);
        let mut all: Vec<i64> = self.all().iter().map(|migration| migration.version).collect();
        all.extend(replaced.map(|replaced| replaced.version));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns the migration of that version, valid or not.
    pub fn find(&self, version: i64) -> Option<&Migration> {
        self.migrations.iter().chain(&self.doubtful).find(|migration| migration.version == version)
    }

    /// Returns the migration of that version, if it is valid or waived.
    pub fn get(&self, version: i64) -> Option<&Migration> {
        self.migrations.iter().find(|migration| migration.version == version)
    }

    /// Returns migrations without a required down file, by version.
    pub(crate) fn without_down(&self, down: DownFiles) -> Vec<&Migration> {
        let mut all = if down == DownFiles::Required { self.all() } else { vec![] };
        all.retain(|migration| migration.down.is_none() && migration.up.directives.irreversible.is_none());
        all
    }

    pub fn has_no(&self, version: i64, service: &ServiceName) -> Error {
        let checkpoint = self.checkpoint.as_ref().filter(|one| one.replaced(version).is_some());
        if let Some(checkpoint) = checkpoint {
            return Error::usage(format!("{service} has no file of V{version}"))
                .cause(format!("{} replaces it", checkpoint::file_name(checkpoint.version())))
                .hint(format!(
                    "go to V{} or above, or restore the files from before the squash",
                    checkpoint.version()
                ));
        }
        let all: Vec<_> = self.versions().iter().map(|version| format!("V{version}")).collect();
        Error::usage(format!("{service} has no migration V{version}")).hint(match all.join(", ") {
            none if none.is_empty() => {
                format!("it has none: `martydb revision {service} -m \"first table\"` writes the first")
            }
            all => format!("it has {all}"),
        })
    }
}

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
    let mut loader = Loader { waivers: read_waivers(path), ..Loader::default() };
    loader.folder.path = path.into();
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

#[derive(Default)]
struct Loader {
    folder: MigrationFolder,
    ups: BTreeMap<i64, Vec<(String, PathBuf)>>,
    downs: BTreeMap<i64, Vec<(String, PathBuf)>>,
    checkpoints: Vec<(i64, PathBuf)>,
    waivers: Waivers,
}

impl Loader {
    fn refuse(&mut self, path: &Path, what: impl Into<String>, fix: impl Into<String>) {
        self.folder.problems.push(FileProblem::refused(path, what, fix));
    }

    fn sort(&mut self, path: PathBuf, is_folder: bool) {
        if is_folder {
            let fix = "move it elsewhere: subfolders are not read";
            return self.refuse(&path, "is a folder", fix);
        }
        if let Some(version) = checkpoint::version_of(&file_name(&path)) {
            self.checkpoints.push((version, path));
            return;
        }
        if let Some(repeatable) = name::repeatable(&file_name(&path)) {
            return match repeatable {
                Ok(name) => self.take_repeatable(name, &path),
                Err((what, fix)) => self.refuse(&path, what, fix),
            };
        }
        match name::parse(&file_name(&path)) {
            Ok(FileName { version, name, direction }) => {
                let files = if direction == Direction::Up { &mut self.ups } else { &mut self.downs };
                files.entry(version).or_default().push((name, path));
            }
            Err((what, fix)) => self.refuse(&path, what, fix),
        }
    }

    fn take_repeatable(&mut self, name: String, path: &Path) {
        let twin =
            self.folder.repeatables.iter().find(|other| other.name.to_lowercase() == name.to_lowercase());
        if let Some(twin) = twin.map(|twin| file_name(&twin.file.path)) {
            return self.refuse(path, format!("has the name of {twin}"), "give it another name");
        }
        let read = bytes_of(path).map_err(|problem| vec![problem]);
        match read.and_then(|bytes| repeatable::read(path, name, bytes)) {
            Ok(file) => self.folder.repeatables.push(file),
            Err(problems) => self.folder.problems.extend(problems),
        }
    }

    fn pair(mut self) -> MigrationFolder {
        for (version, files) in std::mem::take(&mut self.ups) {
            for (_, path) in &files[1..] {
                let what = format!("has the version {version} of {}", file_name(&files[0].1));
                self.refuse(path, what, "give it the next free version");
            }
            for (name, path) in files {
                self.read(version, name, path);
            }
        }
        for (_, path) in std::mem::take(&mut self.downs).into_values().flatten() {
            let up = file_name(&path).replace(".down.sql", ".sql");
            let fix = "give it the version and the name of the migration that it undoes";
            self.refuse(&path, format!("has no matching {up}"), fix);
        }
        self.take_checkpoint();
        self.folder.problems.sort_by_cached_key(in_order);
        if let Some(checkpoint) = &self.folder.checkpoint {
            let mut fresh = MigrationFolder { problems: vec![], doubtful: vec![], ..self.folder.clone() };
            fresh.migrations.retain(|migration| migration.version > checkpoint.version());
            fresh.migrations.insert(0, checkpoint.migration());
            self.folder.fresh = Some(Box::new(fresh));
        }
        self.folder
    }

    /// Reads the checkpoint, and compares it with the replaced files that are present.
    fn take_checkpoint(&mut self) {
        self.checkpoints.sort();
        let Some((version, path)) = self.checkpoints.pop() else { return };
        for (_, older) in std::mem::take(&mut self.checkpoints) {
            let what = format!("is older than {}, which replaces it", file_name(&path));
            self.refuse(&older, what, "remove it");
        }
        let read = bytes_of(&path).map_err(|problem| vec![problem]);
        let checkpoint = match read.and_then(|bytes| checkpoint::read(&path, version, bytes)) {
            Ok(checkpoint) => checkpoint,
            Err(problems) => return self.folder.problems.extend(problems),
        };
        let disagreements = checkpoint.disagreements(&self.folder.all());
        self.folder.problems.extend(disagreements);
        self.folder.checkpoint = Some(checkpoint);
    }

    fn read(&mut self, version: i64, name: String, path: PathBuf) {
        let down = self.take_down(version, &name);
        match bytes_of(&path).and_then(|bytes| source::judge(&path, bytes)) {
            Ok((up, problems)) => {
                self.add(Migration { version, name, up, down, waived: vec![], replaces: vec![] }, problems)
            }
            Err(problem) => self.folder.problems.push(problem),
        }
    }

    fn add(&mut self, mut migration: Migration, problems: Vec<FileProblem>) {
        let key = waiver_key(migration.version, &migration.name, &migration.up.text);
        if problems.is_empty() || self.waivers.contains(&key) {
            if !problems.is_empty() {
                // It may still have to build a new database: as psql would run it.
                migration.up.directives.mode = Mode::NoTransaction;
            }
            migration.waived = problems;
            self.folder.migrations.push(migration);
        } else {
            self.folder.problems.extend(problems);
            self.folder.doubtful.push(migration);
        }
    }

    /// Removes and returns the down file of a migration: same version, same name.
    fn take_down(&mut self, version: i64, name: &str) -> Option<PathBuf> {
        let downs = self.downs.get_mut(&version)?;
        let found = downs.iter().position(|(down, _)| down == name)?;
        Some(downs.remove(found).1)
    }
}

/// Returns the highest version at the beginning of any name in the folder, including invalid files.
pub(crate) fn highest_version(path: &Path) -> Option<i64> {
    let names = entries(path).unwrap_or_default();
    names.iter().filter_map(|(path, _)| name::leading_version(&file_name(path))).max()
}

/// Returns the sort key of a problem: V2 before V10, and files without a version last.
pub fn in_order(problem: &FileProblem) -> (i64, FileProblem) {
    (name::leading_version(&file_name(&problem.path)).unwrap_or(i64::MAX), problem.clone())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
