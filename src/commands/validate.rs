//! `validate`: the manifest and the migration files, without a server.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{ExitStatus, Result};
use crate::flags::Select;
use crate::migrate::files::{FileProblem, folder};
use crate::report::{Report, Style, indented, keys, printable};
use crate::run::Run;

/// Flags of `validate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to look at.
    #[command(flatten)]
    pub select: Select,
}

/// The manifest was read before this; what remains are the folders.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.readable(&arguments.select)?;
    let looked = services.iter().map(|service| {
        let folder = folder::load(&service.migrations);
        Looked {
            service: service.name.to_string(),
            migrations: folder.migrations.len(),
            problems: folder.problems.iter().map(ProblemReport::from).collect(),
        }
    });
    let manifest = run.manifest.path.display().to_string();
    Ok(Box::new(ValidateReport {
        manifest,
        environment: run.manifest.env.clone(),
        services: looked.collect(),
    }))
}

#[derive(Serialize)]
struct ValidateReport {
    manifest: String,
    environment: String,
    services: Vec<Looked>,
}

#[derive(Serialize)]
struct Looked {
    service: String,
    migrations: usize,
    problems: Vec<ProblemReport>,
}

#[derive(Serialize)]
struct ProblemReport {
    message: String,
    fix: String,
}

impl From<&FileProblem> for ProblemReport {
    fn from(problem: &FileProblem) -> ProblemReport {
        ProblemReport { message: problem.to_string(), fix: problem.fix.clone() }
    }
}

impl Report for ValidateReport {
    fn json(&self) -> Map<String, Value> {
        keys(self)
    }

    fn text(&self, _: &Style) -> String {
        let problems: Vec<_> = self.services.iter().flat_map(|service| &service.problems).collect();
        let mut text: String = problems
            .iter()
            .map(|found| format!("{}\n  hint: {}\n", indented(&found.message, 2), indented(&found.fix, 8)))
            .collect();
        let migrations: usize = self.services.iter().map(|service| service.migrations).sum();
        let services = self.services.len();
        text += &match problems.len() {
            0 => format!(
                "Valid: {services} services, {migrations} migrations ({}).\n",
                printable(&self.environment)
            ),
            n => format!("\nInvalid: {n} problems in {services} services.\n"),
        };
        text
    }

    fn status(&self) -> ExitStatus {
        let valid = self.services.iter().all(|service| service.problems.is_empty());
        if valid { ExitStatus::Success } else { ExitStatus::Usage }
    }
}
