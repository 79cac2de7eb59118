//! Proof of isolation as a page can hold it: the cells of the matrix that say something, and counts of all. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::commands::verify::VerifyReport;
use martydb_catalog::Unread;
use martydb_isolation::probe::{Probe, ProbeDatabase, ProbeLocation, Verdict};
use martydb_isolation::proof::{Assessment, VerifiedServer};
use martydb_model::error::ExitStatus;
use martydb_report::counts::{CellOutcome, CountedCell, CountedServer, rows};
use martydb_report::values::{CountsRow, Server};
use martydb_ui::report::Report;

/// Proof of isolation for a page.
#[derive(Clone)]
pub struct PageProof {
    /// Time of the proof; `None` if there was none.
    pub at: Option<String>,
    pub servers: Vec<Server>,
    /// Document of `verify-isolation` with a smaller matrix, and counts of the whole one.
    pub isolation: Value,
    pub status: ExitStatus,
}

impl PageProof {
    /// Makes the proof of a verification that ended at a time.
    pub fn new(mut verified: VerifyReport, at: String) -> PageProof {
        let (status, servers) = (verified.status(), servers(&verified.assessment));
        let counts = counts(&verified.assessment, &servers);
        verified.assessment.matrix.retain(|row| !row.probe.outcome.passed() || !is_usual(&row.probe));
        verified.assessment.extra.retain(|row| !row.probe.outcome.passed());
        let mut isolation = serde_json::to_value(&verified).expect("plain data");
        isolation["matrix_counts"] = json!(counts);
        PageProof { at: Some(at), servers, isolation, status }
    }
}

/// Returns the servers with the databases that logins were tried at.
fn servers(assessment: &Assessment) -> Vec<Server> {
    let examined = assessment.servers.iter().map(|server| Server {
        server: server.name.clone(),
        at: server.at.clone(),
        examined: is_examined(assessment, server),
        databases: open(server).map(|column| column.name.to_string()).collect(),
    });
    let failed =
        assessment.failed.iter().map(|(name, _)| Server { server: name.clone(), ..Server::default() });
    examined.chain(failed).collect()
}

/// Returns `false` for a replica that gave no answer at all.
fn is_examined(assessment: &Assessment, server: &VerifiedServer) -> bool {
    let unread = |one: &Unread| one.server == server.name && one.at == server.at;
    !server.columns.is_empty() || !assessment.unread.iter().any(unread)
}

fn open(server: &VerifiedServer) -> impl Iterator<Item = &ProbeDatabase> {
    server.columns.iter().filter(|column| column.allow_connections)
}

fn is_usual(probe: &Probe) -> bool {
    probe.outcome == Verdict::Denied || probe.place == ProbeLocation::Own
}

fn counts(assessment: &Assessment, servers: &[Server]) -> Vec<CountsRow> {
    let columns: BTreeMap<CountedServer<'_>, Vec<&str>> = servers
        .iter()
        .map(|server| {
            let names = server.databases.iter().map(String::as_str).collect();
            ((server.server.as_str(), server.at.as_deref()), names)
        })
        .collect();
    rows(assessment.matrix.iter().map(|row| counted(&row.probe)), &columns)
}

fn counted(probe: &Probe) -> CountedCell<'_> {
    CountedCell {
        server: &probe.server,
        at: probe.at.as_deref(),
        service: &probe.service,
        database: &probe.database,
        own: probe.place == ProbeLocation::Own,
        outcome: match probe.outcome {
            Verdict::Denied => CellOutcome::Denied,
            Verdict::Allowed => CellOutcome::Allowed,
            Verdict::Breach => CellOutcome::Breach,
            Verdict::Inconclusive => CellOutcome::Inconclusive,
        },
        inferred: probe.way.is_some(),
    }
}
