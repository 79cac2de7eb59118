//! Third stage: the assessment of all servers. Pure. `allow:` of the manifest, the baseline, `--only` and
//! `--min-severity` decide which findings are accepted and which are shown.

use std::collections::BTreeSet;

use serde_json::Value;

use super::assessment::{AcceptedFinding, Assessment, BreachReport, ProbeRow, ServerJudgement};
use super::coverage::is_covered;
use crate::probe::{Probe, ProbeCoverage, ProbeExtent, ProbeSummary, Verdict};
use martydb_catalog::NotExamined;
use martydb_manifest::Allow;
use martydb_model::error::Error;
use martydb_model::findings::{ALLOW_UNUSED, Finding, FindingSource, PUBLIC, Severity};

/// Assesses judged servers. `failed` are those that could not be observed.
pub fn assess(judged: Vec<ServerJudgement>, failed: Vec<(String, Error)>, filter: &Filter) -> Assessment {
    let (mut servers, mut findings) = (vec![], vec![]);
    let (mut matrix, mut extra, mut not_examined, mut unread) = (vec![], vec![], vec![], vec![]);
    let (mut graphs, mut limits, mut provided, mut left_out) = (vec![], vec![], vec![], vec![]);
    for one in judged {
        graphs.extend(one.graph.map(|graph| (one.server.name.clone(), graph)));
        servers.push(one.server);
        findings.extend(one.findings);
        limits.extend(one.provider.limits);
        provided.extend(one.provider.findings);
        matrix.extend(one.matrix);
        extra.extend(one.extra);
        not_examined.extend(one.not_examined);
        unread.extend(one.unread);
        left_out.extend(one.left_out);
    }
    let unanswered =
        |(server, error): &(String, Error)| NotExamined::new(format!("server {server}"), error.to_string());
    not_examined.extend(failed.iter().map(unanswered));
    let coverage =
        servers.iter().map(|server| server.coverage).fold(ProbeCoverage::default(), ProbeCoverage::and);
    let covers_all = filter.covers_all && coverage.extent == ProbeExtent::Full;
    let mut filtered = filter.apply(findings, servers.first().map(|server| server.name.as_str()), covers_all);
    let by_limit = |(finding, reason)| AcceptedFinding { finding, reason, by_limit: true };
    filtered.accepted.extend(provided.into_iter().map(by_limit));
    let rows = |probes: Vec<Probe>| {
        probes.into_iter().map(|probe| ProbeRow { reported: reported(&probe, &filtered), probe }).collect()
    };
    Assessment {
        summary: ProbeSummary::new(&matrix, &extra, unread.len(), coverage),
        matrix: rows(matrix),
        extra: rows(extra),
        findings: filtered.shown,
        hidden: filtered.hidden,
        accepted: filtered.accepted,
        limits,
        not_examined,
        left_out,
        unread,
        servers,
        graphs,
        failed,
        only: filter.only.clone(),
        min_severity: filter.min_severity,
        strict: filter.strict,
    }
}

fn reported(probe: &Probe, filtered: &Filtered) -> Option<BreachReport> {
    if probe.outcome != Verdict::Breach {
        return None;
    }
    let find = |findings: &[Finding]| findings.iter().find(|finding| reports(finding, probe)).cloned();
    let is_accepted = |accepted: &AcceptedFinding| reports(&accepted.finding, probe);
    Some(match find(&filtered.shown) {
        Some(finding) => BreachReport::Shown(finding),
        None if filtered.accepted.iter().any(is_accepted) => BreachReport::Accepted,
        None => find(&filtered.hidden).map_or(BreachReport::Unreported, BreachReport::Hidden),
    })
}

fn reports(finding: &Finding, probe: &Probe) -> bool {
    if finding.server != probe.server || finding.at != probe.at {
        return false;
    }
    match &probe.finding {
        Some(key) => finding.key() == *key,
        None => {
            (finding.kind == FindingSource::Probe || probe.way.is_some())
                && finding.is_connect()
                && finding.database.as_deref() == Some(&probe.database)
                && (finding.role == probe.role || finding.role == PUBLIC)
        }
    }
}

#[derive(Debug, Default)]
pub struct Filter {
    pub allow: Vec<Allow>,
    /// Today's date as year, month and day: dates in this form compare as text.
    pub today: String,
    /// `true` if the run covers all services, so that an `allow:` entry without a match is worth a note if every login
    /// was tried.
    pub covers_all: bool,
    pub baseline: Baseline,
    /// Finding ids to show; empty for all.
    pub only: Vec<String>,
    pub min_severity: Option<Severity>,
    /// `true` if a skipped check fails the run.
    pub strict: bool,
}

/// Findings by the user's decision.
pub struct Filtered {
    pub shown: Vec<Finding>,
    pub hidden: Vec<Finding>,
    pub accepted: Vec<AcceptedFinding>,
}

