//! `lint`: finds dangerous DDL in pending migrations.

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::inspect::status::look_at;
use martydb_context::targets;
use martydb_embedded as embedded;
use martydb_manifest::ServerLocation;
use martydb_manifest::lint_rules::unknown;
use martydb_migrate::check::{LintFinding, LintSeverity, TableSizes, lint};
use martydb_migrate::files::git_listing::CommitListing;
use martydb_migrate::files::{Migration, folder};
use martydb_migrate::{ServiceState, Sizes, table_sizes};
use martydb_model::DesiredService;
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_model::units::counted;
use martydb_ui::annotation::{Annotation, CheckFormat, Checkout, Level};
use martydb_ui::flags::{Format, Select};
use martydb_ui::report::{Report, Style, indented};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Treat everything up to this version as applied, without connecting to a server; 0 is nothing.
    #[arg(long, value_name = "VERSION")]
    pub since: Option<i64>,
    /// Check the files that this branch lacks, without connecting to a server.
    #[arg(long, value_name = "GIT_REF", conflicts_with = "since")]
    pub against: Option<String>,
    /// Output format; overrides --output.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<CheckFormat>,
}

/// Checks the pending files. If a database does not answer, or its password is behind a program, all its files are
/// checked: what only reads files runs no program that they name.
pub async fn run(app: &App, arguments: &Arguments) -> Result<LintReport> {
    let services = app.readable(&arguments.select)?;
    let by_program = app.store.runs_a_program();
    let is_offline = arguments.since.is_some() || arguments.against.is_some();
    let asks = !is_offline && !by_program;
    let asked = |service: &&DesiredService| asks && exists(app, service);
    let asked: Vec<_> = services.iter().filter(asked).cloned().collect();
    let statuses = if asked.is_empty() { vec![] } else { look_at(app, &asked, Sizes::Skipped).await? };
    let checkout = Checkout::from_environment(&app.environment);
    let mut report = LintReport { services: vec![], assumed: vec![], format: arguments.format, checkout };
    if by_program && !is_offline {
        report.assumed.push(NO_PROGRAM.into());
    }
    for service in &services {
        let name = service.name.as_str();
        let status = statuses.iter().find(|status| status.service == name);
        if status.is_some_and(|status| status.state == ServiceState::Unreachable) {
            let note = format!("{name} did not answer: all its files are checked as if none were applied");
            report.assumed.push(note);
        }
        let known = match &arguments.against {
            Some(reference) => KnownFiles::Branch(CommitListing::read(&service.migrations, reference).await?),
            None => KnownFiles::UpTo(arguments.since.or(status.and_then(|status| status.current))),
        };
        let state = status.map(|status| status.state);
        let is_empty = arguments.since == Some(0)
            || state == Some(ServiceState::NotProvisioned)
            || !exists(app, service);
        let unread = if is_empty { TableSizes::of_empty_database() } else { TableSizes::default() };
        let mut looked = look(service, &known, &unread)?;
        let answers = status.is_some_and(|status| ANSWERING.contains(&status.state));
        if answers && looked.findings.iter().any(LintFinding::depends_on_server) {
            match sizes(app, service).await {
                Ok(sizes) => looked = look(service, &known, &sizes)?,
                Err(error) => report.assumed.push(format!("{name}: table sizes are unknown: {error}")),
            }
        }
        report.services.push(looked);
    }
    Ok(report)
}

const NO_PROGRAM: &str = "the passwords are behind a program, which `lint` does not run: all files are checked as if none \
                          were applied; `--since VERSION` names the ones that are";

/// States of a database that answered.
const ANSWERING: &[ServiceState] =
    &[ServiceState::UpToDate, ServiceState::Pending, ServiceState::Drifted, ServiceState::Divergent];

async fn sizes(app: &App, service: &DesiredService) -> Result<TableSizes> {
    let mut targets = targets::for_services(app, std::slice::from_ref(service)).await?;
    let (_, target) = targets.pop().ok_or_else(|| Error::operation("no such service"))?;
    table_sizes(&target?, app.lock_wait).await
}

/// Returns `true` if the server exists: an embedded server that was never created has nothing applied, and `lint` does
/// not create it.
fn exists(app: &App, service: &DesiredService) -> bool {
    match app.manifest.servers[&service.server].location {
        ServerLocation::Url(_) => true,
        ServerLocation::Embedded { port } => {
            let status = embedded::status(&app.embedded(&service.server, port));
            status.is_ok_and(|status| status.state != embedded::State::Absent)
        }
    }
}

/// Files that are not checked: they are applied, or on the branch that the others are merged into.
enum KnownFiles {
    UpTo(Option<i64>),
    Branch(CommitListing),
}

