//! The second stage: what the observations of one server prove. Pure.

use std::collections::BTreeSet;

use super::breaches::{self, Basis};
use super::extra_probes;
use super::inferred;
use super::judgement::{PartialJudgement, ServerJudgement};
use super::observations::{Observations, ServerContext};
use super::password_audit;
use super::privileges;
use super::stored_passwords::{self, owner_of_password};
use crate::audit::audit;
use crate::catalog::{NotExamined, Unread};
use crate::findings::Finding;
use crate::model::{ActualServer, DesiredService, RoleKind};
use crate::probe::{self, Probe, ProbeDatabase};

/// Judges one server; of the catalogue's findings about services those about the chosen ones.
pub fn judge(observations: &Observations, services: &[DesiredService]) -> ServerJudgement {
    let ServerContext { task, catalogue, .. } = &observations.context;
    let actual = &catalogue.actual;
    let (matrix, inferred) = matrix(observations);
    let mut part =
        PartialJudgement { not_examined: observations.not_examined.clone(), ..PartialJudgement::default() };
    part.not_examined.extend(inferred);
    part.findings.extend(connect_findings(observations, &matrix));
    if !observations.attempts.is_empty() {
        part.findings.extend(stored_passwords::findings(task));
        part.extend(extra_probes::judge(observations, &matrix));
        part.extend(privileges::judge(observations));
    }
    let mut audited = audited(&observations.context);
    let mut unread = catalogue.unread.clone();
    match &observations.known_passwords {
        Ok(known) => audited.extend(password_audit::findings(&observations.context, known)),
        Err(error) => unread.push(Unread {
            service: None,
            server: task.server.clone(),
            database: None,
            what: "whether the passwords that the server keeps are known elsewhere".into(),
            why: error.to_string(),
        }),
    }
    let chosen = |finding: &Finding| {
        let is = |name: &String| services.iter().any(|service| service.name.as_str() == name);
        finding.service.as_ref().is_none_or(is)
    };
    let (columns, closed): (Vec<_>, Vec<_>) =
        task.databases.iter().cloned().partition(|database| database.allow_connections);
    let closed_notes = closed.iter().filter_map(|database| not_tried(&task.server, database));
    ServerJudgement {
        server: task.server.clone(),
        not_examined: catalogue
            .not_examined
            .iter()
            .cloned()
            .chain(part.not_examined)
            .chain(closed_notes)
            .collect(),
        findings: merged(part.findings, audited.into_iter().filter(chosen)),
        unprovisioned: unprovisioned(services.iter().filter(|one| one.server == task.server), actual),
        closed: closed.into_iter().map(|database| database.name.to_string()).collect(),
        extra: part.probes,
        columns,
        matrix,
        unread,
    }
}

/// What the catalogues show, nothing filtered.
pub fn audited(context: &ServerContext) -> Vec<Finding> {
    audit(&context.desired, &context.catalogue, &|text| owner_of_password(&context.task, text))
}

/// Every probe of the matrix, and a note for each login whose probes had to be inferred.
fn matrix(observations: &Observations) -> (Vec<Probe>, Vec<NotExamined>) {
    let ServerContext { task, catalogue, .. } = &observations.context;
    let probes = probe::judge(task, &observations.attempts);
    let Some(configured) = observations.listeners.first() else { return (probes, vec![]) };
    let known = inferred::LoginRules {
        server: &catalogue.actual,
        hba: catalogue.hba.as_deref(),
        transport: configured.transport,
    };
    inferred::complete(task, &known, probes)
}

/// The breaches of the matrix, those that were observed before those that were inferred.
fn connect_findings(observations: &Observations, matrix: &[Probe]) -> Vec<Finding> {
    let ServerContext { task, catalogue, .. } = &observations.context;
    let actual = &catalogue.actual;
    let (inferred, observed): (Vec<&Probe>, Vec<&Probe>) =
        matrix.iter().partition(|probe| inferred::is_inferred(probe));
    let mut found = breaches::findings(task, &observed, actual, Basis::Login);
    for finding in breaches::findings(task, &inferred, actual, Basis::Catalogue) {
        if found.iter().all(|other| other.key() != finding.key()) {
            found.push(finding);
        }
    }
    found
}

/// What a login proved is not reported again from the catalogue.
fn merged(proven: Vec<Finding>, catalogue: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let gap = |finding: &Finding| (finding.id, finding.database.clone(), finding.role.clone());
    let known: BTreeSet<_> = proven.iter().map(gap).collect();
    let mut findings = proven;
    findings.extend(catalogue.filter(|finding| !known.contains(&gap(finding))));
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.key().cmp(&b.key())));
    findings
}

/// No login can connect to template0, on any server: --strict must not fail for it.
fn not_tried(server: &str, database: &ProbeDatabase) -> Option<NotExamined> {
    (database.name.as_str() != "template0").then(|| NotExamined {
        what: format!("database {} on server {server}", database.name),
        why: "it accepts no connections (datallowconn is off)".into(),
        grant: None,
    })
}

/// Services that `apply` has not created, or not completely.
fn unprovisioned<'a>(
    services: impl Iterator<Item = &'a DesiredService>,
    actual: &ActualServer,
) -> Vec<String> {
    let is_there = |service: &DesiredService| {
        let mut logins = RoleKind::LOGINS.into_iter().map(|kind| service.role(kind));
        actual.databases.contains_key(&service.database) && logins.all(|role| actual.roles.contains_key(role))
    };
    services.filter(|service| !is_there(service)).map(|service| service.name.to_string()).collect()
}
