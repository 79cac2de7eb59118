//! The third stage: what the judgements of all servers mean to the user. Pure.

use super::assessment::{AcceptedFinding, Assessment, ProbeRow, ReportedAs, ServerJudgement};
use super::filter::{Filter, Filtered};
use crate::catalog::NotExamined;
use crate::error::Error;
use crate::findings::{Finding, PUBLIC, SeenBy};
use crate::probe::{Probe, ProbeSummary, Verdict};

/// `failed` are the servers that could not be observed.
pub fn assess(judged: Vec<ServerJudgement>, failed: Vec<(String, Error)>, filter: &Filter) -> Assessment {
    let (mut servers, mut findings) = (vec![], vec![]);
    let (mut matrix, mut extra, mut not_examined, mut unread) = (vec![], vec![], vec![], vec![]);
    let mut graphs = vec![];
    for one in judged {
        graphs.extend(one.graph.map(|graph| (one.server.name.clone(), graph)));
        servers.push(one.server);
        findings.extend(one.findings);
        matrix.extend(one.matrix);
        extra.extend(one.extra);
        not_examined.extend(one.not_examined);
        unread.extend(one.unread);
    }
    let unanswered =
        |(server, error): &(String, Error)| NotExamined::new(format!("server {server}"), error.to_string());
    not_examined.extend(failed.iter().map(unanswered));
    let filtered = filter.apply(findings, servers.first().map(|server| server.name.as_str()));
    let rows = |probes: Vec<Probe>| {
        probes.into_iter().map(|probe| ProbeRow { reported: reported(&probe, &filtered), probe }).collect()
    };
    Assessment {
        summary: ProbeSummary::of(&matrix, &extra, unread.len()),
        matrix: rows(matrix),
        extra: rows(extra),
        findings: filtered.shown,
        hidden: filtered.hidden,
        accepted: filtered.accepted,
        not_examined,
        unread,
        servers,
        graphs,
        failed,
        only: filter.only.clone(),
        min_severity: filter.min_severity,
        strict: filter.strict,
    }
}

fn reported(probe: &Probe, filtered: &Filtered) -> Option<ReportedAs> {
    if probe.outcome != Verdict::Breach {
        return None;
    }
    let find = |findings: &[Finding]| findings.iter().find(|finding| reports(finding, probe)).cloned();
    let is_accepted = |accepted: &AcceptedFinding| reports(&accepted.finding, probe);
    Some(match find(&filtered.shown) {
        Some(finding) => ReportedAs::Shown(finding),
        None if filtered.accepted.iter().any(is_accepted) => ReportedAs::Accepted,
        None => find(&filtered.hidden).map_or(ReportedAs::Unreported, ReportedAs::Hidden),
    })
}

fn reports(finding: &Finding, probe: &Probe) -> bool {
    if finding.server != probe.server {
        return false;
    }
    match &probe.finding {
        Some(key) => finding.key() == *key,
        None => {
            (finding.kind == SeenBy::Probe || probe.way.is_some())
                && finding.is_connect()
                && finding.database.as_deref() == Some(&probe.database)
                && (finding.role == probe.role || finding.role == PUBLIC)
        }
    }
}
