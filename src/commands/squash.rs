//! `squash`: writes one checkpoint that new databases start from, once a scratch database has shown that it makes what the
//! files make: the same catalogue, the same rows and the same values of sequences.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::baseline::from_database::{failed, provided, put};
use super::migrating::{Watch, plain_options};
use martydb_migrate::files::{Migration, MigrationFolder, Replaced, checkpoint, folder};
use martydb_migrate::import::pg_dump::{self, DumpExtent, DumpProgram, DumpWithout};
use martydb_migrate::import::{contents, first_migration};
use martydb_migrate::{EventSender, Goal, MigrationTarget, Options, Unadopted};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::units::counted;
use martydb_model::{DesiredServer, DesiredService};
use martydb_pg::server::Access;
use martydb_provision::run::Run;
use martydb_provision::scratch::Scratch;
use martydb_provision::targets;
use martydb_ui::flags::OneService;
use martydb_ui::report::{Report, Style, printable};

/// The folder of the proof: the dot keeps it out of the migrations.
const DRAFT: &str = ".martydb-squash";

/// Rows that a checkpoint may hold: reference data, not what a table is for.
const MOST_ROWS: usize = 10_000;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// The last version that goes into the checkpoint.
    #[arg(long, value_name = "VERSION")]
    pub to: i64,
    /// Remove the files that it replaces, once it is proven.
    #[arg(long)]
    pub remove: bool,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<SquashReport> {
    let service = run.service(arguments.service.name())?;
    let folder = folder::load_valid(&service.migrations, service.name.as_str())?;
    let replaces = replaces(&folder, service, arguments.to)?;
    let access = run.admin(&service.server).await?;
    let (_, target) = targets::of(run, std::slice::from_ref(service)).await?.remove(0);
    let desired = run.manifest.desired(&service.server);
    let options = Options { repeatables: false, to: Some(arguments.to), ..plain_options(run) };
    let major = access.read(&access.maintenance).await?.major();
    let program = pg_dump::find(major).await?;
    let squash = Squash { run, access, desired: &desired, service, target: target?, options, program, major };
    let proven = squash.prove(&replaces).await?;
    let path = service.migrations.join(checkpoint::file_name(arguments.to));
    fs::rename(&proven.draft, &path).map_err(|error| failed(&path, &error))?;
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

/// The migrations up to the version, those of an earlier checkpoint included.
fn replaces(folder: &MigrationFolder, service: &DesiredService, to: i64) -> Result<Vec<Replaced>> {
    if folder.get(to).is_none() {
        return Err(folder.has_no(to, &service.name));
    }
    if let Some(found) = folder.checkpoint.as_ref().filter(|found| found.version() >= to) {
        return Err(Error::usage(format!(
            "{} has a checkpoint of V{} already",
            service.name,
            found.version()
        ))
        .cause(format!("{} lies there", found.file.path.display()))
        .hint("squash to a later version, or remove it first, if the files that it replaces are there"));
    }
    let files = || folder.migrations.iter().filter(|migration| migration.version <= to);
    let earlier = folder.checkpoint.iter().flat_map(|checkpoint| &checkpoint.replaces);
    let earlier = earlier.filter(|one| files().all(|file| file.version != one.version));
    let mut all: Vec<Replaced> = earlier.cloned().chain(files().map(Migration::as_replaced)).collect();
    all.sort_by_key(|one| one.version);
    Ok(all)
}

struct Squash<'a> {
    run: &'a Run,
    access: Access,
    desired: &'a DesiredServer,
    service: &'a DesiredService,
    target: MigrationTarget,
    options: Options,
    program: DumpProgram,
    major: u32,
}

/// A proven checkpoint that has yet to get its place.
struct ProvenDraft {
    draft: PathBuf,
    /// By table.
    rows: BTreeMap<String, usize>,
}

impl Squash<'_> {
    /// Runs the files in one scratch database and what was dumped from it in another.
    async fn prove(&self, replaces: &[Replaced]) -> Result<ProvenDraft> {
        let first = Scratch::make(&self.access, self.desired, self.service).await?;
        let files = first.target(&self.target);
        let result = self.write_and_compare(&files, replaces).await;
        first.remove_after(result).await
    }

    async fn write_and_compare(&self, files: &MigrationTarget, replaces: &[Replaced]) -> Result<ProvenDraft> {
        let watch = Watch::new(&self.run.out);
        let (events, receiver) = EventSender::channel();
        let work = martydb_migrate::run(files, Goal::Upgrade, &self.options, &events);
        let outcome = watch.follow(self.service.name.as_str(), receiver, work).await;
        if let Some(error) = outcome.error {
            return Err(error.while_doing("the files cannot build a new database"));
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
        let history: Vec<_> = schemas.map(|schema| (schema.to_string(), table.clone())).collect();
        let without = DumpWithout { relations: &history, schemas: &[] };
        pg_dump::dump(&self.program, target, DumpExtent::WithRows, without).await
    }

    /// Writes the draft, which is the only file in its folder.
    fn write(&self, dump: &str, replaces: &[Replaced]) -> Result<PathBuf> {
        let body = first_migration(dump, &provided(self.service), "")
            .map_err(|why| Error::operation("pg_dump's text cannot be read").cause(why))?;
        if !body.left_out.is_empty() {
            return Err(Error::operation("a checkpoint cannot hold all that the files make")
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
        const SHOWN: usize = 20;
        let more = differences.len().saturating_sub(SHOWN);
        Err(Error::new(Kind::Divergent, "the checkpoint makes another database than the files")
            .causes(differences.iter().take(SHOWN))
            .causes((more > 0).then(|| format!("and {more} more")))
            .hint(format!("`before` is by the files, `after` by {}", draft.display()))
            .hint("privileges that migrations give or take are in no checkpoint: move them into a repeatable migration"))
    }
}

fn refuse_rows(rows: &BTreeMap<String, usize>) -> Result<()> {
    let all: usize = rows.values().sum();
    if all <= MOST_ROWS {
        return Ok(());
    }
    let mut tables: Vec<_> = rows.iter().collect();
    tables.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    Err(Error::operation(format!("the files write {all} rows, and a checkpoint holds at most {MOST_ROWS}"))
        .causes(
            tables.into_iter().take(10).map(|(table, count)| format!("{table}: {}", counted(*count, "row"))),
        )
        .hint("squash to a version before that, or bring the rows by other means than migrations"))
}

/// An older checkpoint goes in any case: a folder has one.
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
    /// How many migrations.
    replaces: usize,
    /// Those that it holds, by table.
    rows: BTreeMap<String, usize>,
    removed: Vec<String>,
}

impl Report for SquashReport {
    fn text(&self, _: &Style) -> String {
        let mut text = printable(&self.file) + "\n";
        text += &format!("It replaces {}.\n", counted(self.replaces, "migration"));
        for (table, rows) in &self.rows {
            text += &format!("It holds {} of {}.\n", counted(*rows, "row"), printable(table));
        }
        text += &match self.removed.len() {
            0 => "New databases start from it. The files stay for those that are below it; --remove removes them.\n".into(),
            removed => format!("{} removed.\n", counted(removed, "file")),
        };
        text
    }
}
