//! Records of a command's run, one on each of its servers.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{PlannedServer, Plans, planned};
use futures_util::future::join_all;

use martydb_apply::run_record::{RecordedRun, RecordedRuns, RunFacts, RunRecord, recorded};
use martydb_context::Context;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_model::units::counted;
use martydb_pg::server::Access;
use martydb_plan::{PrivilegeGap, Step, StepOutcome};

const TOOL: &str = concat!("martydb ", env!("CARGO_PKG_VERSION"));

fn facts(context: &Context, action: &'static str) -> RunFacts {
    let base = context.manifest.files.first().map_or("", |file| &file.text);
    RunFacts::new(&context.manifest.project, &context.manifest.env, action, TOOL, base)
}

/// Returns the record of a run on the services of one server.
pub fn of_server(
    context: &Context,
    access: &Access,
    services: &[DesiredService],
    action: &'static str,
) -> RunRecord {
    let here = services.iter().filter(|service| service.server == access.server);
    let here = here.map(|service| service.name.to_string()).collect();
    RunRecord::new(access, &context.manifest.desired(&access.server), facts(context, action), here)
}

/// Returns the records of a run on all planned servers.
pub fn of_plans(
    context: &Context,
    plans: &Plans,
    services: &[DesiredService],
    action: &'static str,
) -> BTreeMap<String, RunRecord> {
    let one = |(server, planned): (&str, &PlannedServer)| {
        (server.to_owned(), of_server(context, &planned.access, services, action))
    };
    planned(plans).map(one).collect()
}

/// Ends a record with the number of changes, or with the error.
pub async fn end_with(record: &RunRecord, steps: &[(Step, StepOutcome)], end: &Result<()>) {
    let made = steps.iter().filter(|(_, outcome)| *outcome == StepOutcome::Ok).count();
    record
        .end(end.as_ref().map(|()| counted(made, "change")).as_deref().map_err(|error: &&Error| *error))
        .await;
}

/// Ends the record of a run that is one change.
pub async fn end_of<T>(record: &RunRecord, note: &str, end: &Result<T>) {
    record.end(end.as_ref().map(|_| note)).await;
}

/// Records of several servers.
#[derive(Default)]
pub struct ServerRecords {
    /// Runs, the oldest first.
    pub records: Vec<RecordedRun>,
    /// Servers whose record is not as martydb makes it, and is not read.
    pub limits: Vec<PrivilegeGap>,
    /// Servers that could not be asked.
    pub failed: Vec<(String, Error)>,
}

/// Reads the newest `limit` runs on the servers of these services; `named` leaves those that concern one of them.
#[martydb_pg::boxed]
pub async fn read(
    context: &Context,
    services: &[DesiredService],
    named: bool,
    limit: Option<usize>,
) -> ServerRecords {
    let limit = limit.unwrap_or(usize::MAX);
    // The rows of other services do not count for the limit.
    let each = if named { u32::MAX } else { u32::try_from(limit).unwrap_or(u32::MAX) };
    let servers = context.servers_of(services);
    let read = join_all(servers.iter().map(|server| of(context, server, each))).await;
    let mut found = ServerRecords::default();
    for (server, read) in servers.into_iter().zip(read) {
        found.add(server, read);
    }
    let names: BTreeSet<&str> = services.iter().map(|service| service.name.as_str()).collect();
    let concerns = |run: &RecordedRun| run.services.iter().any(|name| names.contains(name.as_str()));
    found.records.retain(|run| !named || concerns(run));
    found.records.sort_by(|a, b| (&a.at, &a.server).cmp(&(&b.at, &b.server)));
    found.records.drain(..found.records.len().saturating_sub(limit));
    found
}

impl ServerRecords {
    fn add(&mut self, server: String, read: Result<RecordedRuns>) {
        match read {
            Ok(read) => {
                self.records.extend(read.runs);
                let what = || "read the record of runs".to_owned();
                let gap = |why| PrivilegeGap::without_grant(&server, None, what(), why);
                self.limits.extend(read.unread.map(gap));
            }
            Err(error) => self.failed.push((server, error)),
        }
    }
}

async fn of(context: &Context, server: &str, limit: u32) -> Result<RecordedRuns> {
    let access = context.admin(server).await?;
    recorded(&access, &context.manifest.desired(server), limit).await
}
