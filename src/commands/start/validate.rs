//! `validate`: checks the manifest and the migration files, without a server.

mod against;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::migrate::migrating::note_missing_folders;
use martydb_migrate::check::syntax_errors;
use martydb_migrate::files::{FileProblem, MigrationFile, MigrationFolder, ProblemSeverity, folder};
use martydb_migrate::files::{Inspection, inspect};
use martydb_migrate::{schema_path, schema_version};
use martydb_model::error::{ExitStatus, Result};
use martydb_model::units::counted;
use martydb_model::{DesiredService, LintRules};
use martydb_ui::annotation::{Annotation, CheckFormat, Checkout, Level};
use martydb_ui::flags::{Format, Select};
use martydb_ui::report::{Report, Style, indented, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Also find conflicts with this branch: older or duplicate versions, edited and removed files.
    #[arg(long, value_name = "GIT_REF")]
    pub against: Option<String>,
    /// Output format; overrides --output.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<CheckFormat>,
}

/// Checks the folders; the manifest was read before.
pub async fn run(app: &App, arguments: &Arguments) -> Result<ValidateReport> {
    let mut folders = vec![];
    let services = app.readable(&arguments.select)?;
    note_missing_folders(app, &services);
    for service in services {
        let mut found = inspect(&service.migrations, service.down);
        add_syntax_errors(&mut found, &service.lint);
        let mut differences = vec![];
        if let Some(reference) = &arguments.against {
            differences.extend(against::compare(&service.migrations, reference).await?);
        }
        differences.extend(stale_schema(&service, &found.folder));
        folders.push(CheckedFolder::new(service.name.to_string(), found, differences));
    }
    Ok(ValidateReport {
        manifest: app.manifest.path.display().to_string(),
        environment: app.manifest.env.clone(),
        services: folders,
        format: arguments.format,
        checkout: Checkout::from_environment(&app.environment),
    })
}

/// Adds syntax errors. A file that was accepted without changes may contain syntax of another tool.
fn add_syntax_errors(found: &mut Inspection, rules: &LintRules) {
    let all = &found.folder.migrations;
    let downs = all.iter().filter_map(|migration| migration.down.as_deref());
    let downs: Vec<MigrationFile> = downs.filter_map(|down| folder::load_down(down).ok()).collect();
    let ups = all.iter().filter(|migration| migration.waived.is_empty()).map(|migration| &migration.up);
    let repeatable = found.folder.repeatables.iter().map(|repeatable| &repeatable.file);
    found.problems.extend(syntax_errors(ups.chain(repeatable).chain(&downs), rules));
    found.problems.sort_by_cached_key(|problem| (!problem.refuses(), folder::in_order(problem)));
}

/// Returns a conflict if `schema.sql` in version control does not match the newest migration: reviews would see an old
/// schema.
fn stale_schema(service: &DesiredService, folder: &MigrationFolder) -> Option<against::Conflict> {
    let newest = folder.all().last().map(|migration| migration.version)?;
    let at = schema_version(&service.migrations).filter(|at| service.dump_schema && *at != newest)?;
    let file = schema_path(&service.migrations);
    let what = format!("{} is at V{at}, but the newest migration is V{newest}", file.display());
    let fix = format!("run `martydb upgrade --service {}` and commit the file", service.name);
    Some(against::Conflict { file, what, fix })
}

#[derive(Serialize)]
pub struct ValidateReport {
    manifest: String,
    environment: String,
    services: Vec<CheckedFolder>,
    #[serde(skip)]
    format: Option<CheckFormat>,
    #[serde(skip)]
    checkout: Checkout,
}

#[derive(Serialize)]
struct CheckedFolder {
    service: String,
    migrations: usize,
    /// Folder that does not exist: the service has no migrations.
    missing_folder: Option<PathBuf>,
    problems: Vec<Problem>,
    /// Statements that only a server can judge.
    not_checked: Vec<Problem>,
    /// Number of missing down files, which are the last of the problems.
    #[serde(skip)]
    missing_downs: usize,
    /// Valid by themselves, but in conflict with another branch or with `schema.sql`.
    differences: Vec<Problem>,
}

impl CheckedFolder {
    fn new(service: String, found: Inspection, differences: Vec<against::Conflict>) -> CheckedFolder {
        let problem = |problem: FileProblem| Problem {
            message: problem.to_string(),
            fix: problem.fix,
            line: problem.position.map(|at| at.line),
            column: problem.position.map(|at| at.column),
            file: problem.path,
        };
        let difference = |found: against::Conflict| Problem {
            message: format!("{service}: {}", found.what),
            fix: found.fix,
            file: found.file,
            line: None,
            column: None,
        };
        let (unknown, problems): (Vec<_>, Vec<_>) =
            found.problems.into_iter().partition(|problem| problem.severity == ProblemSeverity::NotChecked);
        CheckedFolder {
            not_checked: unknown.into_iter().map(problem).collect(),
            differences: differences.into_iter().map(difference).collect(),
            migrations: found.folder.migrations.len(),
            missing_folder: found.folder.is_missing.then(|| found.folder.path.clone()),
            missing_downs: found.missing_downs.len(),
            problems: problems.into_iter().chain(found.missing_downs).map(problem).collect(),
            service,
        }
    }

