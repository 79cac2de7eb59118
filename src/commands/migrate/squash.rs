//! `squash`: writes one checkpoint from which new databases start, after a scratch database has shown that it produces
//! the same catalog, rows and sequence values as the files.

mod config_tables;
mod row_security;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::baseline::from_database::{provided, put};
use super::migrating::{Watch, plain_options};
use crate::app::App;
use crate::commands::support::choice;
use martydb_apply::scratch::Scratch;
use martydb_context::targets;
use martydb_migrate::dump::{contents, first_migration};
use martydb_migrate::files::{Migration, MigrationFolder, Replaced, checkpoint, folder};
use martydb_migrate::{EventSender, Goal, MigrationTarget, Options, Unadopted};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::units::counted;
use martydb_model::{DesiredServer, DesiredService};
use martydb_os::replace_file::unwritable;
use martydb_pg::server::Access;
use martydb_pg_dump::pg_dump;
use martydb_pg_dump::pg_dump::{DumpExtent, DumpProgram, DumpWithout};
use martydb_ui::flags::OneService;
use martydb_ui::report::{Report, Style, printable};

/// Folder of the check: the dot hides it from the migrations.
const DRAFT: &str = ".martydb-squash";

/// Maximum number of rows in a checkpoint: it may contain reference data, but not application data.
const MOST_ROWS: usize = 10_000;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Last version of the checkpoint.
    #[arg(long, value_name = "VERSION")]
    pub to: i64,
    /// Remove the replaced files after the check.
    #[arg(long)]
    pub remove: bool,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<SquashReport> {
    let service = &choice::service(app, &arguments.service).await?;
    let folder = folder::load_valid(&service.migrations, service.name.as_str())?;
    let replaces = replaces(&folder, service, arguments.to)?;
    let access = app.admin(&service.server).await?;
    let (_, target) = targets::for_services(app, std::slice::from_ref(service)).await?.remove(0);
    let desired = app.manifest.desired(&service.server);
    let options = Options { repeatables: false, to: Some(arguments.to), ..plain_options(app) };
    let major = access.read(&access.maintenance).await?.major();
    let program = pg_dump::find(major).await?;
    let squash = Squash { app, access, desired: &desired, service, target: target?, options, program, major };
    let proven = squash.prove(&replaces).await?;
    let path = service.migrations.join(checkpoint::file_name(arguments.to));
    fs::rename(&proven.draft, &path).map_err(unwritable(&path))?;
    let _not_empty = fs::remove_dir(service.migrations.join(DRAFT));
    let removed = remove(&folder, arguments)?;
    Ok(SquashReport {
        service: service.name.to_string(),
        version: arguments.to,
        file: path.display().to_string(),
        replaces: replaces.len(),
        rows: proven.rows,
        removed: removed.iter().map(|path| path.display().to_string()).collect(),
    })
}

/// Returns the migrations up to the version, including those of an earlier checkpoint.
fn replaces(folder: &MigrationFolder, service: &DesiredService, to: i64) -> Result<Vec<Replaced>> {
    if folder.get(to).is_none() {
        return Err(folder.has_no(to, &service.name));
    }
    if let Some(found) = folder.checkpoint.as_ref().filter(|found| found.version() >= to) {
        return Err(Error::usage(format!(
            "{} already has a checkpoint of V{}",
            service.name,
            found.version()
        ))
        .cause(format!("{} exists", found.file.path.display()))
        .hint("squash to a later version, or remove it first, if the files that it replaces still exist"));
    }
    let files = || folder.migrations.iter().filter(|migration| migration.version <= to);
    let earlier = folder.checkpoint.iter().flat_map(|checkpoint| &checkpoint.replaces);
    let earlier = earlier.filter(|one| files().all(|file| file.version != one.version));
    let mut all: Vec<Replaced> = earlier.cloned().chain(files().map(Migration::as_replaced)).collect();
    all.sort_by_key(|one| one.version);
    Ok(all)
}

struct Squash<'a> {
    app: &'a App,
    access: Access,
    desired: &'a DesiredServer,
    service: &'a DesiredService,
    target: MigrationTarget,
    options: Options,
    program: DumpProgram,
    major: u32,
}

/// Checked checkpoint that is not yet in its folder.
struct ProvenDraft {
    draft: PathBuf,
    /// Rows, by table.
    rows: BTreeMap<String, usize>,
}

