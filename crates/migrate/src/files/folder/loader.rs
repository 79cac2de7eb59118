//! The files of a folder by kind and version, until all are read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::contents::{MigrationFolder, file_name, in_order};
use crate::files::checkpoint;
use crate::files::directive::Mode;
use crate::files::name::{self, Direction, FileName};
use crate::files::plain_file::bytes_of;
use crate::files::problem::FileProblem;
use crate::files::repeatable;
use crate::files::source::{self, Migration};
use crate::files::waivers::{Waivers, waiver_key};

/// Beginning of the advice to rename a file.
const RENAME: &str = "rename it to ";

#[derive(Default)]
pub(super) struct Loader {
    pub(super) folder: MigrationFolder,
    ups: BTreeMap<i64, Vec<(String, PathBuf)>>,
    downs: BTreeMap<i64, Vec<(String, PathBuf)>>,
    checkpoints: Vec<(i64, PathBuf)>,
    waivers: Waivers,
}

impl Loader {
    pub(super) fn new(path: &Path, waivers: Waivers) -> Loader {
        let folder = MigrationFolder { path: path.into(), ..MigrationFolder::default() };
        Loader { folder, waivers, ..Loader::default() }
    }

    fn refuse(&mut self, path: &Path, what: impl Into<String>, fix: impl Into<String>) {
        self.folder.problems.push(FileProblem::refused(path, what, fix));
    }

    /// Adds an entry of the folder to the files of its kind.
    pub(super) fn sort(&mut self, path: PathBuf, is_folder: bool) {
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

    /// Reads the files, each migration with its down file.
    pub(super) fn pair(mut self) -> MigrationFolder {
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
        self.keep_apart();
        if let Some(checkpoint) = &self.folder.checkpoint {
            let mut fresh = MigrationFolder { problems: vec![], doubtful: vec![], ..self.folder.clone() };
            fresh.migrations.retain(|migration| migration.version > checkpoint.version());
            fresh.migrations.insert(0, checkpoint.migration());
            self.folder.fresh = Some(Box::new(fresh));
        }
        self.folder
    }

    /// Corrects the advice to rename a file to a name that another has or gets: it would overwrite that one.
    fn keep_apart(&mut self) {
        let mut taken = BTreeSet::new();
        for problem in &mut self.folder.problems {
            let Some(name) = problem.fix.strip_prefix(RENAME) else { continue };
            let is_free = !problem.path.with_file_name(name).exists();
            if !(taken.insert(name.to_owned()) && is_free) {
                problem.fix =
                    format!("give it a version of its own: another file has or gets the name {name}");
            }
        }
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