    /// Returns the missing down files, and the other problems.
    fn split(&self) -> (&[Problem], &[Problem]) {
        let (others, missing) = self.problems.split_at(self.problems.len() - self.missing_downs);
        (missing, others)
    }

    /// Reports missing down files: one line each if they are few, else one for all.
    fn missing(&self) -> String {
        const MAX_SHOWN: usize = 3;
        let (missing, _) = self.split();
        let mut text = match missing.len() {
            0 => return String::new(),
            1..=MAX_SHOWN => {
                missing.iter().map(|found| format!("{}\n", indented(&found.message, 2))).collect()
            }
            n => format!("{}: {} have no .down.sql file\n", self.service, counted(n, "migration")),
        };
        text += "  hint: write them, or declare in the manifest: migrations: { down: none } (or optional)\n";
        text
    }
}

#[derive(Serialize)]
struct Problem {
    message: String,
    fix: String,
    file: PathBuf,
    line: Option<usize>,
    column: Option<usize>,
}

impl Problem {
    fn annotation(&self) -> Annotation<'_> {
        Annotation {
            level: Level::Error,
            file: Some(&self.file),
            place: self.line.zip(self.column),
            title: "martydb validate",
            message: format!("{}\nhint: {}", self.message, self.fix),
        }
    }

    fn notice(&self) -> Annotation<'_> {
        Annotation { level: Level::Notice, message: self.message.clone(), ..self.annotation() }
    }
}

impl ValidateReport {
    fn problems(&self) -> usize {
        self.services.iter().map(|folder| folder.problems.len()).sum()
    }

    /// Counts the problems: missing down files apart, which one key of the manifest answers.
    fn counted_problems(&self) -> String {
        let missing: usize = self.services.iter().map(|folder| folder.missing_downs).sum();
        match (self.problems() - missing, missing) {
            (n, 0) => counted(n, "problem"),
            (0, n) => counted(n, "missing down file"),
            (n, missing) => {
                format!("{} and {}", counted(n, "problem"), counted(missing, "missing down file"))
            }
        }
    }

    fn differences(&self) -> impl Iterator<Item = &Problem> {
        self.services.iter().flat_map(|folder| &folder.differences)
    }

    fn annotations(&self) -> String {
        let problems = self.services.iter().flat_map(|folder| &folder.problems);
        let errors = problems.chain(self.differences()).map(Problem::annotation);
        let unknown = self.services.iter().flat_map(|folder| &folder.not_checked).map(Problem::notice);
        errors.chain(unknown).map(|one| self.checkout.line(&one)).collect()
    }

    fn summary(&self) -> String {
        let migrations: usize = self.services.iter().map(|folder| folder.migrations).sum();
        let migrations = counted(migrations, "migration");
        let (services, environment) = (counted(self.services.len(), "service"), printable(&self.environment));
        match (self.problems(), self.differences().count()) {
            (0, 0) => format!("Valid: {services}, {migrations} ({environment}).\n"),
            (0, n) => format!("\nDiffers: {} in {services}.\n", counted(n, "difference")),
            _ => format!("\nInvalid: {} in {services}.\n", self.counted_problems()),
        }
    }
}

impl Report for ValidateReport {
    fn text(&self, _: &Style) -> String {
        if self.format == Some(CheckFormat::Github) {
            return self.annotations() + self.summary().trim_start();
        }
        let others = self.services.iter().flat_map(|folder| folder.split().1).chain(self.differences());
        let mut text: String = others
            .map(|found| format!("{}\n  hint: {}\n", indented(&found.message, 2), indented(&found.fix, 8)))
            .collect();
        text.extend(self.services.iter().map(CheckedFolder::missing));
        let unknown = self.services.iter().flat_map(|folder| &folder.not_checked);
        text.extend(unknown.map(|found| format!("note: {}\n", indented(&found.message, 6))));
        text + &self.summary()
    }

    fn format(&self) -> Option<Format> {
        self.format.map(CheckFormat::printed)
    }

    fn status(&self) -> ExitStatus {
        match (self.problems(), self.differences().next()) {
            (1.., _) => ExitStatus::Usage,
            (0, Some(_)) => ExitStatus::Differences,
            (0, None) => ExitStatus::Success,
        }
    }
}
