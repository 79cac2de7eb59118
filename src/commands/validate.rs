//! `validate`: the manifest and the migration files, without a server.

use serde::Serialize;

use crate::error::{ExitStatus, Result};
use crate::migrate::check::syntax_errors;
use crate::migrate::files::inspect::{Inspection, inspect};
use crate::migrate::files::{FileProblem, MigrationFile, folder};
use crate::model::LintRules;
use crate::report::{Report, Style, indented, printable};
use crate::run::Run;
use crate::units::counted;

pub use crate::flags::Select as Arguments;

/// The manifest was read before this; what remains are the folders.
pub async fn run(run: &Run, select: &Arguments) -> Result<ValidateReport> {
    let services = run.readable(select)?.into_iter();
    let folders = services.map(|service| {
        let mut found = inspect(&service.migrations, service.down);
        add_syntax_errors(&mut found, &service.lint);
        Folder::new(service.name.to_string(), found)
    });
    Ok(ValidateReport {
        manifest: run.manifest.path.display().to_string(),
        environment: run.manifest.env.clone(),
        services: folders.collect(),
    })
}

/// A file that was accepted as it is may hold what another tool alone understands.
fn add_syntax_errors(found: &mut Inspection, rules: &LintRules) {
    let all = &found.folder.migrations;
    let downs = all.iter().filter_map(|migration| migration.down.as_deref());
    let downs: Vec<MigrationFile> = downs.filter_map(|down| folder::load_down(down).ok()).collect();
    let ups = all.iter().filter(|migration| migration.waived.is_empty()).map(|migration| &migration.up);
    let repeatable = found.folder.repeatables.iter().map(|repeatable| &repeatable.file);
    found.problems.extend(syntax_errors(ups.chain(repeatable).chain(&downs), rules));
    found.problems.sort_by_cached_key(|problem| (!problem.refuses(), folder::in_order(problem)));
}

#[derive(Serialize)]
pub struct ValidateReport {
    manifest: String,
    environment: String,
    services: Vec<Folder>,
}

#[derive(Serialize)]
struct Folder {
    service: String,
    migrations: usize,
    problems: Vec<Problem>,
    /// How many of the problems, the last ones, are missing down files.
    #[serde(skip)]
    missing_downs: usize,
}

impl Folder {
    fn new(service: String, found: Inspection) -> Folder {
        let problem = |problem: FileProblem| Problem { message: problem.to_string(), fix: problem.fix };
        Folder {
            service,
            migrations: found.folder.migrations.len(),
            missing_downs: found.missing_downs.len(),
            problems: found.problems.into_iter().chain(found.missing_downs).map(problem).collect(),
        }
    }

    /// The missing down files, and the others.
    fn split(&self) -> (&[Problem], &[Problem]) {
        let (others, missing) = self.problems.split_at(self.problems.len() - self.missing_downs);
        (missing, others)
    }

    /// What is said about missing down files: a line each where they are few, else one for all.
    fn missing(&self) -> String {
        const FEW: usize = 3;
        let (missing, _) = self.split();
        let mut text = match missing.len() {
            0 => return String::new(),
            1..=FEW => missing.iter().map(|found| format!("{}\n", indented(&found.message, 2))).collect(),
            n => format!("{}: {} have no .down.sql beside them\n", self.service, counted(n, "migration")),
        };
        text += "  hint: write them, or say so in the manifest: migrations: { down: none } (or optional)\n";
        text
    }
}

#[derive(Serialize)]
struct Problem {
    message: String,
    fix: String,
}

impl ValidateReport {
    fn problems(&self) -> usize {
        self.services.iter().map(|folder| folder.problems.len()).sum()
    }
}

impl Report for ValidateReport {
    fn text(&self, _: &Style) -> String {
        let others = self.services.iter().flat_map(|folder| folder.split().1);
        let mut text: String = others
            .map(|found| format!("{}\n  hint: {}\n", indented(&found.message, 2), indented(&found.fix, 8)))
            .collect();
        text.extend(self.services.iter().map(Folder::missing));
        let migrations: usize = self.services.iter().map(|folder| folder.migrations).sum();
        let (services, environment) = (self.services.len(), printable(&self.environment));
        text += &match self.problems() {
            0 => format!("Valid: {services} services, {migrations} migrations ({environment}).\n"),
            n => format!("\nInvalid: {n} problems in {services} services.\n"),
        };
        text
    }

    fn status(&self) -> ExitStatus {
        if self.problems() == 0 { ExitStatus::Success } else { ExitStatus::Usage }
    }
}
