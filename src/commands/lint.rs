//! `lint`: dangerous DDL in the migrations that are not applied yet.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::status::look_at;
use crate::embedded;
use crate::error::{Error, ExitStatus, Kind, Result};
use crate::flags::Select;
use crate::lint_rules::unknown;
use crate::manifest::ServerLocation;
use crate::migrate::ServiceState;
use crate::migrate::check::{LintFinding, lint};
use crate::migrate::files::folder;
use crate::model::{DesiredService, ServiceName};
use crate::report::{Report, Style, indented};
use crate::run::Run;
use crate::units::counted;

/// Flags of `lint`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to look at.
    #[command(flatten)]
    pub select: Select,
    /// Take everything up to this version as applied, and ask no server; 0 is nothing.
    #[arg(long, value_name = "VERSION")]
    pub since: Option<i64>,
}

/// Which version a service is at; `None` is none.
type Versions = BTreeMap<ServiceName, Option<i64>>;

/// Checks the files that are not applied. Where a database gives no answer, all of them are checked.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<LintReport> {
    let services = run.readable(&arguments.select)?;
    let (versions, assumed) = match arguments.since {
        Some(since) => (services.iter().map(|s| (s.name.clone(), Some(since))).collect(), vec![]),
        None => ask(run, &services).await?,
    };
    let mut report = LintReport { services: vec![], assumed };
    for service in &services {
        let at = versions.get(&service.name).copied().flatten();
        report.services.push(look(service, at)?);
    }
    Ok(report)
}

/// The current version of each service, and a note for each that gave no answer.
async fn ask(run: &Run, services: &[DesiredService]) -> Result<(Versions, Vec<String>)> {
    let there: Vec<_> = services.iter().filter(|service| exists(run, service)).cloned().collect();
    let (mut versions, mut assumed) = (Versions::new(), vec![]);
    for (service, status) in there.iter().zip(look_at(run, &there).await?) {
        let name = &service.name;
        if status.state == ServiceState::Unreachable {
            assumed.push(format!("{name} gave no answer: all its files are checked as if none were applied"));
        }
        versions.insert(name.clone(), status.current);
    }
    Ok((versions, assumed))
}

/// An embedded server that was never created has nothing applied, and is not created for this.
fn exists(run: &Run, service: &DesiredService) -> bool {
    match run.manifest.servers[&service.server].location {
        ServerLocation::Url(_) => true,
        ServerLocation::Embedded { port } => {
            let status = embedded::status(&run.embedded(&service.server, port));
            status.is_ok_and(|status| status.state != embedded::State::Absent)
        }
    }
}

fn look(service: &DesiredService, at: Option<i64>) -> Result<Linted> {
    let folder = folder::load_valid(&service.migrations, service.name.as_str())?;
    let pending = |version: i64| at.is_none_or(|at| version > at);
    let looked: Vec<_> = folder.migrations.iter().filter(|m| pending(m.version)).collect();
    for migration in &looked {
        let wrong = migration.up.directives.allowed.iter().find_map(|allowed| unknown(&allowed.rule));
        if let Some(wrong) = wrong {
            let path = migration.up.path.display();
            return Err(Error::new(Kind::MigrationFile, format!("{path}: {wrong}")));
        }
    }
    let findings = lint(looked.iter().copied(), &service.lint);
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
}

impl Report for LintReport {
    fn text(&self, _: &Style) -> String {
        let mut text = String::new();
        for finding in self.services.iter().flat_map(|linted| &linted.findings) {
            text += &format!("{}\n", indented(&finding.to_string(), 2));
            text += &finding
                .help
                .iter()
                .map(|help| format!("  hint: {}\n", indented(help, 8)))
                .collect::<String>();
        }
        text += &self.assumed.iter().map(|note| format!("note: {}\n", indented(note, 6))).collect::<String>();
        let files: usize = self.services.iter().map(|linted| linted.files).sum();
        let findings: usize = self.services.iter().map(|linted| linted.findings.len()).sum();
        let checked = counted(files, "pending file");
        text += &match findings {
            0 => format!("{checked} checked, no dangerous statements.\n"),
            n => format!(
                "\n{} in {checked}.\n\
                 hint: waive one with `-- martydb: allow <rule>: reason` at the top of its file, \
                 or switch a rule off with lint: {{ disable: [<rule>] }} in the manifest\n",
                counted(n, "finding")
            ),
        };
        text
    }

    fn status(&self) -> ExitStatus {
        let clean = self.services.iter().all(|linted| linted.findings.is_empty());
        if clean { ExitStatus::Success } else { ExitStatus::Differences }
    }
}
