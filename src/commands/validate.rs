//! `validate`: the manifest and the migration files, without a server.

use serde::Serialize;

use crate::error::{ExitStatus, Result};
use crate::migrate::check::syntax_errors;
use crate::migrate::files::{FileProblem, MigrationFile, folder};
use crate::report::{Report, Style, indented, printable};
use crate::run::Run;

pub use crate::flags::Select as Arguments;

/// The manifest was read before this; what remains are the folders.
pub async fn run(run: &Run, select: &Arguments) -> Result<ValidateReport> {
    let folders = run.readable(select)?.into_iter().map(|service| {
        let mut folder = folder::load(&service.migrations);
        let downs = folder.migrations.iter().filter_map(|migration| migration.down.as_deref());
        let downs: Vec<MigrationFile> = downs.filter_map(|down| folder::load_down(down).ok()).collect();
        let ups = folder
            .migrations
            .iter()
            .filter(|migration| migration.waived.is_empty())
            .map(|migration| &migration.up);
        let wrong = syntax_errors(ups.chain(&downs), &service.lint);
        folder.problems.extend(wrong);
        folder.problems.sort();
        let problem = |problem: FileProblem| Problem { message: problem.to_string(), fix: problem.fix };
        Folder {
            service: service.name.to_string(),
            migrations: folder.migrations.len(),
            problems: folder.problems.into_iter().map(problem).collect(),
        }
    });
    Ok(ValidateReport {
        manifest: run.manifest.path.display().to_string(),
        environment: run.manifest.env.clone(),
        services: folders.collect(),
    })
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
}

#[derive(Serialize)]
struct Problem {
    message: String,
    fix: String,
}

impl ValidateReport {
    fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.services.iter().flat_map(|folder| &folder.problems)
    }
}

impl Report for ValidateReport {
    fn text(&self, _: &Style) -> String {
        let mut text: String = self
            .problems()
            .map(|found| format!("{}\n  hint: {}\n", indented(&found.message, 2), indented(&found.fix, 8)))
            .collect();
        let migrations: usize = self.services.iter().map(|folder| folder.migrations).sum();
        let (services, environment) = (self.services.len(), printable(&self.environment));
        text += &match self.problems().count() {
            0 => format!("Valid: {services} services, {migrations} migrations ({environment}).\n"),
            n => format!("\nInvalid: {n} problems in {services} services.\n"),
        };
        text
    }

    fn status(&self) -> ExitStatus {
        if self.problems().next().is_none() { ExitStatus::Success } else { ExitStatus::Usage }
    }
}
