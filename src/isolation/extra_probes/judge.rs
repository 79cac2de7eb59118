//! What the extra probes prove.

use std::collections::BTreeMap;

use super::super::assessment::PartialJudgement;
use super::super::breaches::{self, Basis};
use super::super::listeners::Listener;
use super::super::observations::{Observations, ServerContext};
use super::purpose::ExtraProbe;
use crate::findings::{Finding, FindingKind, SeenBy};
use crate::probe::{Judgement, Probe, Task, Verdict};
use crate::units::listed;

/// Stands where a probe of the admin's login has no service to name.
const ADMIN: &str = "(server)";

/// A database that the matrix shows as breached by a login is not reported again for another address.
pub fn judge(observations: &Observations, matrix: &[Probe]) -> PartialJudgement {
    let task = &observations.context.task;
    let mut part = PartialJudgement::default();
    for (extra, attempt) in &observations.extra {
        let database = task.databases.iter().find(|found| found.name.as_str() == extra.database);
        let policy = database.map(|found| found.policy);
        let judgement = extra.purpose.judge(&attempt.outcome, extra.place, policy);
        let listener = &observations.listeners[extra.listener];
        let kind = extra.purpose.row().kind.filter(|_| judgement.verdict == Verdict::Breach);
        let finding = kind.map(|kind| finding(task, extra, listener, kind));
        part.probes.push(probe(task, extra, listener, judgement, finding.as_ref()));
        part.findings.extend(finding);
    }
    part.findings.extend(elsewhere(&observations.context, matrix, &part.probes));
    part
}

fn probe(
    task: &Task,
    extra: &ExtraProbe,
    listener: &Listener,
    judgement: Judgement,
    finding: Option<&Finding>,
) -> Probe {
    Probe {
        service: extra.login.map_or_else(|| ADMIN.into(), |at| task.logins[at].service.to_string()),
        role: extra.role.clone(),
        server: task.server.clone(),
        database: extra.database.clone(),
        outcome: judgement.verdict,
        sqlstate: judgement.sqlstate,
        why: judgement.why,
        way: Some(way(extra, listener)),
        place: extra.place,
        finding: finding.map(Finding::key),
    }
}

fn way(extra: &ExtraProbe, listener: &Listener) -> String {
    let address = if listener.configured { String::new() } else { format!("at {}", listener.shown) };
    let parts = [extra.purpose.words(), address];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn finding(task: &Task, extra: &ExtraProbe, listener: &Listener, kind: &FindingKind) -> Finding {
    let service = extra.login.map(|at| &task.logins[at].service);
    let found = kind.of(&extra.role).by(SeenBy::Probe).service_name(service).database(&extra.database);
    // The address only: a report does not show a password that works.
    let found = found.object(format!("address {}", listener.shown));
    found.seen(format!("{} was let in {}", extra.role, way(extra, listener))).on(&task.server)
}

/// Databases that a login breached on another listener, and not on the manifest's.
fn elsewhere(context: &ServerContext, matrix: &[Probe], probes: &[Probe]) -> Vec<Finding> {
    let breached = |probe: &&Probe| probe.outcome == Verdict::Breach;
    let key = |probe: &Probe| (probe.role.clone(), probe.database.clone());
    let known: Vec<_> = matrix.iter().filter(breached).map(key).collect();
    let mut ways: BTreeMap<_, (&Probe, Vec<&str>)> = BTreeMap::new();
    for probe in probes.iter().filter(breached).filter(|probe| probe.finding.is_none()) {
        if !known.contains(&key(probe)) {
            let (_, ways) = ways.entry(key(probe)).or_insert((probe, vec![]));
            ways.extend(probe.way.as_deref());
        }
    }
    let mut all: Vec<Finding> = vec![];
    for (probe, ways) in ways.values() {
        for found in breaches::findings(&context.task, &[*probe], &context.catalogue.actual, Basis::Login) {
            if all.iter().all(|other| other.key() != found.key()) {
                all.push(Finding { evidence: format!("{} ({})", found.evidence, listed(ways)), ..found });
            }
        }
    }
    all
}
