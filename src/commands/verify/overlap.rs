//! What a login was seen to be able to do inside its own database is mostly a hole that the catalogue names too. Who
//! accepts or closes that one has decided about both: the same statements would close them.

use crate::audit::kinds::IN_DATABASE;
use crate::probe::Finding;

/// Whether everything that would close a finding of a session's is part of closing these others.
pub fn is_covered(finding: &Finding, others: &[&Finding]) -> bool {
    let parts = parts(finding);
    let known = |part: &String| others.iter().any(|other| closes(other, part, finding));
    finding.id == IN_DATABASE.id && !parts.is_empty() && parts.iter().all(known)
}

/// Rights inside a database are of that database; memberships and attributes are everywhere.
fn closes(other: &Finding, part: &str, finding: &Finding) -> bool {
    let same_place = other.database.is_none() || other.database == finding.database;
    let everywhere = !part.contains(" ON ") || part.contains(" ON DATABASE ");
    other.id != IN_DATABASE.id
        && other.server == finding.server
        && (same_place || everywhere)
        && parts(other).iter().any(|closing| closing == part)
}

/// Its statements, without what says only by whom and how far.
fn parts(finding: &Finding) -> Vec<String> {
    let all = finding.close.iter().flat_map(|statement| statement.shown().split(";\n"));
    let bare = |part: &str| {
        let part = part.split(" GRANTED BY ").next().unwrap_or(part);
        part.trim_end_matches(';').trim_end_matches(" CASCADE").to_owned()
    };
    all.map(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::kinds::PREPARED;
    use crate::sql::Statement;
    use crate::stmt;

    fn found(kind: &crate::audit::kinds::Kind, database: Option<&str>, close: &[Statement]) -> Finding {
        let found = close.iter().fold(kind.of("r"), |found, one| found.close(one.clone()));
        Finding { database: database.map(Into::into), ..found.on("main") }
    }

    #[test]
    fn a_hole_that_is_known_is_not_decided_about_twice() {
        let member = stmt!("REVOKE a FROM b GRANTED BY c");
        let truncate = stmt!("REVOKE TRUNCATE ON TABLE t FROM b CASCADE");
        let seen = found(IN_DATABASE, Some("x"), &[member.clone(), truncate.clone()]);
        let elsewhere = found(PREPARED, Some("y"), &[stmt!("REVOKE a FROM b CASCADE")]);
        let here =
            found(PREPARED, Some("x"), &[stmt!("SET ROLE o"), stmt!("REVOKE TRUNCATE ON TABLE t FROM b")]);
        let there = found(PREPARED, Some("y"), &[truncate]);
        assert!(is_covered(&seen, &[&elsewhere, &here]));
        assert!(!is_covered(&seen, &[&elsewhere, &there]), "another database's table");
        assert!(!is_covered(&seen, &[&elsewhere]), "one of two statements");
        assert!(!is_covered(&found(IN_DATABASE, Some("x"), &[]), &[&here]), "nothing closes it");
        assert!(!is_covered(&seen, &[&seen]), "not by itself");
    }
}
