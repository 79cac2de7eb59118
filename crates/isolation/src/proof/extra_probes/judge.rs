//! Judgement of the extra probes: one table row per purpose, so that no server error is mistaken for a denial.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use super::super::assessment::PartialJudgement;
use super::super::breaches::{Basis, BreachJudge};
use super::super::listeners::Listener;
use super::super::observations::{ExtraProbe, ListenerPurpose, Observations, ServerContext};
use crate::probe::{AccessPolicy, Judgement, Probe, ProbeLocation, Task, Verdict};
use martydb_model::findings::{
    Finding, FindingKey, FindingKind, FindingSource, GUESSABLE, REPLICATION_LOGIN, REUSED, WRONG_PASSWORD,
};
use martydb_model::sqlstate;
use martydb_model::units::listed;
use martydb_pg::wire::{Outcome, Rejection, Stage};

/// Placeholder for the service in a probe of the admin's login.
const ADMIN: &str = "(server)";

/// Judges the extra probes. A database that the matrix shows as breached by a login is not reported again for
/// another address.
pub(crate) fn judge(observations: &Observations, matrix: &[Probe]) -> PartialJudgement {
    let task = &observations.context.task;
    let mut part = PartialJudgement::default();
    let policies: HashMap<&str, AccessPolicy> =
        task.databases.iter().map(|found| (found.name.as_str(), found.policy)).collect();
    for (extra, attempt) in &observations.extra {
        let policy = policies.get(extra.database.as_str()).copied();
        let judgement = extra.purpose.judge(&attempt.outcome, extra.place, policy);
        let listener = &observations.listeners[extra.listener];
        let kind = extra.purpose.row().kind.filter(|_| judgement.verdict == Verdict::Breach);
        let finding = kind.map(|kind| finding(task, extra, listener, kind));
        let probe = probe(task, extra, listener, judgement, finding.as_ref());
        part.probes.push(Probe { took: attempt.latency, ..probe });
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
        at: None,
        database: extra.database.clone(),
        outcome: judgement.verdict,
        sqlstate: judgement.sqlstate,
        why: judgement.why,
        way: Some(way(extra, listener)),
        place: extra.place,
        took: Duration::ZERO,
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
    let found = kind.of(&extra.role).by(FindingSource::Probe).service_name(service).database(&extra.database);
    // Only the address: a report never contains a working password.
    let found = found.object(format!("address {}", listener.shown));
    found.evidence(format!("{} connected {}", extra.role, way(extra, listener))).on(&task.server)
}

/// Returns the login and the database of a probe.
fn pair(probe: &Probe) -> (&str, &str) {
    (&probe.role, &probe.database)
}

/// Returns findings for databases that a login breached only on another listener than the manifest's.
fn elsewhere(context: &ServerContext, matrix: &[Probe], probes: &[Probe]) -> Vec<Finding> {
    let breached = |probe: &&Probe| probe.outcome == Verdict::Breach;
    let known: HashSet<_> = matrix.iter().filter(breached).map(pair).collect();
    let mut ways: BTreeMap<_, (&Probe, Vec<&str>)> = BTreeMap::new();
    for probe in probes.iter().filter(breached).filter(|probe| probe.finding.is_none()) {
        if !known.contains(&pair(probe)) {
            let (_, ways) = ways.entry(pair(probe)).or_insert((probe, vec![]));
            ways.extend(probe.way.as_deref());
        }
    }
    let judge = BreachJudge::new(&context.task, &context.catalog.actual);
    let (mut all, mut keys): (Vec<Finding>, BTreeSet<FindingKey>) = (vec![], BTreeSet::new());
    for (probe, ways) in ways.values() {
        for found in judge.findings([*probe], Basis::Login) {
            if keys.insert(found.key()) {
                all.push(Finding { evidence: format!("{} ({})", found.evidence, listed(ways)), ..found });
            }
        }
    }
    all
}

pub(crate) struct PurposeRow {
    /// Startup parameters of the attempt.
    pub parameters: &'static [(&'static str, &'static str)],
    /// Kind of finding if it succeeds; `None` if that depends on the database.
    pub kind: Option<&'static FindingKind>,
    /// SQLSTATEs that prove isolation.
    denied: &'static [&'static str],
    /// SQLSTATEs that the server sends only after it accepted the password.
    recognised: &'static [&'static str],
}

