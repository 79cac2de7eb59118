//! Second stage: judgement of one server's observations. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::assessment::{LeftOut, PartialJudgement, ServerJudgement, VerifiedServer};
use super::breaches::{self, Basis};
use super::extra_probes;
use super::inferred;
use super::observations::{Observations, ServerContext};
use super::privileges;
use super::provider;
use super::replicas;
use super::scratch_databases;
use super::visits;
use crate::audit::{access_graph, audit};
use crate::probe::{self, Probe, ProbeDatabase};
use crate::proof::passwords::alternates;
use crate::proof::passwords::guesses;
use crate::proof::passwords::password_audit;
use martydb_catalog::{NotExamined, Unread};
use martydb_model::error::Error;
use martydb_model::findings::Finding;
use martydb_model::units::counted;
use martydb_model::{ActualServer, DesiredServer, DesiredService, RoleKind};

/// Judges one server. Findings of the catalogs are limited to those that expose one of `services`.
pub(crate) fn judge(
    observations: &Observations,
    services: &[DesiredService],
    wants_graph: bool,
) -> ServerJudgement {
    let ServerContext { task, catalog, .. } = &observations.context;
    let actual = &catalog.actual;
    let (matrix, inferred) = matrix(observations);
    let mut part = PartialJudgement {
        probes: vec![],
        findings: connect_findings(observations, &matrix),
        not_examined: [observations.not_examined.clone(), inferred].concat(),
    };
    if !observations.attempts.is_empty() {
        part.findings.extend(guesses::findings(task));
        part.extend(extra_probes::judge(observations, &matrix));
        part.extend(privileges::judge(observations));
        if let Some(visits) = &observations.visits {
            let PartialJudgement { probes, findings, not_examined } = visits::judge(visits, actual);
            add_unknown(&mut part.findings, findings);
            part.extend(PartialJudgement { probes, findings: vec![], not_examined });
        }
    }
    let mut audited = audited(&observations.context);
    if observations.context.is_replaying() {
        audited.retain(replicas::is_own_of_standby);
    }
    let mut unread = catalog.unread.clone();
    match &observations.known_passwords {
        Ok(compared) => {
            audited.extend(password_audit::findings(&observations.context, &compared.known));
            part.not_examined.extend(not_compared(&task.server, compared.left_out));
        }
        Err(error) => unread.push(passwords_unread(&task.server, error)),
    }
    let names: HashSet<&str> = services.iter().map(|service| service.name.as_str()).collect();
    let (audited, elsewhere): (Vec<_>, Vec<_>) =
        audited.into_iter().partition(|finding| finding.exposes_any(&names));
    let desired = &observations.context.desired;
    let (server, closed_notes) = verified(observations, services);
    let mut findings = merged(part.findings, audited.into_iter());
    scratch_databases::summarize(&desired.name, catalog, &mut findings);
    let provider = provider::separate(desired, catalog, &mut findings);
    ServerJudgement {
        server,
        not_examined: [catalog.not_examined.clone(), part.not_examined, closed_notes].concat(),
        findings,
        provider,
        extra: part.probes,
        matrix,
        unread,
        left_out: left_out(&task.server, &elsewhere),
        graph: wants_graph.then(|| access_graph(desired, catalog)),
    }
}

/// Returns the server with its databases, and the notes on those that accept no connections.
fn verified(observations: &Observations, services: &[DesiredService]) -> (VerifiedServer, Vec<NotExamined>) {
    let ServerContext { task, catalog, desired, .. } = &observations.context;
    let actual = &catalog.actual;
    let (columns, closed): (Vec<_>, Vec<_>) =
        task.databases.iter().cloned().partition(|database| database.allow_connections);
    let (kept, closed): (Vec<_>, Vec<_>) = closed.into_iter().partition(|one| is_kept(desired, actual, one));
    let notes = not_tried(&task.server, desired, actual, &closed);
    let server = VerifiedServer {
        name: task.server.clone(),
        at: None,
        columns,
        closed: closed.into_iter().map(|database| database.name.to_string()).collect(),
        kept: kept.into_iter().map(|database| database.name.to_string()).collect(),
        unprovisioned: unprovisioned(services, &task.server, actual),
        coverage: observations.coverage,
    };
    (server, notes)
}

/// Counts the findings that expose only services that were not chosen.
fn left_out(server: &str, findings: &[Finding]) -> Vec<LeftOut> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for service in findings.iter().filter_map(|finding| finding.service.as_deref()) {
        *counts.entry(service).or_default() += 1;
    }
    let row = |(service, findings): (&str, usize)| LeftOut {
        server: server.into(),
        service: service.into(),
        findings,
    };
    counts.into_iter().map(row).collect()
}

