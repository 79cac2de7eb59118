//! Migrations and problems of a folder that was read.

use std::path::{Path, PathBuf};

use crate::files::checkpoint::{self, Checkpoint};
use crate::files::name;
use crate::files::problem::{FileProblem, refuse};
use crate::files::repeatable::Repeatable;
use crate::files::source::Migration;
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
    /// Returns `true` if it contains no file of a migration, valid or not.
    pub fn is_empty(&self) -> bool {
        self.migrations.is_empty()
            && self.doubtful.is_empty()
            && self.repeatables.is_empty()
            && self.checkpoint.is_none()
            && self.problems.is_empty()
    }

    pub(super) fn refused(&self) -> impl Iterator<Item = &FileProblem> {
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

/// Returns the sort key of a problem: V2 before V10, and files without a version last.
pub fn in_order(problem: &FileProblem) -> (i64, FileProblem) {
    (name::leading_version(&file_name(&problem.path)).unwrap_or(i64::MAX), problem.clone())
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