const PLAIN: &[(&str, &str)] = &[];
const PHYSICAL: &[(&str, &str)] = &[("replication", "true")];
const LOGICAL: &[(&str, &str)] = &[("replication", "database")];

/// `invalid_password` and `invalid_authorization_specification`: pg_hba.conf, a certificate, another account.
const UNKNOWN: &[&str] = &[sqlstate::INVALID_PASSWORD, sqlstate::INVALID_AUTHORIZATION];

impl ListenerPurpose {
    pub(crate) fn row(&self) -> PurposeRow {
        let row = |parameters, kind, denied, recognised| PurposeRow { parameters, kind, denied, recognised };
        let known = &[sqlstate::INSUFFICIENT_PRIVILEGE];
        // A correct password that is rejected is expired or restricted: that proves nothing.
        let refused = &[sqlstate::INSUFFICIENT_PRIVILEGE, sqlstate::INVALID_AUTHORIZATION];
        match self {
            ListenerPurpose::Wrong => row(PLAIN, Some(WRONG_PASSWORD), UNKNOWN, known),
            ListenerPurpose::WrongReplication => row(PHYSICAL, Some(WRONG_PASSWORD), UNKNOWN, known),
            ListenerPurpose::Guess => row(PLAIN, Some(GUESSABLE), UNKNOWN, known),
            ListenerPurpose::Reuse(_) => row(PLAIN, Some(REUSED), UNKNOWN, known),
            ListenerPurpose::Replication => row(PHYSICAL, Some(REPLICATION_LOGIN), refused, &[]),
            ListenerPurpose::LogicalReplication => row(LOGICAL, Some(REPLICATION_LOGIN), refused, &[]),
            ListenerPurpose::Elsewhere => row(PLAIN, None, &[sqlstate::INVALID_AUTHORIZATION], &[]),
        }
    }

    pub(crate) fn words(&self) -> String {
        match self {
            ListenerPurpose::Wrong => "with a wrong password".into(),
            ListenerPurpose::WrongReplication => "with a wrong password and replication=true".into(),
            ListenerPurpose::Elsewhere => String::new(),
            ListenerPurpose::Replication => "with replication=true".into(),
            ListenerPurpose::LogicalReplication => "with replication=database".into(),
            ListenerPurpose::Guess => "with an easily guessed password".into(),
            ListenerPurpose::Reuse(other) => format!("with the password of {other}"),
        }
    }

    pub(crate) fn judge(
        &self,
        outcome: &Outcome,
        place: ProbeLocation,
        policy: Option<AccessPolicy>,
    ) -> Judgement {
        let (verdict, why) = match outcome {
            Outcome::Accepted(_) => self.accepted(place, policy),
            Outcome::Rejected(refused) => self.refused(refused),
            Outcome::Failed(broken)
                if broken.stage == Stage::Authenticate && *self != ListenerPurpose::Elsewhere =>
            {
                let why = format!("the server asks for another authentication method: {}", broken.why);
                (Verdict::Inconclusive, Some(why))
            }
            Outcome::Failed(broken) => (Verdict::Inconclusive, Some(broken.why.clone())),
        };
        Judgement::new(outcome, verdict, why)
    }

    fn accepted(&self, place: ProbeLocation, policy: Option<AccessPolicy>) -> (Verdict, Option<String>) {
        match (self, place, policy) {
            (ListenerPurpose::Elsewhere, ProbeLocation::Own, _) => (Verdict::Allowed, None),
            (ListenerPurpose::Elsewhere, _, Some(AccessPolicy::LeftOpen)) => {
                (Verdict::Allowed, Some("left open by close_maintenance: false".into()))
            }
            _ => (Verdict::Breach, Some(format!("it connected {}", self.words()).trim_end().into())),
        }
    }

