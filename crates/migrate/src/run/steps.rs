//! The steps of a run: the file sent for each version. A downgrade finds and reads all its files before it
//! sends the first.

use std::borrow::Cow;

use crate::engine::MigrationStep;
use crate::files::{
    Direction, FileProblem, Migration, MigrationFile, MigrationFolder, Repeatable, VersionType, folder,
    refused_files,
};
use crate::history::{AppliedRow, HistoryRows};
use crate::report::REPEATABLE;
use crate::target::MigrationTarget;
use martydb_model::DownFiles;
use martydb_model::error::{Error, Kind, Result};

pub(crate) fn up_steps<'f>(
    folder: &'f MigrationFolder,
    rows: &HistoryRows,
    versions: &[i64],
) -> Vec<MigrationStep<'f>> {
    let version_type = rows.version_type_for(folder);
    let migrations = versions.iter().filter_map(|version| folder.get(*version));
    let step = |migration: &'f Migration| MigrationStep {
        direction: Direction::Up,
        file: Cow::Borrowed(&migration.up),
        row: AppliedRow::from_migration(migration, version_type),
        replaced: replaced(migration, version_type),
    };
    migrations.map(step).collect()
}

/// Returns the rows of the migrations that a checkpoint replaces, without its own row.
fn replaced(migration: &Migration, version_type: VersionType) -> Vec<AppliedRow> {
    let others = migration.replaces.split_last().map_or(&[][..], |(_, others)| others);
    others.iter().map(|one| AppliedRow::replaced(one, version_type)).collect()
}

pub(crate) fn repeatable_step(repeatable: &Repeatable) -> MigrationStep<'_> {
    let (name, checksum) = (repeatable.name.clone(), repeatable.checksum());
    MigrationStep {
        direction: Direction::Up,
        file: Cow::Borrowed(&repeatable.file),
        row: AppliedRow { version: REPEATABLE, name, checksum },
        replaced: vec![],
    }
}

/// Returns the down file of every version.
///
/// # Errors
/// [`Kind::MigrationFile`], with all problems of the files.
pub(crate) fn down_steps<'f>(
    target: &MigrationTarget,
    folder: &MigrationFolder,
    rows: &HistoryRows,
    versions: &[i64],
) -> Result<Vec<MigrationStep<'f>>> {
    let service = target.service.as_str();
    if target.down == DownFiles::None && !versions.is_empty() {
        let message = format!("{service}: cannot downgrade: the manifest has `down: none`");
        return Err(Error::new(Kind::MigrationFile, message)
            .hint("write a new migration that reverts this one")
            .hint("or write down files, and set `migrations: { down: optional }` in the manifest"));
    }
    let (mut steps, mut problems) = (vec![], vec![]);
    let rows = versions.iter().filter_map(|version| rows.applied.iter().find(|row| row.version == *version));
    for row in rows {
        match down_file(folder, row) {
            Ok(file) => steps.push(MigrationStep {
                direction: Direction::Down,
                file: Cow::Owned(file),
                row: row.clone(),
                replaced: vec![],
            }),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        return Ok(steps);
    }
    let mut error = refused_files(service, &problems);
    let irreversible = problems.iter().filter(|problem| problem.what.starts_with(IRREVERSIBLE)).count();
    let why = match (irreversible, problems.len() - irreversible) {
        (0, _) => "a down file is missing or invalid",
        (_, 0) => "a migration is irreversible",
        _ => "a down file is missing or invalid, and a migration is irreversible",
    };
    error.message = format!("{service}: cannot downgrade: {why}");
    Err(error)
}

const IRREVERSIBLE: &str = "is irreversible: ";

/// Returns the file that undoes a migration, or the reasons why there is none. Either file may declare that it
/// is irreversible.
fn down_file(folder: &MigrationFolder, row: &AppliedRow) -> Result<MigrationFile, Vec<FileProblem>> {
    let fix = "write it: the statements that undo the migration, or a comment if there are none";
    let migration = folder.get(row.version);
    let irreversible = |file: &MigrationFile| {
        let reason = file.directives.irreversible.as_ref()?;
        let fix = "downgrade no further than this version, or restore a backup";
        Some(vec![FileProblem::refused(&file.path, format!("{IRREVERSIBLE}{reason}"), fix)])
    };
    if let Some(problem) = migration.and_then(|migration| irreversible(&migration.up)) {
        return Err(problem);
    }
    let checkpoint = folder.checkpoint.as_ref().filter(|_| migration.is_none());
    if let Some(checkpoint) = checkpoint.filter(|one| one.replaced(row.version).is_some()) {
        let (first, last) = (&checkpoint.replaces[0], checkpoint.version());
        let what =
            format!("{IRREVERSIBLE}it replaces V{} to V{last}, and their down files are gone", first.version);
        let fix =
            format!("downgrade no further than V{last}, or restore the files that the checkpoint replaced");
        return Err(vec![FileProblem::refused(&checkpoint.file.path, what, fix)]);
    }
    let Some(path) = migration.and_then(|migration| migration.down.as_ref()) else {
        let path = folder.path.join(format!("V{}__{}.down.sql", row.version, row.name));
        return Err(vec![FileProblem::refused(&path, "is missing", fix)]);
    };
    let file = folder::load_down(path)?;
    irreversible(&file).map_or(Ok(file), Err)
}
