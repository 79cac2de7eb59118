//! Findings that differ only in their object: one cause, such as a GRANT on all tables of a schema, is reported once.

use std::collections::BTreeMap;

use martydb_model::findings::Finding;
use martydb_ui::report::printable;

/// Minimum number of findings to report as one; a few are easier to read one by one.
const MIN_GROUP: usize = 4;

/// Number of further objects that are named.
const MAX_NAMED: usize = 3;

/// First finding of a cause, and the rest.
pub(crate) struct FindingGroup<'a> {
    pub first: &'a Finding,
    pub others: Vec<&'a Finding>,
}

/// Groups findings, in the order of the first of each.
pub(crate) fn finding_groups<'a>(findings: &[&'a Finding]) -> Vec<FindingGroup<'a>> {
    let mut all: BTreeMap<&str, Vec<&'a Finding>> = BTreeMap::new();
    let causes: Vec<String> = findings.iter().map(|finding| cause(finding)).collect();
    for (cause, finding) in causes.iter().zip(findings) {
        all.entry(cause).or_default().push(finding);
    }
    let mut groups = vec![];
    for (cause, finding) in causes.iter().zip(findings) {
        let same = &all[cause.as_str()];
        if same.len() < MIN_GROUP {
            groups.push(FindingGroup { first: finding, others: vec![] });
        } else if std::ptr::eq(same[0], *finding) {
            groups.push(FindingGroup { first: finding, others: same[1..].to_vec() });
        }
    }
    groups
}

/// Returns everything of a finding except the name of its object.
fn cause(finding: &Finding) -> String {
    let object = finding.object.as_deref().unwrap_or_default();
    let (sort, name) = object.split_once(' ').unwrap_or((object, object));
    let without = |text: &str| if name.is_empty() { text.to_owned() } else { text.replace(name, "\0") };
    let fix = finding.fix.as_ref().map_or(String::new(), |fix| without(&fix.to_string()));
    let place = [&finding.service, &finding.database].map(|name| name.as_deref().unwrap_or_default());
    let Finding { id, role, server, severity, kind, .. } = finding;
    let parts =
        [id, severity.word(), role, server, place[0], place[1], sort, &without(&finding.evidence), &fix];
    format!("{kind:?}\u{1}{}", parts.join("\u{1}"))
}

impl FindingGroup<'_> {
    /// Returns the text after the first object: ` and 41 more`.
    pub(crate) fn more(&self) -> String {
        if self.others.is_empty() { String::new() } else { format!(" and {} more", self.others.len()) }
    }

    /// Returns the further objects, the first of them by name.
    pub(crate) fn named(&self) -> Option<String> {
        let names = self.others.iter().take(MAX_NAMED).filter_map(|finding| finding.object.as_deref());
        let names = names.map(printable).collect::<Vec<_>>().join(", ");
        let rest = self.others.len().saturating_sub(MAX_NAMED);
        let rest = if rest == 0 { String::new() } else { format!(" and {rest} more (all of them: -o json)") };
        (!self.others.is_empty()).then(|| format!("the same on {names}{rest}"))
    }

    /// Returns a note that the others have such a fix, too.
    pub(crate) fn fixed_alike(&self) -> Option<&'static str> {
        let has_repair = self.first.fix.as_ref().is_some_and(|fix| !fix.repairs().is_empty());
        (has_repair && !self.others.is_empty())
            .then_some("-- and the same on the others; --fix runs them all")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::findings::{PUBLIC, PUBLIC_RIGHT};

    fn readable(table: &str, role: &str) -> Finding {
        let found = PUBLIC_RIGHT.of(role).database("red_db").object(format!("table {table}"));
        found.evidence(format!("{role} holds SELECT on table {table}")).on("main")
    }

    #[test]
    fn many_grants_are_one_cause_with_a_count_and_a_few_are_not() {
        let mut all: Vec<Finding> = (0..5).map(|n| readable(&format!("a.t{n}"), PUBLIC)).collect();
        all.insert(2, readable("a.t9", "blue_app"));
        let all: Vec<&Finding> = all.iter().collect();
        let groups = finding_groups(&all);
        let words: Vec<_> =
            groups.iter().map(|one| (one.first.object.as_deref().unwrap(), one.more())).collect();
        assert_eq!(words, [("table a.t0", " and 4 more".into()), ("table a.t9", String::new())]);
        let named = "the same on table a.t1, table a.t2, table a.t3 and 1 more (all of them: -o json)";
        assert_eq!(groups[0].named().as_deref(), Some(named));
        assert_eq!(finding_groups(&all[..3]).len(), 3);
    }

    #[test]
    fn steps_that_differ_in_more_than_the_object_are_not_grouped() {
        let all: Vec<Finding> = (0..4)
            .map(|n| Finding {
                evidence: format!("PUBLIC holds way {n}"),
                ..readable(&format!("a.t{n}"), PUBLIC)
            })
            .collect();
        assert_eq!(finding_groups(&all.iter().collect::<Vec<_>>()).len(), 4);
    }
}