impl Squash<'_> {
    /// Runs the files in one scratch database, and the dump of the result in another.
    async fn prove(&self, replaces: &[Replaced]) -> Result<ProvenDraft> {
        let first = Scratch::make(&self.access, self.desired, self.service).await?;
        let files = first.target(&self.target);
        let result = self.write_and_compare(&files, replaces).await;
        first.remove_after(result).await
    }

    async fn write_and_compare(&self, files: &MigrationTarget, replaces: &[Replaced]) -> Result<ProvenDraft> {
        let watch = Watch::new(&self.app.out);
        let (events, receiver) = EventSender::channel();
        let work = martydb_migrate::run(files, Goal::Upgrade, &self.options, &events);
        let outcome = watch.follow(self.service.name.as_str(), receiver, work).await;
        if let Some(error) = outcome.error {
            return Err(error.while_doing("cannot build a new database from the files"));
        }
        let dump = self.dump(files).await?;
        let (statements, rows) = contents(&dump);
        refuse_rows(&rows)?;
        let draft = self.write(&dump, replaces)?;
        let second = Scratch::make(&self.access, self.desired, self.service).await?;
        let mut checkpoint = second.target(&self.target);
        checkpoint.folder = self.target.folder.join(DRAFT);
        let result = self.compare(files, &checkpoint, &draft, &statements).await;
        second.remove_after(result).await?;
        Ok(ProvenDraft { draft, rows })
    }

    async fn dump(&self, target: &MigrationTarget) -> Result<String> {
        let schemas = self.target.schemas.iter();
        let table = martydb_model::contract::REFINERY_TABLE.to_owned();
        let mut relations = config_tables::unreadable(target, self.options.lock_wait).await?;
        relations.extend(schemas.map(|schema| (schema.to_string(), table.clone())));
        let without = DumpWithout { relations: &relations, schemas: &[] };
        let dump = pg_dump::dump(&self.program, target.acting_login(), DumpExtent::WithRows, without);
        row_security::lifted(target, self.options.lock_wait, dump).await
    }

    /// Writes the draft, which is the only file in its folder.
    fn write(&self, dump: &str, replaces: &[Replaced]) -> Result<PathBuf> {
        let body = first_migration(dump, &provided(self.service), "")
            .map_err(|why| Error::operation("cannot parse the output of pg_dump").cause(why))?;
        if !body.left_out.is_empty() {
            return Err(Error::operation("a checkpoint cannot contain everything that the files create")
                .causes(&body.left_out)
                .hint("put it into a repeatable migration, or squash to a version before it"));
        }
        let version = replaces.last().map_or(0, |last| last.version);
        let (service, program) = (&self.service.name, printable(&self.program.version));
        let origin = format!("{service} at V{version}, by pg_dump {program}.");
        let folder = self.target.folder.join(DRAFT);
        let _absent = fs::remove_dir_all(&folder);
        let draft = folder.join(checkpoint::file_name(version));
        put(&draft, &checkpoint::write(replaces, &origin, &body.text))?;
        folder::load_valid(&folder, service.as_str())?;
        Ok(draft)
    }

    async fn compare(
        &self,
        files: &MigrationTarget,
        checkpoint: &MigrationTarget,
        draft: &Path,
        statements: &[String],
    ) -> Result<()> {
        let found = Unadopted { major: self.major, ..Unadopted::default() };
        let mut differences: Vec<String> = martydb_migrate::prove(files, checkpoint, &found, &self.options)
            .await?
            .iter()
            .map(ToString::to_string)
            .collect();
        if differences.is_empty() && contents(&self.dump(checkpoint).await?).0 != statements {
            differences.push("the rows or the values of sequences".into());
        }
        if differences.is_empty() {
            return Ok(());
        }
        Err(Error::new(Kind::Divergent, "the checkpoint and the files create different databases")
            .first_causes(&differences)
            .hint(format!("`before` is the result of the files, `after` of {}", draft.display()))
            .hint("a checkpoint does not contain privileges that migrations grant or revoke: move them into a repeatable migration"))
    }
}

fn refuse_rows(rows: &BTreeMap<String, usize>) -> Result<()> {
    let all: usize = rows.values().sum();
    if all <= MOST_ROWS {
        return Ok(());
    }
    let mut tables: Vec<_> = rows.iter().collect();
    tables.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    Err(Error::operation(format!(
        "the files write {all} rows, but a checkpoint can contain at most {MOST_ROWS}"
    ))
    .causes(tables.into_iter().take(10).map(|(table, count)| format!("{table}: {}", counted(*count, "row"))))
    .hint("squash to an earlier version, or load the rows without migrations"))
}

/// Removes the replaced files; an older checkpoint is always removed, because a folder has only one.
fn remove(folder: &MigrationFolder, arguments: &Arguments) -> Result<Vec<PathBuf>> {
    let older = folder.checkpoint.iter();
    let replaced = folder.migrations.iter().filter(|one| arguments.remove && one.version <= arguments.to);
    let files = |one: &Migration| [Some(one.up.path.clone()), one.down.clone()];
    let all: Vec<PathBuf> =
        older.map(|one| one.file.path.clone()).chain(replaced.flat_map(files).flatten()).collect();
    for path in &all {
        fs::remove_file(path)
            .map_err(|error| Error::operation(format!("cannot remove {}", path.display())).cause(error))?;
    }
    Ok(all)
}

#[derive(Serialize)]
pub struct SquashReport {
    service: String,
    version: i64,
    file: String,
    /// Number of replaced migrations.
    replaces: usize,
    /// Number of rows in the checkpoint, by table.
    rows: BTreeMap<String, usize>,
    removed: Vec<String>,
}

impl Report for SquashReport {
    fn text(&self, _: &Style) -> String {
        let mut text = printable(&self.file) + "\n";
        text += &format!("It replaces {}.\n", counted(self.replaces, "migration"));
        for (table, rows) in &self.rows {
            text += &format!("It contains {} of {}.\n", counted(*rows, "row"), printable(table));
        }
        text += &match self.removed.len() {
            0 => "New databases start from it. Databases below its version still need the files; --remove removes them.\n".into(),
            removed => format!("{} removed.\n", counted(removed, "file")),
        };
        text
    }
}
