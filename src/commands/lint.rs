//! `lint`: dangerous DDL in the migrations that are not applied yet.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::embedded;
use crate::error::{Error, ExitStatus, Kind, Result};
use crate::flags::Select;
use crate::fleet;
use crate::manifest::Place;
use crate::migrate::lint::{Finding, lint, unknown};
use crate::migrate::{self, State, folder};
use crate::model::{DesiredService, ServiceName};
use crate::report::{Look, Report, indented, keys};
use crate::run::Run;

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

/// Looks at the files that are not applied. Where a database cannot tell, all of them are looked at, as if none
/// were.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
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
    Ok(Box::new(report))
}

/// The versions that databases are at, and which services could not tell.
async fn ask(run: &Run, services: &[DesiredService]) -> Result<(Versions, Vec<String>)> {
    let there: Vec<_> = services.iter().filter(|service| exists(run, service)).cloned().collect();
    let targets = fleet::targets(run, &there).await?;
    let wait = run.lock_wait;
    let all = fleet::side_by_side(run.jobs, targets, |(service, target)| async move {
        let status = match target {
            Ok(target) => migrate::status(&target, wait).await,
            Err(error) => migrate::ServiceStatus::unreachable(&service, error),
        };
        (service.name, status)
    });
    let (mut versions, mut assumed) = (Versions::new(), vec![]);
    for (name, status) in all.await {
        if status.state == State::Unreachable {
            assumed.push(format!("{name} could not be asked what is applied: linted as if nothing were"));
        }
        versions.insert(name, status.current);
    }
    Ok((versions, assumed))
}

/// An embedded server that was never made has nothing applied, and is not made for this.
fn exists(run: &Run, service: &DesiredService) -> bool {
    match run.manifest.servers[&service.server].place {
        Place::Url(_) => true,
        Place::Embedded { port } => {
            let status = embedded::status(&run.embedded(&service.server, port));
            status.is_ok_and(|status| status.state != embedded::State::Absent)
        }
    }
}

fn look(service: &DesiredService, at: Option<i64>) -> Result<Linted> {
    let folder = folder::load(&service.migrations);
    let refused = folder.refused();
    if !refused.is_empty() {
        return Err(migrate::outcome::refused_files(service.name.as_str(), &refused));
    }
    let pending = |version: i64| at.is_none_or(|at| version > at);
    let looked: Vec<_> = folder.migrations.iter().filter(|m| pending(m.version)).collect();
    for migration in &looked {
        let wrong = migration.up.directives.allowed.iter().find_map(|allowed| unknown(&allowed.rule));
        if let Some(wrong) = wrong {
            let path = migration.up.path.display();
            return Err(Error::new(Kind::MigrationFile, format!("{path}: {wrong}")));
        }
    }
    let findings = lint(looked.iter().copied(), |_| true, &service.lint);
    Ok(Linted { service: service.name.to_string(), files: looked.len(), findings })
}

#[derive(Serialize)]
struct Linted {
    service: String,
    files: usize,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct LintReport {
    services: Vec<Linted>,
    assumed: Vec<String>,
}

impl Report for LintReport {
    fn json(&self) -> Map<String, Value> {
        keys(self)
    }

    fn text(&self, _: &Look) -> String {
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
        text += &match findings {
            0 => format!("No danger in {files} files that are not applied yet.\n"),
            n => format!(
                "\n{n} findings in {files} files that are not applied yet.\n\
                 hint: answer for one with `-- martydb: allow <rule>: reason` at the top of its file, \
                 or switch a rule off with lint: {{ disable: [<rule>] }} in the manifest\n"
            ),
        };
        text
    }

    fn status(&self) -> ExitStatus {
        match self.services.iter().all(|linted| linted.findings.is_empty()) {
            true => ExitStatus::Success,
            false => ExitStatus::Differences,
        }
    }
}
