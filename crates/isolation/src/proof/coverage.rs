//! Findings that follow from others: most findings of sessions have a cause in the catalog. Pure.

use martydb_model::findings::{Finding, IN_DATABASE};
use martydb_model::grants::{Fix, Repair, RepairScope};

/// Returns `true` if the fixes of `others` include every repair of a session's finding.
///
/// A privilege that a session proves in a login's own database mostly has a finding from the catalog too. Accepting
/// or closing that one decides both.
pub(crate) fn is_covered(finding: &Finding, others: &[&Finding]) -> bool {
    let is_known = |repair: &Repair| others.iter().any(|other| closes(other, repair, finding));
    let repairs = finding.fix.as_ref().map_or(&[][..], Fix::repairs);
    finding.is(IN_DATABASE) && !repairs.is_empty() && repairs.iter().all(is_known)
}

fn closes(other: &Finding, repair: &Repair, finding: &Finding) -> bool {
    let same_place = other.database.is_none() || other.database == finding.database;
    !other.is(IN_DATABASE)
        && other.server == finding.server
        && other.at == finding.at
        && (same_place || repair.scope() == RepairScope::Server)
        && other.fix.iter().flat_map(Fix::repairs).any(|one| one.covers(repair))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::entry;
    use martydb_model::findings::{FindingKind, PREPARED};
    use martydb_model::grants::{Securable, revoke, revoke_membership};

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
