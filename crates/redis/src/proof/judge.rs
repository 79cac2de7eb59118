//! Judgement of a server: attempts as cells of the matrix, with the findings. Pure.

use std::time::Duration;

use martydb_catalog::Unread;
use martydb_isolation::probe::{
    AccessPolicy, Probe, ProbeCoverage, ProbeDatabase, ProbeExtent, ProbeLocation, Verdict,
};
use martydb_isolation::proof::{Extent, ServerJudgement, VerifiedServer};
use martydb_model::findings::{Finding, FindingSource, REDIS_PASSWORD, REDIS_REACH, Severity};
use martydb_model::{DatabaseKind, DbName};

use super::probe::{PrefixAnswer, UserAttempts};
use crate::actual::ActualRedis;
use crate::desired::DesiredRedis;

pub(crate) fn judge(
    desired: &DesiredRedis,
    actual: &ActualRedis,
    attempts: &[UserAttempts],
    mut findings: Vec<Finding>,
    extent: Extent,
) -> ServerJudgement {
    let matrix: Vec<Probe> = attempts.iter().flat_map(|one| cells(desired, one)).collect();
    for breach in matrix.iter().filter(|probe| probe.outcome == Verdict::Breach) {
        merge(&mut findings, reached(desired, breach));
    }
    let extra: Vec<Probe> =
        attempts.iter().filter(|one| one.takes_any_password).map(|one| any_password(desired, one)).collect();
    for attempt in attempts.iter().filter(|one| one.takes_any_password) {
        merge(&mut findings, wrong_password(desired, attempt));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    ServerJudgement {
        server: server(desired, actual, extent, matrix.len()),
        matrix,
        extra,
        findings,
        unread: unread(desired, actual),
        ..ServerJudgement::default()
    }
}

fn merge(findings: &mut Vec<Finding>, one: Finding) {
    match findings.iter_mut().find(|known| known.key() == one.key()) {
        Some(known) => known.kind = FindingSource::Probe,
        None => findings.push(one),
    }
}

fn reached(desired: &DesiredRedis, breach: &Probe) -> Finding {
    let other = desired.services.iter().find(|service| service.prefix == breach.database);
    let finding =
        REDIS_REACH.of(&breach.role).by(FindingSource::Probe).service_name(other.map(|other| &other.service));
    let finding = finding.database(&breach.database).evidence(breach.why.clone().unwrap_or_default());
    finding.advice(&format!("martydb apply --service {}", breach.service)).on(&desired.server.name)
}

fn wrong_password(desired: &DesiredRedis, attempt: &UserAttempts) -> Finding {
    let finding = REDIS_PASSWORD.of(&attempt.user).at(Severity::Critical).by(FindingSource::Probe);
    let finding =
        finding.service_name(Some(&attempt.service.service)).evidence("a wrong password was accepted");
    finding.advice(&format!("martydb apply --service {}", attempt.service.service)).on(&desired.server.name)
}

fn probe(desired: &DesiredRedis, attempt: &UserAttempts, prefix: &str) -> Probe {
    let own = attempt.service.prefix == prefix;
    Probe {
        service: attempt.service.service.to_string(),
        role: attempt.user.clone(),
        server: desired.server.name.clone(),
        at: None,
        database: prefix.to_owned(),
        outcome: Verdict::Inconclusive,
        sqlstate: None,
        why: attempt.refused.clone(),
        way: None,
        place: if own { ProbeLocation::Own } else { ProbeLocation::Foreign },
        took: Duration::ZERO,
        finding: None,
    }
}

/// Returns the cells of one user, its own prefix first.
fn cells(desired: &DesiredRedis, attempt: &UserAttempts) -> Vec<Probe> {
    let mut cells: Vec<Probe> = match attempt.refused {
        Some(_) => desired.prefixes().iter().map(|prefix| probe(desired, attempt, prefix)).collect(),
        None => {
            attempt.answers.iter().map(|(prefix, answer)| cell(desired, attempt, prefix, answer)).collect()
        }
    };
    cells.sort_by_key(|cell| cell.place != ProbeLocation::Own);
    cells
}

fn cell(desired: &DesiredRedis, attempt: &UserAttempts, prefix: &str, answer: &PrefixAnswer) -> Probe {
    let blank = probe(desired, attempt, prefix);
    let (outcome, why) = match (answer, blank.place) {
        (PrefixAnswer::Accepted(_), ProbeLocation::Own) => (Verdict::Allowed, None),
        (PrefixAnswer::Accepted(all), ProbeLocation::Foreign) => {
            (Verdict::Breach, Some(format!("{} was accepted", all.join(", "))))
        }
        (PrefixAnswer::Denied, ProbeLocation::Foreign) => (Verdict::Denied, None),
        (PrefixAnswer::Denied, ProbeLocation::Own) => (
            Verdict::Inconclusive,
            Some("it was refused at its own keys: martydb apply gives it its permissions".into()),
        ),
        (PrefixAnswer::Unclear(words), _) => (Verdict::Inconclusive, Some(words.clone())),
    };
    let breached = (outcome == Verdict::Breach).then(|| Probe { why: why.clone(), ..blank.clone() });
    let finding = breached.map(|breach| reached(desired, &breach).key());
    Probe { outcome, why, finding, ..blank }
}

fn any_password(desired: &DesiredRedis, attempt: &UserAttempts) -> Probe {
    let blank = probe(desired, attempt, &attempt.service.prefix);
    Probe {
        outcome: Verdict::Breach,
        why: Some("a wrong password was accepted".into()),
        way: Some("wrong password".into()),
        finding: Some(wrong_password(desired, attempt).key()),
        ..blank
    }
}

fn server(desired: &DesiredRedis, actual: &ActualRedis, extent: Extent, pairs: usize) -> VerifiedServer {
    let column = |service: &martydb_manifest::RedisService| {
        Some(ProbeDatabase {
            name: DbName::found(service.prefix.clone()).ok()?,
            allow_connections: true,
            kind: DatabaseKind::Service(service.service.clone()),
            policy: AccessPolicy::Closed,
        })
    };
    let missing = desired.users.values().filter(|user| !actual.users.contains_key(&user.name()));
    let mut unprovisioned: Vec<String> = missing.map(|user| user.service.service.to_string()).collect();
    unprovisioned.dedup();
    let extent = if matches!(extent, Extent::None) { ProbeExtent::None } else { ProbeExtent::Full };
    VerifiedServer {
        name: desired.server.name.clone(),
        columns: desired.services.iter().filter_map(column).collect(),
        unprovisioned,
        coverage: ProbeCoverage { extent, pairs },
        ..VerifiedServer::default()
    }
}

/// Returns the commands whose effect the server did not tell.
fn unread(desired: &DesiredRedis, actual: &ActualRedis) -> Vec<Unread> {
    let users = desired.users.values().filter_map(|user| Some((user, actual.users.get(&user.name())?)));
    let each = users
        .flat_map(|(user, found)| found.unknown.iter().map(move |(command, words)| (user, command, words)));
    each.map(|(user, command, words)| Unread {
        service: Some(user.service.service.to_string()),
        server: desired.server.name.clone(),
        at: None,
        database: Some(user.service.prefix.clone()),
        what: format!("the permission of {} to run {command}", user.name()),
        why: words.clone(),
    })
    .collect()
}
