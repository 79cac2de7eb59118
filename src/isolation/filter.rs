//! What is accepted and what is shown: `allow:` of the manifest, the baseline, `--only` and `--min-severity`.

use std::collections::BTreeSet;

use super::assessment::AcceptedFinding;
use super::baseline::Baseline;
use crate::findings::{ALLOW_UNUSED, Finding, IN_DATABASE, PUBLIC, Severity};
use crate::grants::{Fix, Repair, RepairScope};
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
        let reason = || "covered by another accepted finding".to_owned();
        accepted.extend(covered.into_iter().map(|finding| AcceptedFinding { finding, reason: reason() }));
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
            let evidence = match &entry.until {
                Some(until) if self.is_expired(entry) => format!("it expired on {until}"),
                _ if self.covers_all => "it matches nothing".into(),
                _ => return None,
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

/// Whether everything that would close a finding of a session's is part of closing these others.
///
/// What a login was seen to be able to do inside its own database is mostly a hole that the catalogue names too.
/// Accepting or closing that one decides about both.
pub fn is_covered(finding: &Finding, others: &[&Finding]) -> bool {
    let is_known = |repair: &Repair| others.iter().any(|other| closes(other, repair, finding));
    finding.is(IN_DATABASE) && finding.fix.as_ref().is_some_and(|fix| fix.repairs().iter().all(is_known))
}

fn closes(other: &Finding, repair: &Repair, finding: &Finding) -> bool {
    let same_place = other.database.is_none() || other.database == finding.database;
    !other.is(IN_DATABASE)
        && other.server == finding.server
        && (same_place || repair.scope() == RepairScope::Server)
        && other.fix.iter().flat_map(Fix::repairs).any(|one| one.covers(repair))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{FindingKind, PREPARED};
    use crate::grants::{Securable, revoke, revoke_membership};
    use crate::model::acl::entry;

    fn found(kind: &FindingKind, database: &str, repairs: &[Repair]) -> Finding {
        let found = kind.of("r").database(database);
        repairs.iter().fold(found, |found, one| found.fix(one.clone())).on("main")
    }

    #[test]
    fn a_hole_that_is_known_is_not_decided_about_twice() {
        let member = revoke_membership("a", "b", Some("c"), 16).restrict();
        let truncate = revoke(&entry(Some("b"), "TRUNCATE", "o"), None, &Securable::inside("TABLE t", "o"));
        let seen = found(IN_DATABASE, "x", &[member.clone(), truncate.clone()]);
        let elsewhere = found(PREPARED, "y", &[revoke_membership("a", "b", None, 15)]);
        let by_another = revoke(&entry(Some("b"), "TRUNCATE", "p"), None, &Securable::inside("TABLE t", "o"));
        let here = found(PREPARED, "x", &[by_another]);
        let there = found(PREPARED, "y", &[truncate]);
        assert!(is_covered(&seen, &[&elsewhere, &here]));
        assert!(!is_covered(&seen, &[&elsewhere, &there]), "another database's table");
        assert!(!is_covered(&seen, &[&elsewhere]), "one of two repairs");
        assert!(!is_covered(&found(IN_DATABASE, "x", &[]), &[&here]), "nothing closes it");
        assert!(!is_covered(&seen, &[&seen]), "not by itself");
    }
}