    fn refused(&self, refused: &Rejection) -> (Verdict, Option<String>) {
        let row = self.row();
        let is = |states: &[&str]| states.contains(&refused.sqlstate.as_str());
        let lacks_connect = refused.sqlstate == sqlstate::INSUFFICIENT_PRIVILEGE
            && refused.routine.as_deref() == Some("CheckMyDatabase");
        if is(row.denied) || *self == ListenerPurpose::Elsewhere && lacks_connect {
            (Verdict::Denied, None)
        } else if is(row.recognised) {
            (Verdict::Breach, Some(format!("the password was accepted, and then: {refused}")))
        } else {
            (Verdict::Inconclusive, Some(format!("unexpected answer: {refused}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_pg::wire::{Accepted, ConnectionFailure};

    fn refused(sqlstate: &str, routine: &str) -> Outcome {
        Outcome::Rejected(Rejection {
            sqlstate: sqlstate.into(),
            message: "no".into(),
            routine: Some(routine.into()),
        })
    }

    #[test]
    fn every_answer_has_its_verdict_for_every_purpose() {
        use Verdict::*;
        let accepted =
            Outcome::Accepted(Accepted { tls: false, server_version: "15.0".into(), answers: vec![] });
        let broken = Outcome::Failed(ConnectionFailure { stage: Stage::Wait, why: "silence".into() });
        let answers = [
            (accepted, [Breach, Breach, Breach, Breach]),
            (
                refused(sqlstate::INVALID_PASSWORD, "auth_failed"),
                [Denied, Denied, Inconclusive, Inconclusive],
            ),
            (
                refused(sqlstate::INVALID_AUTHORIZATION, "ClientAuthentication"),
                [Denied, Denied, Denied, Denied],
            ),
            (refused(sqlstate::INSUFFICIENT_PRIVILEGE, "CheckMyDatabase"), [Breach, Breach, Denied, Denied]),
            (
                refused(sqlstate::INSUFFICIENT_PRIVILEGE, "InitPostgres"),
                [Breach, Breach, Inconclusive, Denied],
            ),
            (refused(sqlstate::TOO_MANY_CONNECTIONS, "InitProcess"), [Inconclusive; 4]),
            (refused(sqlstate::INVALID_CATALOG_NAME, "InitPostgres"), [Inconclusive; 4]),
            (refused(sqlstate::INTERNAL_ERROR, "new"), [Inconclusive; 4]),
            (broken, [Inconclusive; 4]),
        ];
        let purposes = [
            ListenerPurpose::Wrong,
            ListenerPurpose::Reuse("x".into()),
            ListenerPurpose::Elsewhere,
            ListenerPurpose::Replication,
        ];
        for (outcome, expected) in answers {
            for (purpose, expected) in purposes.iter().zip(expected) {
                let judged = purpose.judge(&outcome, ProbeLocation::Foreign, Some(AccessPolicy::Closed));
                assert_eq!(judged.verdict, expected, "{purpose:?} {outcome:?}");
                assert!(judged.verdict != Inconclusive || judged.why.is_some(), "{purpose:?} {outcome:?}");
            }
        }
    }

    #[test]
    fn a_login_may_connect_to_its_own_database_on_every_listener() {
        let accepted =
            Outcome::Accepted(Accepted { tls: false, server_version: "15.0".into(), answers: vec![] });
        let verdict =
            |place, policy| ListenerPurpose::Elsewhere.judge(&accepted, place, Some(policy)).verdict;
        assert_eq!(verdict(ProbeLocation::Own, AccessPolicy::Closed), Verdict::Allowed);
        assert_eq!(verdict(ProbeLocation::Foreign, AccessPolicy::LeftOpen), Verdict::Allowed);
        assert_eq!(verdict(ProbeLocation::Foreign, AccessPolicy::Closed), Verdict::Breach);
    }
}
