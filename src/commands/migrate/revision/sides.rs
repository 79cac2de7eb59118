//! Both sides of a comparison, each built in a scratch database: the end state of the migrations, and the declared schema.

use std::path::{Path, PathBuf};

use crate::commands::migrate::baseline::from_database::provided;
use crate::commands::migrate::verify_down::scratch_of;
use martydb_apply::scratch::Scratch;
use martydb_migrate::history::Catalog;
use martydb_migrate::{EventSender, Goal, MigrationTarget, Options};
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredServer, DesiredService};
use martydb_pg::server::Access;
use martydb_schema_diff::{DeclaredFile, DraftFolder, Structure, filled_tables, read, read_declared};

/// Service and server with which both sides are built.
pub(crate) struct Sides<'a> {
    pub access: Access,
    pub desired: DesiredServer,
    pub service: &'a DesiredService,
    /// Service's own database.
    pub target: MigrationTarget,
    pub options: Options,
}

/// Declared schema as the server reads it.
pub(crate) struct Declared {
    pub structure: Structure,
    pub catalog: Catalog,
}

impl Sides<'_> {
    /// Makes a scratch database at the end state of the migrations.
    ///
    /// # Errors
    /// If a file fails there; the database is removed then.
    pub(crate) async fn former(&self) -> Result<Scratch> {
        let scratch = scratch_of(&self.access, &self.desired, self.service).await?;
        let target = scratch.target(&self.target);
        match self.upgraded(&target).await {
            Ok(()) => Ok(scratch),
            Err(error) => {
                let error = error.while_doing("cannot build the end state of the migrations");
                scratch.remove_after(Err(error)).await
            }
        }
    }

    /// Applies the files of a target's folder.
    pub(crate) async fn upgraded(&self, target: &MigrationTarget) -> Result<()> {
        let outcome =
            martydb_migrate::run(target, Goal::Upgrade, &self.options, &EventSender::ignored()).await;
        outcome.error.map_or(Ok(()), Err)
    }
}

/// Reads the declared schema: a live database, or files that are applied to a scratch database.
///
/// # Errors
/// If the files are not a schema, or the server rejects them.
pub(crate) async fn declared(sides: &Sides<'_>, from: &str) -> Result<Declared> {
    if from == "database" {
        return of_database(sides, &sides.target).await;
    }
    let files = read_declared(&path_of(from), &provided(sides.service))?;
    let scratch = scratch_of(&sides.access, &sides.desired, sides.service).await?;
    let result = built(sides, &scratch, &files).await;
    scratch.remove_after(result).await
}

async fn of_database(sides: &Sides<'_>, target: &MigrationTarget) -> Result<Declared> {
    let wait = sides.options.lock_wait;
    let catalog = martydb_migrate::catalog(target, wait).await?;
    Ok(Declared {
        structure: read(target, wait).await?.without_roles(&target.further),
        catalog: martydb_migrate::without_roles(catalog, &target.owner, &target.further),
    })
}

async fn built(sides: &Sides<'_>, scratch: &Scratch, files: &[DeclaredFile]) -> Result<Declared> {
    let draft = DraftFolder::new()?;
    for (number, file) in files.iter().enumerate() {
        draft.write(&draft_name(number), &file.text)?;
    }
    let mut target = scratch.target(&sides.target);
    target.folder = draft.path().into();
    sides.upgraded(&target).await.map_err(|error| explained(error, files, &draft))?;
    let filled = filled_tables(&target, sides.options.lock_wait).await?;
    if !filled.is_empty() {
        return Err(Error::usage("the declared schema writes rows")
            .causes(filled.iter().take(10).map(|table| format!("{table} is not empty")))
            .hint("put rows into a migration, and declare the schema alone"));
    }
    of_database(sides, &target).await
}

/// Puts the names of the declared files in place of the drafts that were applied, and adds a hint.
fn explained(mut error: Error, files: &[DeclaredFile], draft: &DraftFolder) -> Error {
    for (number, file) in files.iter().enumerate() {
        let applied = draft.path().join(draft_name(number)).display().to_string();
        let declared = file.path.display().to_string();
        let texts = error.causes.iter_mut().chain(&mut error.hints).chain([&mut error.message]);
        texts.for_each(|text| *text = text.replace(&applied, &declared));
    }
    let said = error.to_string();
    let hint = match ["role \"", "extension \""].iter().any(|word| said.contains(word)) {
        true => {
            "roles belong to `access:` and extensions to `extensions:` in the manifest: declare them there, or leave them out of the schema"
        }
        false => {
            "the declared schema must be valid in an empty database of the service; the files of a folder run in the order of their names"
        }
    };
    error.while_doing("cannot build the declared schema").hint(hint)
}

/// Returns the name under which a declared file is applied.
fn draft_name(number: usize) -> String {
    format!("V{}__declared.sql", number + 1)
}

/// Returns the path of a declared schema; a relative one is of the working folder.
fn path_of(from: &str) -> PathBuf {
    std::path::absolute(from).unwrap_or_else(|_| Path::new(from).to_owned())
}
