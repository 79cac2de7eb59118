//! `import`: converts another tool's migrations into the service's own, and recognizes the tool's history.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use crate::app::App;
use martydb_context::targets;
use martydb_embedded as embedded;
use martydb_import::{ImportedFolder, NewFile, OmittedPart, TOOLS, Tool, WriteCount};
use martydb_manifest::ServerLocation;
use martydb_migrate::{AdoptionState, FailedRow, MigrationTarget, RowMeaning};
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::counted;
use martydb_model::{DesiredService, DownFiles};
use martydb_ui::report::{Report, Style, indented, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Tool that the migrations are of.
    #[arg(long, value_name = "TOOL", value_parser = PossibleValuesParser::new(TOOLS.iter().map(|tool| tool.name)))]
    pub from: String,
    /// Service that gets the migrations.
    #[arg(short, long, value_name = "NAME")]
    pub service: String,
    /// Leave out files that cannot be converted.
    #[arg(long)]
    pub skip: bool,
    /// List each file; write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Folder of the tool's migrations; for Alembic the one with alembic.ini.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<ImportReport> {
    let service = app.service(&arguments.service)?.clone();
    let tool = Tool::find(&arguments.from).ok_or_else(|| Error::usage("unknown tool"))?;
    let imported = match tool.prints() {
        true => martydb_import::read_alembic(&arguments.folder, &app.admin_variables()).await?,
        false => martydb_import::read(tool, &arguments.folder)?,
    };
    let files = martydb_import::planned(&imported);
    if files.is_empty() && imported.left_out.is_empty() {
        let folder = arguments.folder.display();
        return Err(Error::usage(format!("{folder} contains no migrations of {}", tool.name))
            .hint("specify the folder that contains the migrations themselves"));
    }
    let stopped = !imported.left_out.is_empty() && !arguments.skip;
    let count = martydb_import::write(&service.migrations, &files, arguments.dry_run || stopped)?;
    let mut report = ImportReport::new(tool, &service, arguments, count);
    report.files = files;
    report.note_missing_downs(service.down);
    report.database(app, &service, tool, &imported).await;
    report.notes.extend(imported.notes);
    report.left_out = imported.left_out;
    Ok(report)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum ImportOutcome {
    Written,
    /// All files existed already.
    Unchanged,
    /// Some file cannot be converted: nothing was written.
    Stopped,
    DryRun,
}

#[derive(Serialize)]
pub struct ImportReport {
    service: String,
    tool: &'static str,
    folder: PathBuf,
    outcome: ImportOutcome,
    files: Vec<NewFile>,
    left_out: Vec<OmittedPart>,
    notes: Vec<String>,
    /// Version of the database according to the tool's own table.
    baseline_at: Option<i64>,
    /// Rows of the tools' tables that are not applied migrations.
    failed: Vec<FailedRow>,
    /// Next commands.
    next: Vec<String>,
    #[serde(skip)]
    skip: bool,
    #[serde(skip)]
    dry: bool,
    #[serde(skip)]
    count: WriteCount,
    #[serde(skip)]
    code: bool,
    /// Set if two tables of the tool say different things.
    #[serde(skip)]
    disagrees: bool,
}

impl ImportReport {
    fn new(tool: &'static Tool, service: &DesiredService, arguments: &Arguments, count: WriteCount) -> Self {
        ImportReport {
            service: service.name.to_string(),
            tool: tool.name,
            folder: service.migrations.clone(),
            outcome: ImportOutcome::DryRun,
            files: vec![],
            left_out: vec![],
            notes: vec![],
            baseline_at: None,
            failed: vec![],
            next: vec![format!("martydb validate --service {}", service.name)],
            skip: arguments.skip,
            dry: arguments.dry_run,
            count,
            code: tool.is_code(),
            disagrees: false,
        }
    }

    /// Notes how to declare that no migration goes back, which `validate` would report for each.
    fn note_missing_downs(&mut self, down: DownFiles) {
        let has_down = self.files.iter().any(|file| file.file.ends_with(".down.sql"));
        if down == DownFiles::Required && !has_down && !self.files.is_empty() {
            self.notes.push(
                "there is no down file: declare `migrations: { down: none }` in the manifest, or write them"
                    .into(),
            );
        }
    }

    /// Reads the migrations that the tool applied to the service's database. A server that does not answer is a note.
    async fn database(
        &mut self,
        app: &App,
        service: &DesiredService,
        tool: &Tool,
        imported: &ImportedFolder,
    ) {
        self.outcome = match (self.dry, imported.left_out.is_empty() || self.skip, self.count.new) {
            (true, _, _) => ImportOutcome::DryRun,
            (_, false, _) => ImportOutcome::Stopped,
            (_, _, 0) => ImportOutcome::Unchanged,
            _ => ImportOutcome::Written,
        };
        let Some(history) = tool.history else { return };
        if !is_running(app, service) {
            self.notes.push(format!(
                "the server {} is not running, so its database was not read: after `martydb dev up`, this command again prints the \
                 matching baseline",
                service.server
            ));
            return;
        }
        let found = async {
            let (_, target) = targets::for_services(app, std::slice::from_ref(service)).await?.remove(0);
            let target: MigrationTarget = target?;
            let table = imported.history_table.as_deref();
            martydb_migrate::inspect_adoption(&target, history, table, app.lock_wait).await
        };
        match found.await {
            Ok(found) => self.adopt(tool, imported, &found),
            Err(error) => self.notes.push(format!(
                "cannot read what {} has applied to the database: {error}; `martydb apply --service {}`, then this command \
                 again, prints the matching baseline",
                tool.name, self.service
            )),
        }
    }

    fn adopt(&mut self, tool: &Tool, imported: &ImportedFolder, found: &AdoptionState) {
        if found.adopted {
            return;
        }
        self.failed.clone_from(&found.failed);
        self.notes.extend(found.failed.iter().filter(|row| !row.is_open()).map(|row| {
            let counts = if row.undone { "pending" } else { "applied, but never ran" };
            format!("{} reports {}: {}; it counts as {counts}", row.table, row.migration, row.state)
        }));
        let Some((table, applied, meaning)) = &found.applied else {
            for other in &found.tools {
                self.notes.push(format!("{} keeps its history in {}", other.tool, other.table));
            }
            return;
        };
        let matched = martydb_import::history_match(&imported.carried, applied, *meaning == RowMeaning::Last);
        let table = &table.table;
        if let Some(second) = &found.second {
            self.disagrees = true;
            self.notes.push(format!(
                "{table} and {} have different rows, so no baseline is offered: record the version of the one that belongs to these \
                 files by `baseline --at`",
                second.table
            ));
        }
        if !matched.unknown.is_empty() {
            self.notes.push(format!(
                "{table} contains {} without a file: {}",
                counted(matched.unknown.len(), "migration"),
                some(&matched.unknown)
            ));
        }
        if !matched.missing.is_empty() {
            let missing: Vec<String> = matched.missing.iter().map(|version| format!("V{version}")).collect();
            self.notes.push(format!(
                "{table} lacks {}, but contains a later one: run it with {} first, or remove its file",
                some(&missing),
                tool.name
            ));
        }
        match matched.at {
            Some(_) if self.disagrees => {}
            Some(at) if self.is_failed() => self.notes.push(format!(
                "{table} says that V{at} and all before it are applied: a baseline there is right only if nothing of the failed \
                 migration is left in the database"
            )),
            Some(at) => {
                self.notes.push(format!("according to {table}, the database is at V{at}"));
                self.baseline_at = Some(at);
                self.next.push(format!("martydb baseline --service {} --at {at}", self.service));
            }
            None if matched.missing.is_empty() && !self.is_failed() => {
                self.notes.push(format!("{table} contains none of these migrations"))
            }
            None => {}
        }
    }

    /// Returns `true` if a row of a tool says that a migration failed or is not finished.
    fn is_failed(&self) -> bool {
        self.failed.iter().any(FailedRow::is_open)
    }

    /// Names the failed rows, with the possible remedies.
    fn failures(&self) -> String {
        let line = |row: &FailedRow| format!("failed: {row}\n");
        let mut text: String = self.failed.iter().filter(|row| row.is_open()).map(line).collect();
        if self.is_failed() {
            text += &format!(
                "hint: finish or undo it with the old tool, then run this command again; no baseline is offered before\n\
                 hint: the present schema is right as it is: `martydb baseline --service {} --from-database`, in an empty folder\n",
                self.service
            );
        }
        text
    }

    fn head(&self) -> String {
        let downs = self.files.iter().filter(|file| file.file.ends_with(".down.sql")).count();
        let ups = counted(self.files.len() - downs, "migration");
        let (downs, folder) = (counted(downs, "down file"), printable(&self.folder.display().to_string()));
        match self.outcome {
            ImportOutcome::Written if self.count.kept > 0 => {
                format!(
                    "{ups}, {downs}: {} written to {folder}, {} existed already\n",
                    self.count.new, self.count.kept
                )
            }
            ImportOutcome::Written => format!("{ups}, {downs} written to {folder}\n"),
            ImportOutcome::Unchanged => format!("{ups}, {downs}: all exist in {folder}\n"),
            ImportOutcome::Stopped => {
                format!("nothing written: {} cannot be converted\n", counted(self.left_out.len(), "file"))
            }
            ImportOutcome::DryRun => format!("{ups}, {downs} would be written to {folder}\n"),
        }
    }
}

/// Returns `false` for an embedded server that is down: no conversion of files starts one.
fn is_running(app: &App, service: &DesiredService) -> bool {
    match app.manifest.servers[&service.server].location {
        ServerLocation::Url(_) => true,
        ServerLocation::Embedded { port } => {
            embedded::running(&app.embedded(&service.server, port)).is_ok_and(|running| running.is_some())
        }
    }
}

/// Returns the first of many.
fn some(all: &[String]) -> String {
    const MAX_SHOWN: usize = 8;
    let more = if all.len() > MAX_SHOWN { ", …" } else { "" };
    format!("{}{more}", all[..all.len().min(MAX_SHOWN)].join(", "))
}

impl Report for ImportReport {
    fn text(&self, _: &Style) -> String {
        let mut text = self.head();
        if self.dry {
            let line =
                |file: &NewFile| format!("  {} <- {}\n", printable(&file.file), printable(&file.source));
            text += &self.files.iter().map(line).collect::<String>();
        }
        for left in &self.left_out {
            text += &format!("left out: {}\n  hint: {}\n", printable(&left.to_string()), left.fix);
        }
        for note in &self.notes {
            text += &format!("note: {}\n", indented(note, 6));
        }
        text += &self.failures();
        if self.outcome == ImportOutcome::Stopped {
            text += "hint: pass --skip to write the others\n";
        }
        if self.code && !self.left_out.is_empty() {
            text += &format!(
                "hint: `martydb baseline --service {} --from-database` writes the schema as the first migration\n",
                self.service
            );
        }
        if matches!(self.outcome, ImportOutcome::Written | ImportOutcome::Unchanged) {
            text += &self.next.iter().map(|command| format!("next: {command}\n")).collect::<String>();
        }
        text
    }

    fn status(&self) -> ExitStatus {
        match self.outcome {
            ImportOutcome::Stopped => ExitStatus::Usage,
            _ if self.is_failed() || self.disagrees => ExitStatus::Differences,
            _ => ExitStatus::Success,
        }
    }
}