impl KnownFiles {
    fn contains(&self, migration: &Migration) -> bool {
        match self {
            KnownFiles::UpTo(at) => at.is_some_and(|at| migration.version <= at),
            KnownFiles::Branch(listing) => {
                let name = migration.up.path.file_name().unwrap_or_default();
                name.to_str().is_some_and(|name| listing.entries.contains_key(name))
            }
        }
    }
}

fn look(service: &DesiredService, known: &KnownFiles, sizes: &TableSizes) -> Result<Linted> {
    let folder = folder::load_valid(&service.migrations, service.name.as_str())?;
    let (applied, looked): (Vec<_>, Vec<_>) =
        folder.migrations.iter().partition(|migration| known.contains(migration));
    for migration in &looked {
        let wrong = migration.up.directives.allowed.iter().find_map(|allowed| unknown(&allowed.rule));
        if let Some(wrong) = wrong {
            let path = migration.up.path.display();
            return Err(Error::new(Kind::MigrationFile, format!("{path}: {wrong}")));
        }
    }
    let findings = lint(&applied, &looked, &service.lint, sizes);
    Ok(Linted { service: service.name.to_string(), files: looked.len(), findings })
}

#[derive(Serialize)]
struct Linted {
    service: String,
    files: usize,
    findings: Vec<LintFinding>,
}

#[derive(Serialize)]
pub struct LintReport {
    services: Vec<Linted>,
    assumed: Vec<String>,
    #[serde(skip)]
    format: Option<CheckFormat>,
    #[serde(skip)]
    checkout: Checkout,
}

impl Report for LintReport {
    fn text(&self, _: &Style) -> String {
        if self.format == Some(CheckFormat::Github) {
            return self.annotations();
        }
        let mut text = String::new();
        for finding in self.findings(LintSeverity::Danger) {
            text += &format!("{}\n", indented(&finding.to_string(), 2));
            finding.help.iter().for_each(|help| text += &format!("  hint: {}\n", indented(help, 8)));
        }
        for finding in self.findings(LintSeverity::Note) {
            text += &format!("note: {}\n", indented(&finding.to_string(), 6));
        }
        self.assumed.iter().for_each(|note| text += &format!("note: {}\n", indented(note, 6)));
        if self.findings(LintSeverity::Danger).next().is_none() {
            return text + &self.summary();
        }
        format!(
            "{text}\n{}\
             hint: waive one with `-- martydb: allow <rule>: reason` at the top of its file, \
             or switch a rule off with lint: {{ disable: [<rule>] }} in the manifest\n",
            self.summary()
        )
    }

    fn format(&self) -> Option<Format> {
        self.format.map(CheckFormat::printed)
    }

    fn status(&self) -> ExitStatus {
        let clean = self.findings(LintSeverity::Danger).next().is_none();
        if clean { ExitStatus::Success } else { ExitStatus::Differences }
    }
}

impl LintReport {
    fn findings(&self, severity: LintSeverity) -> impl Iterator<Item = &LintFinding> {
        let all = self.services.iter().flat_map(|linted| &linted.findings);
        all.filter(move |finding| finding.severity == severity)
    }

    fn summary(&self) -> String {
        let files: usize = self.services.iter().map(|linted| linted.files).sum();
        let checked = counted(files, "pending file");
        match self.findings(LintSeverity::Danger).count() {
            0 => format!("{checked} checked, no dangerous statements.\n"),
            n => format!("{} in {checked}.\n", counted(n, "finding")),
        }
    }

    fn annotations(&self) -> String {
        let weights = [(LintSeverity::Danger, Level::Error), (LintSeverity::Note, Level::Notice)];
        let mut text = String::new();
        for (severity, level) in weights {
            let lines =
                self.findings(severity).map(|finding| self.checkout.line(&annotation(finding, level)));
            text.extend(lines);
        }
        let note = |message: &String| Annotation {
            level: Level::Notice,
            file: None,
            place: None,
            title: "martydb lint",
            message: message.clone(),
        };
        text.extend(self.assumed.iter().map(|message| self.checkout.line(&note(message))));
        text + &self.summary()
    }
}

fn annotation(finding: &LintFinding, level: Level) -> Annotation<'_> {
    let more = match finding.more {
        0 => String::new(),
        more => format!(" (and {more} more in this statement)"),
    };
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nhint: {help}"));
    Annotation {
        level,
        file: Some(&finding.file),
        place: Some((finding.position.line, finding.position.column)),
        title: &finding.rule,
        message: format!("{}{more}{help}", finding.message),
    }
}