fn passwords_unread(server: &str, error: &Error) -> Unread {
    Unread {
        service: None,
        server: server.into(),
        at: None,
        database: None,
        what: "whether the passwords that the server keeps are known elsewhere".into(),
        why: error.to_string(),
    }
}

/// Returns the findings of the catalogs, unfiltered.
pub(crate) fn audited(context: &ServerContext) -> Vec<Finding> {
    let stored = context.task.stored_passwords();
    let mut audited = audit(&context.desired, &context.catalog, &stored.search());
    audited.extend(alternates::findings(context));
    audited
}

/// Returns every probe of the matrix, and a note for each login with inferred probes.
fn matrix(observations: &Observations) -> (Vec<Probe>, Vec<NotExamined>) {
    let ServerContext { task, catalog, .. } = &observations.context;
    let probes = probe::judge(task, &observations.attempts);
    let Some(configured) = observations.listeners.first() else { return (probes, vec![]) };
    let known = inferred::LoginRules {
        server: &catalog.actual,
        hba: catalog.hba.as_deref(),
        transport: configured.transport,
    };
    inferred::complete(task, &known, probes)
}

/// Returns breaches of the matrix, observed ones before inferred ones.
fn connect_findings(observations: &Observations, matrix: &[Probe]) -> Vec<Finding> {
    let ServerContext { task, catalog, .. } = &observations.context;
    let actual = &catalog.actual;
    let (inferred, observed): (Vec<&Probe>, Vec<&Probe>) =
        matrix.iter().partition(|probe| inferred::is_inferred(probe));
    let mut found = breaches::findings(task, &observed, actual, Basis::Login);
    add_unknown(&mut found, breaches::findings(task, &inferred, actual, Basis::Catalog));
    found
}

/// Adds findings but for those that are there.
fn add_unknown(found: &mut Vec<Finding>, more: Vec<Finding>) {
    let known: BTreeSet<_> = found.iter().map(Finding::key).collect();
    found.extend(more.into_iter().filter(|finding| !known.contains(&finding.key())));
}

/// Drops findings of the catalog that a login has already proven.
fn merged(proven: Vec<Finding>, catalog: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let gap = |finding: &Finding| (finding.id, finding.database.clone(), finding.role.clone());
    let known: BTreeSet<_> = proven.iter().map(gap).collect();
    let mut findings = proven;
    findings.extend(catalog.filter(|finding| !known.contains(&gap(finding))));
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.key().cmp(&b.key())));
    findings
}

fn not_compared(server: &str, left_out: usize) -> Option<NotExamined> {
    let what = format!("the passwords of {} on server {server}", counted(left_out, "login"));
    let why = "comparing them with guesses and with the stored passwords would take too long";
    (left_out > 0).then(|| NotExamined::new(what, why))
}

/// template0 accepts no connections on any server, and martydb closes its own templates: --strict must not fail for them.
fn not_tried(
    server: &str,
    desired: &DesiredServer,
    actual: &ActualServer,
    closed: &[ProbeDatabase],
) -> Vec<NotExamined> {
    let is_expected = |database: &&ProbeDatabase| {
        database.name.as_str() == "template0" || is_own_template(desired, actual, database)
    };
    let others = closed.iter().filter(|database| !is_expected(database));
    let note = others.map(|database| {
        let what = format!("database {} on server {server}", database.name);
        NotExamined::new(what, "it accepts no connections (datallowconn is off)")
    });
    note.collect()
}

/// Returns `true` for a template of test databases: a copy without rows of the service, which martydb closed itself.
fn is_own_template(desired: &DesiredServer, actual: &ActualServer, database: &ProbeDatabase) -> bool {
    actual.test_database(&database.name, desired).is_some_and(|test| test.copied_from.is_none())
}

/// Returns `true` if a restore has replaced the database.
fn is_kept(desired: &DesiredServer, actual: &ActualServer, database: &ProbeDatabase) -> bool {
    actual.databases.get(&database.name).is_some_and(|found| desired.replaced_service(found).is_some())
}

/// Returns services that `apply` has not created completely.
fn unprovisioned(services: &[DesiredService], server: &str, actual: &ActualServer) -> Vec<String> {
    let is_there = |service: &DesiredService| {
        let mut logins = RoleKind::LOGINS.into_iter().map(|kind| service.role(kind));
        actual.databases.contains_key(&service.database) && logins.all(|role| actual.roles.contains_key(role))
    };
    let here = services.iter().filter(|service| service.server == server);
    here.filter(|service| !is_there(service)).map(|service| service.name.to_string()).collect()
}
