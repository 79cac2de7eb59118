//! Stricter checks of a folder than a run makes: down files follow the same rules as the others, and missing
//! ones are reported.

use std::path::Path;

use super::folder::{self, MigrationFolder};
use super::problem::FileProblem;
use super::source::Migration;
use martydb_model::DownFiles;

#[derive(Debug, Clone, Default)]
pub struct Inspection {
    pub folder: MigrationFolder,
    /// Problems: those that stop a run come first, each in the order of versions and positions.
    pub problems: Vec<FileProblem>,
    /// A note for each missing down file, by version.
    pub missing_downs: Vec<FileProblem>,
}

pub fn inspect(path: &Path, down: DownFiles) -> Inspection {
    let folder = folder::load(path);
    let mut problems = folder.problems.clone();
    problems.extend(folder.all().into_iter().flat_map(|migration| down_problems(migration, down)));
    problems.sort_by_cached_key(|problem| (!problem.refuses(), folder::in_order(problem)));
    let missing_downs = folder.without_down(down).into_iter().map(no_down).collect();
    Inspection { folder, problems, missing_downs }
}

fn down_problems(migration: &Migration, down: DownFiles) -> Vec<FileProblem> {
    let Some(path) = &migration.down else { return vec![] };
    if down == DownFiles::None {
        let fix = "remove it, or set `down: optional` in the manifest";
        return vec![FileProblem::noted(path, "is a down file, and the manifest has `down: none`", fix)];
    }
    let mut problems = folder::load_down(path).err().unwrap_or_default();
    if migration.up.directives.irreversible.is_some() {
        let fix = "remove it, or the line `-- martydb: irreversible: …` of its migration";
        let what = "is a down file of a migration that is declared irreversible";
        problems.push(FileProblem::noted(path, what, fix));
    }
    problems
}

/// Returns the note that a migration has no down file.
pub(crate) fn no_down(migration: &Migration) -> FileProblem {
    let fix = "write one: without it, downgrade stops here";
    FileProblem::noted(&migration.up.path, "has no .down.sql beside it", fix)
}
