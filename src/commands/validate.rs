//! `validate`: the manifest and the migration files, without a server.

mod against;

use clap::Args;
use serde::Serialize;

use crate::error::{ExitStatus, Result};
use crate::flags::Select;
use crate::migrate::files::{FileProblem, MigrationFolder, folder};
use crate::migrate::{schema_path, schema_version};
use crate::model::DesiredService;
use crate::report::{Report, Style, indented, printable};
use crate::run::Run;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Also find what conflicts with this branch: older or taken versions, edited and removed files.
    #[arg(long, value_name = "GIT_REF")]
    pub against: Option<String>,
}

/// The manifest was read before this; what remains are the folders.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<ValidateReport> {
    let mut folders = vec![];
    for service in run.readable(&arguments.select)? {
        let folder = folder::load(&service.migrations);
        let mut differences = vec![];
        if let Some(reference) = &arguments.against {
            differences.extend(against::compare(&service.migrations, reference).await?);
        }
        differences.extend(stale_schema(&service, &folder));
        let difference = |(message, fix): against::Conflict| Problem {
            message: format!("{}: {message}", service.name),
            fix,
        };
        let problem = |problem: FileProblem| Problem { message: problem.to_string(), fix: problem.fix };
        folders.push(Folder {
            service: service.name.to_string(),
            migrations: folder.migrations.len(),
            problems: folder.problems.into_iter().map(problem).collect(),
            differences: differences.into_iter().map(difference).collect(),
        });
    }
    Ok(ValidateReport {
        manifest: run.manifest.path.display().to_string(),
        environment: run.manifest.env.clone(),
        services: folders,
    })
}

/// `schema.sql` in version control says what the newest migration makes, or the review saw another schema.
fn stale_schema(service: &DesiredService, folder: &MigrationFolder) -> Option<against::Conflict> {
    let newest = folder.all().last().map(|migration| migration.version)?;
    let at = schema_version(&service.migrations).filter(|at| service.dump_schema && *at != newest)?;
    let file = schema_path(&service.migrations);
    let what = format!("{} is of V{at}, the newest migration is V{newest}", file.display());
    Some((what, format!("run `martydb upgrade --service {}` and commit the file", service.name)))
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
    /// What is valid by itself, and conflicts with another branch or with `schema.sql`.
    differences: Vec<Problem>,
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

    fn differences(&self) -> impl Iterator<Item = &Problem> {
        self.services.iter().flat_map(|folder| &folder.differences)
    }
}

impl Report for ValidateReport {
    fn text(&self, _: &Style) -> String {
        let mut text: String = self
            .problems()
            .chain(self.differences())
            .map(|found| format!("{}\n  hint: {}\n", indented(&found.message, 2), indented(&found.fix, 8)))
            .collect();
        let migrations: usize = self.services.iter().map(|folder| folder.migrations).sum();
        let (services, environment) = (self.services.len(), printable(&self.environment));
        text += &match (self.problems().count(), self.differences().count()) {
            (0, 0) => format!("Valid: {services} services, {migrations} migrations ({environment}).\n"),
            (0, n) => format!("\nDiffers: {n} differences in {services} services.\n"),
            (n, _) => format!("\nInvalid: {n} problems in {services} services.\n"),
        };
        text
    }

    fn status(&self) -> ExitStatus {
        match (self.problems().next(), self.differences().next()) {
            (Some(_), _) => ExitStatus::Usage,
            (None, Some(_)) => ExitStatus::Differences,
            (None, None) => ExitStatus::Success,
        }
    }
}