impl Filter {
    /// Sorts out accepted and hidden findings, and keeps the order. Notes about `allow:` are added to `first`, the
    /// first server; those without a match only if the run `covers_all`.
    pub fn apply(&self, findings: Vec<Finding>, first: Option<&str>, covers_all: bool) -> Filtered {
        let mut used = BTreeSet::new();
        let (mut accepted, mut left) = (vec![], vec![]);
        for finding in findings {
            match self.acceptance(&finding, &mut used) {
                Some(reason) => accepted.push(AcceptedFinding { finding, reason, by_limit: false }),
                None => left.push(finding),
            }
        }
        // A session's finding follows the catalog's finding about the same privilege.
        let known: Vec<&Finding> = accepted.iter().map(|accepted| &accepted.finding).collect();
        let (covered, mut left): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|finding| is_covered(finding, &known));
        let reason = || "covered by another accepted finding".to_owned();
        accepted.extend(covered.into_iter().map(|finding| AcceptedFinding {
            finding,
            reason: reason(),
            by_limit: false,
        }));
        if let Some(first) = first {
            let end = left.iter().rposition(|finding| finding.server == first).map_or(0, |at| at + 1);
            left.splice(end..end, self.unused(&used, first, covers_all));
        }
        let (shown, hidden) = left.into_iter().partition(|finding| self.shows(finding));
        Filtered { shown, hidden, accepted }
    }

    fn shows(&self, finding: &Finding) -> bool {
        let chosen = self.only.is_empty() || self.only.iter().any(|id| id == finding.id);
        chosen && finding.severity >= self.min_severity.unwrap_or(Severity::Low)
    }

    fn acceptance(&self, finding: &Finding, used: &mut BTreeSet<usize>) -> Option<String> {
        let mut entries = self.allow.iter().enumerate();
        match entries.find(|(_, entry)| !self.is_expired(entry) && allows(entry, finding)) {
            Some((at, entry)) => {
                used.insert(at);
                Some(entry.reason.clone())
            }
            None => self.baseline.contains(finding).then(|| "in the baseline".to_owned()),
        }
    }

    fn is_expired(&self, entry: &Allow) -> bool {
        entry.until.as_ref().is_some_and(|until| *until < self.today)
    }

    fn unused(&self, used: &BTreeSet<usize>, server: &str, covers_all: bool) -> Vec<Finding> {
        let unused = self.allow.iter().enumerate().filter(|(at, _)| !used.contains(at));
        let note = |(at, entry): (usize, &Allow)| {
            let evidence = match &entry.until {
                Some(until) if self.is_expired(entry) => format!("it expired on {until}"),
                _ if covers_all && entry.within.is_some() => {
                    "it matches nothing that exposes only the services of its file".into()
                }
                _ if covers_all => "it matches nothing".into(),
                _ => return None,
            };
            let object = format!("allow entry {} ({})", at + 1, entry.finding);
            Some(ALLOW_UNUSED.of(PUBLIC).object(object).evidence(evidence).on(server))
        };
        unused.filter_map(note).collect()
    }
}

fn allows(entry: &Allow, finding: &Finding) -> bool {
    let is = |wanted: &Option<String>, found: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
    };
    // An entry may name an object with or without its kind.
    let object = entry.object.as_deref().is_none_or(|wanted| {
        finding.object.as_deref().is_some_and(|found| {
            found == wanted || found.strip_suffix(wanted).is_some_and(|kind| kind.ends_with(' '))
        })
    });
    entry.finding == finding.id
        && is(&entry.service, finding.service.as_deref())
        && is(&entry.role, Some(&finding.role))
        && is(&entry.database, finding.database.as_deref())
        && entry.within.as_ref().is_none_or(|own| finding.exposes_only(own))
        && object
}

/// Identity of a finding: id, role, server, replica, database and object.
type Identity = (String, String, [Option<String>; 4]);

/// Findings of an earlier `verify-isolation` result, which are accepted.
#[derive(Debug, Default)]
pub struct Baseline(BTreeSet<Identity>);

impl Baseline {
    /// Parses the output of `verify-isolation -o json`.
    ///
    /// # Errors
    /// Returns the reason why the text is not one.
    pub fn parse(text: &str) -> Result<Baseline, String> {
        let document: Value = serde_json::from_str(text).map_err(|_| "it is not JSON")?;
        let findings = document["findings"].as_array().ok_or("it has no list of findings")?;
        Ok(Baseline(findings.iter().map(identity).collect()))
    }

    pub fn contains(&self, finding: &Finding) -> bool {
        self.0.contains(&(
            finding.id.into(),
            finding.role.clone(),
            [
                Some(finding.server.clone()),
                finding.at.clone(),
                finding.database.clone(),
                finding.object.clone(),
            ],
        ))
    }
}

fn identity(entry: &Value) -> Identity {
    let text = |key: &str| entry[key].as_str().map(str::to_owned);
    let required = |key: &str| text(key).unwrap_or_default();
    (required("id"), required("role"), ["server", "at", "database", "object"].map(text))
}
