//! `verify-isolation`: every login of every service at every database of its server.

use clap::Args;
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::probing::{Prepared, prepare};
use crate::error::{Error, ExitStatus, Result};
use crate::flags::Select;
use crate::model::{ActualServer, DbName, DesiredService};
use crate::probe::{self, DatabaseKind, Door, Matrix, Probe, ProbeDatabase, Verdict};
use crate::report::{Look, Report, error_json, error_text};
use crate::run::Run;
use crate::server::inspect;

/// Flags of `verify-isolation`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services whose logins are tried.
    #[command(flatten)]
    pub select: Select,
}

/// Tries and judges.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.readable(&arguments.select)?;
    Ok(Box::new(verify_services(run, &services).await?))
}

/// The part that `init-all` shares.
pub async fn verify_services(run: &Run, services: &[DesiredService]) -> Result<VerifyReport> {
    let mut report = VerifyReport { matrices: vec![], failed: vec![] };
    let servers = run.servers_of(services);
    let all = join_all(servers.iter().map(|server| verify_server(run, server, services))).await;
    for (server, verified) in servers.into_iter().zip(all) {
        match verified {
            Ok(matrix) => report.matrices.push(matrix),
            Err(error) => report.failed.push((server, error)),
        }
    }
    Ok(report)
}

async fn verify_server(run: &Run, server: &str, services: &[DesiredService]) -> Result<Matrix> {
    let Prepared { access, mut task } = prepare(run, run.admin(server).await?, services).await?;
    let actual = inspect::inspect_cluster(&access).await?;
    task.databases = databases(run, server, &actual);
    let capacity = actual.capacity;
    task.concurrency =
        probe::within_limits(run.jobs.max(8), capacity.max_connections, capacity.reserved, capacity.in_use);
    let seen = probe::try_all(&task, probe::unwatched()).await?;
    Ok(probe::judge(&task, &seen, Some(&actual)))
}

fn databases(run: &Run, server: &str, actual: &ActualServer) -> Vec<ProbeDatabase> {
    let desired = run.manifest.desired(server);
    let kind = |name: &DbName| {
        let service = desired.services.values().find(|service| service.database == *name);
        match service {
            Some(service) => DatabaseKind::Service(service.name.clone()),
            None if name.as_str() == actual.maintenance || name.as_str() == "postgres" => {
                DatabaseKind::Maintenance
            }
            None if name.as_str().starts_with("template") => DatabaseKind::Template,
            None => DatabaseKind::Unmanaged,
        }
    };
    let found = actual.databases.iter().map(|(name, found)| {
        let kind = kind(name);
        let room = matches!(kind, DatabaseKind::Maintenance | DatabaseKind::Template);
        let door = if room && !desired.close_maintenance { Door::LeftOpen } else { Door::Closed };
        ProbeDatabase { name: name.clone(), allow_connections: found.allow_connections, kind, door }
    });
    found.collect()
}

/// What was proven, server by server.
pub struct VerifyReport {
    matrices: Vec<Matrix>,
    failed: Vec<(String, Error)>,
}

/// Something that could not be looked at.
#[derive(Serialize)]
struct NotExamined {
    what: String,
    why: String,
    grant: Option<String>,
}

impl VerifyReport {
    fn probes(&self) -> impl Iterator<Item = &Probe> {
        self.matrices.iter().flat_map(|matrix| &matrix.matrix)
    }

    fn not_examined(&self) -> Vec<NotExamined> {
        let closed = self.matrices.iter().flat_map(|matrix| &matrix.skipped).map(|skipped| NotExamined {
            what: format!("database {} on server {}", skipped.database, skipped.server),
            why: skipped.why.clone(),
            grant: None,
        });
        let down = self.failed.iter().map(|(server, error)| NotExamined {
            what: format!("server {server}"),
            why: error.to_string(),
            grant: None,
        });
        closed.chain(down).collect()
    }
}

impl Report for VerifyReport {
    fn json(&self) -> Map<String, Value> {
        let findings: Vec<_> = self.matrices.iter().flat_map(|matrix| &matrix.findings).collect();
        let errors: Vec<_> = self.failed.iter().map(|(server, error)| (server, error_json(error))).collect();
        let document = json!({
            "summary": probe::summarise(self.probes()),
            "matrix": self.probes().collect::<Vec<_>>(),
            "findings": findings,
            "not_examined": self.not_examined(),
            "errors": errors.into_iter().map(|(server, mut error)| {
                error["server"] = server.clone().into();
                error
            }).collect::<Vec<_>>(),
        });
        match document {
            Value::Object(map) => map,
            _ => unreachable!("built as an object"),
        }
    }

    fn text(&self, look: &Look) -> String {
        let several = self.matrices.len() + self.failed.len() > 1;
        let mut parts: Vec<String> = self
            .matrices
            .iter()
            .map(|matrix| {
                let server = matrix.matrix.first().map_or("", |probe| &probe.server);
                let title = if several { format!("server {server}\n") } else { String::new() };
                title + &probe::text(matrix, look)
            })
            .collect();
        parts.extend(
            self.failed
                .iter()
                .map(|(server, error)| format!("server {server}\n{}\n", error_text(error, look))),
        );
        parts.join("\n")
    }

    fn status(&self) -> ExitStatus {
        let proven = self.probes().all(|probe| matches!(probe.outcome, Verdict::Denied | Verdict::Allowed));
        let isolation = if proven { ExitStatus::Success } else { ExitStatus::Isolation };
        ExitStatus::worst(self.failed.iter().map(|(_, error)| error.kind.status()).chain([isolation]))
    }
}
