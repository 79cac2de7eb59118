//! `baseline --from-database`: writes the existing schema as V1, after a scratch database has shown that V1 creates the
//! same schema.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::app::App;
use martydb_apply::scratch::Scratch;
use martydb_migrate::check::other_tools;
use martydb_migrate::dump::{FirstMigration, ProvidedObjects, first_migration};
use martydb_migrate::files::folder;
use martydb_migrate::history::Difference;
use martydb_migrate::{MigrationTarget, Options, Unadopted};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::units::listed;
use martydb_model::{DesiredService, RoleKind, SchemaName};
use martydb_os::replace_file::{Readers, replace_file, unwritable};
use martydb_pg::server::existence::{Existence, ExistenceCheck};
use martydb_pg_dump::pg_dump;
use martydb_pg_dump::pg_dump::{DumpExtent, DumpWithout};
use martydb_ui::report::printable;

/// Name of the file; its folder during the check begins with a dot, which hides it from the migrations.
const FILE: &str = "V1__before_martydb.sql";
const DRAFT: &str = ".martydb-baseline";

/// Written file.
pub struct Adopted {
    pub file: PathBuf,
    pub notes: Vec<String>,
}

/// Writes V1 and checks it; the history is not changed.
///
/// # Errors
/// [`Kind::Usage`] if there are migrations or a history; [`Kind::Divergent`] if V1 creates another schema, or other
/// roles own schemas.
pub async fn write(
    app: &App,
    service: &DesiredService,
    target: &MigrationTarget,
    options: &Options,
) -> Result<Adopted> {
    refuse_files(target)?;
    let found = martydb_migrate::examine_unadopted(target, options.lock_wait).await?;
    refuse_schemas(service, &found.schemas_of_others)?;
    let program = pg_dump::find(found.major).await?;
    let without = DumpWithout { relations: &found.set_aside, schemas: &found.schemas_aside };
    let dump = pg_dump::dump(&program, target.acting_login(), DumpExtent::Schema, without).await?;
    let provided = provided(service);
    let origin = format!("The schema before martydb, by pg_dump {}.", program.version);
    let head =
        format!("-- {}\n-- martydb: irreversible: it was there before martydb\n\n", printable(&origin));
    let first = first_migration(&dump, &provided, &head)
        .map_err(|why| Error::operation("cannot parse the output of pg_dump").cause(why))?;
    let draft = target.folder.join(DRAFT);
    let file = draft.join(FILE);
    put(&file, &first.text)?;
    folder::load_valid(&draft, target.service.as_str())?;
    let (differences, others) = compare(app, service, target, &draft, &found, options).await?;
    if !differences.is_empty() {
        return Err(unequal(&file, &differences));
    }
    let end = target.folder.join(FILE);
    fs::rename(&file, &end).map_err(unwritable(&end))?;
    let _not_empty = fs::remove_dir(&draft);
    let mut notes = notes(&first, &found);
    if !others.is_empty() {
        let names: Vec<&String> = others.iter().collect();
        notes.push(format!(
            "the file does not contain the privileges of {}: `access:` in the manifest grants them",
            listed(&names)
        ));
    }
    Ok(Adopted { file: end, notes })
}

/// Returns the objects that the manifest creates before the first migration.
pub(crate) fn provided(service: &DesiredService) -> ProvidedObjects {
    ProvidedObjects {
        schemas: service
            .schemas
            .iter()
            .chain(service.extension_schemas())
            .map(ToString::to_string)
            .chain(["public".into()])
            .collect(),
        extensions: service.extensions.iter().map(|one| one.name.clone()).collect(),
        owner: service.role(RoleKind::Owner).to_string(),
        roles: service.further_roles().iter().map(ToString::to_string).collect(),
    }
}

fn refuse_files(target: &MigrationTarget) -> Result<()> {
    let present = folder::load(&target.folder);
    match present.all().first() {
        Some(migration) => Err(Error::usage(format!("{} already has migrations", target.service))
            .cause(format!("{} exists", migration.up.path.display()))
            .hint(format!("`martydb baseline --service {} --at N` records them as applied", target.service))
            .hint("if the database lacks some of them: move those away, and back as V2 and later after V1 is written")),
        None => Ok(()),
    }
}

/// Refuses schemas that the service does not own: its owner may not read them, and V1 could not create them.
fn refuse_schemas(service: &DesiredService, others: &[String]) -> Result<()> {
    if others.is_empty() {
        return Ok(());
    }
    let declared = service.schemas.iter().map(SchemaName::as_str);
    let all: Vec<&str> = declared.chain(others.iter().map(String::as_str)).collect();
    let name = &service.name;
    Err(Error::new(Kind::Divergent, format!("the database of {name} has schemas that {name} does not own"))
        .cause(format!("the manifest does not declare {}", others.join(", ")))
        .hint(format!(
            "declare them with `schemas: [{}]`; then `martydb apply --service {name}`",
            all.join(", ")
        )))
}

async fn compare(
    app: &App,
    service: &DesiredService,
    target: &MigrationTarget,
    draft: &Path,
    found: &Unadopted,
    options: &Options,
) -> Result<(Vec<Difference>, BTreeSet<String>)> {
    let access = app.access(&service.server).await?;
    let desired = app.manifest.desired(&service.server);
    let scratch = Scratch::make(&access, &desired, service).await?;
    let there = MigrationTarget {
        database: scratch.database.clone(),
        existence: ExistenceCheck::Known(Existence::Present),
        folder: draft.into(),
        further: vec![],
        ..target.clone()
    };
    let result = martydb_migrate::prove_first(target, &there, found, options).await;
    scratch.remove_after(result).await
}

fn unequal(file: &Path, differences: &[Difference]) -> Error {
    let privileges = "first revoke the privileges of PUBLIC and of the service's roles that the manifest does not grant: `martydb plan` shows them";
    let error =
        Error::new(Kind::Divergent, "the schema that pg_dump wrote differs from that of the database")
            .first_causes(differences)
            .hint(format!(
                "`before` is the database, `after` the result of {} in a scratch database",
                file.display()
            ));
    match differences.iter().any(Difference::is_about_privileges) {
        true => error.hint(privileges),
        false => error,
    }
}

fn notes(first: &FirstMigration, found: &Unadopted) -> Vec<String> {
    let tools = found.tools.iter().map(|tool| {
        let tables: Vec<String> = other_tools::tables_of(&tool.name)
            .filter(|name| found.set_aside.iter().any(|table| table.0 == tool.schema && table.1 == *name))
            .map(|name| format!("{}.{name}", tool.schema))
            .collect();
        let is = if tables.len() == 1 { "is" } else { "are" };
        format!(
            "{} of {} {is} not in the file; drop with `DROP TABLE IF EXISTS` in a migration when the tool is no longer used",
            tables.join(" and "),
            tool.tool
        )
    });
    let left = first.left_out.iter().map(|what| format!("left out: {what}"));
    let undeclared = first.undeclared.iter().map(|extension| {
        format!(
            "the extension {extension} is not declared; with `extensions:` in the manifest `apply` creates it"
        )
    });
    let rows = "the file holds no rows: those that every environment needs go into the next migration, as \
                `INSERT \u{2026} ON CONFLICT DO NOTHING`";
    tools.chain(left).chain(undeclared).chain([rows.into()]).collect()
}

pub fn put(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).and_then(|()| replace_file(path, text, Readers::All)).map_err(unwritable(path))
}
