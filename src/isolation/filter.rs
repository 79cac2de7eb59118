//! What is accepted and what is shown: `allow:` of the manifest, the baseline, `--only` and `--min-severity`.

use std::collections::BTreeSet;

use super::assessment::AcceptedFinding;
use super::baseline::Baseline;
use super::dedup::is_covered;
use crate::findings::{ALLOW_UNUSED, Finding, PUBLIC, Severity};
use crate::manifest::Allow;

#[derive(Debug, Default)]
pub struct Filter {
    pub allow: Vec<Allow>,
    /// Years, months and days: dates in this form compare as texts.
    pub today: String,
    /// Whether the run covers everything, so that an entry of `allow:` that matches nothing is worth a note.
    pub covers_all: bool,
    pub baseline: Baseline,
    /// Ids; all where it is empty.
    pub only: Vec<String>,
    pub min_severity: Option<Severity>,
    /// Whether a check that was skipped fails the run.
    pub strict: bool,
}

/// Every finding, by what the user said about it.
pub struct Filtered {
    pub shown: Vec<Finding>,
    pub hidden: Vec<Finding>,
    pub accepted: Vec<AcceptedFinding>,
}

impl Filter {
    /// Keeps the order. Notes about `allow:` stand with the findings of `first`, the first server.
    pub fn apply(&self, findings: Vec<Finding>, first: Option<&str>) -> Filtered {
        let mut used = BTreeSet::new();
        let (mut accepted, mut left) = (vec![], vec![]);
        for finding in findings {
            match self.acceptance(&finding, &mut used) {
                Some(reason) => accepted.push(AcceptedFinding { finding, reason }),
                None => left.push(finding),
            }
        }
        // What a session was seen to do follows the catalogue's finding about the same privilege.
        let known: Vec<&Finding> = accepted.iter().map(|accepted| &accepted.finding).collect();
        let (covered, mut left): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|finding| is_covered(finding, &known));
        let reason = "covered by another accepted finding";
        accepted
            .extend(covered.into_iter().map(|finding| AcceptedFinding { finding, reason: reason.into() }));
        if let Some(first) = first {
            let end = left.iter().rposition(|finding| finding.server == first).map_or(0, |at| at + 1);
            left.splice(end..end, self.unused(&used, first));
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

    fn unused(&self, used: &BTreeSet<usize>, server: &str) -> Vec<Finding> {
        let unused = self.allow.iter().enumerate().filter(|(at, _)| !used.contains(at));
        let note = |(at, entry): (usize, &Allow)| {
            let evidence = match self.is_expired(entry) {
                true => format!("it expired on {}", entry.until.as_deref().unwrap_or_default()),
                false if self.covers_all => "it matches nothing".into(),
                false => return None,
            };
            let object = format!("allow entry {} ({})", at + 1, entry.finding);
            Some(ALLOW_UNUSED.of(PUBLIC).object(object).seen(evidence).on(server))
        };
        unused.filter_map(note).collect()
    }
}

fn allows(entry: &Allow, finding: &Finding) -> bool {
    let is = |wanted: &Option<String>, found: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
    };
    // An object may be named with or without its kind.
    let object = entry.object.as_deref().is_none_or(|wanted| {
        finding.object.as_deref().is_some_and(|found| {
            found == wanted || found.strip_suffix(wanted).is_some_and(|kind| kind.ends_with(' '))
        })
    });
    entry.finding == finding.id
        && is(&entry.service, finding.service.as_deref())
        && is(&entry.role, Some(&finding.role))
        && is(&entry.database, finding.database.as_deref())
        && object
}
