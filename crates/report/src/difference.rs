//! Changes between two reports: access, findings, services, migrations. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::values::{AccessRow, MatrixCell, PastEvent, ShownFinding, StatedService, Values};

/// Changes since an earlier report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportDifference {
    /// Time of the earlier report.
    pub since: String,
    /// Logins that get in where they did not, and must not.
    pub gained: Vec<MatrixCell>,
    /// Logins that no longer get in.
    pub lost: Vec<MatrixCell>,
    pub declared: Vec<AccessRow>,
    pub withdrawn: Vec<AccessRow>,
    pub new_findings: Vec<ShownFinding>,
    pub gone_findings: Vec<ShownFinding>,
    /// Service, and its event.
    pub migrations: Vec<(String, PastEvent)>,
    pub states: Vec<StateChange>,
    /// `true` if the manifest has changed.
    pub manifest: bool,
}

/// A service that came, went or changed its state or version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    pub service: String,
    /// State and version; `None` if there was or is no such service.
    pub before: Option<(String, Option<i64>)>,
    pub after: Option<(String, Option<i64>)>,
}

impl ReportDifference {
    /// Compares two reports of one project.
    pub fn between(before: &Values, after: &Values) -> ReportDifference {
        let (gained, lost) = changed(entering(before), entering(after));
        let (declared, withdrawn) = changed(access(before), access(after));
        let (new_findings, gone_findings) = changed(findings(before), findings(after));
        ReportDifference {
            since: before.made_at.clone(),
            gained,
            lost,
            declared,
            withdrawn,
            new_findings,
            gone_findings,
            migrations: migrations(before, after),
            states: states(before, after),
            manifest: before.manifest_sha256 != after.manifest_sha256,
        }
    }

    /// Returns `true` if nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == ReportDifference { since: self.since.clone(), ..ReportDifference::default() }
    }
}

/// Returns what only the second has, and what only the first has.
fn changed<K: Ord, T: Clone>(before: BTreeMap<K, &T>, after: BTreeMap<K, &T>) -> (Vec<T>, Vec<T>) {
    let only = |one: &BTreeMap<K, &T>, other: &BTreeMap<K, &T>| {
        one.iter().filter(|(key, _)| !other.contains_key(key)).map(|(_, item)| (*item).clone()).collect()
    };
    (only(&after, &before), only(&before, &after))
}

/// Server, its replica, login and database.
type CellIdentity<'a> = (&'a str, Option<&'a str>, &'a str, &'a str);

fn cell_identity(cell: &MatrixCell) -> CellIdentity<'_> {
    (&cell.server, cell.at.as_deref(), &cell.role, &cell.database)
}

fn entering(values: &Values) -> BTreeMap<CellIdentity<'_>, &MatrixCell> {
    let enters = |cell: &&MatrixCell| matches!(cell.outcome.as_str(), "breach" | "allowed");
    let all = values.isolation.matrix.iter().filter(enters);
    all.map(|cell| (cell_identity(cell), cell)).collect()
}

fn access(values: &Values) -> BTreeMap<&AccessRow, &AccessRow> {
    values.access.iter().map(|one| (one, one)).collect()
}

/// Identity of a finding over runs; its words may change.
type FindingIdentity<'a> = (&'a str, &'a str, Option<&'a str>, &'a str, [Option<&'a str>; 3]);

fn findings(values: &Values) -> BTreeMap<FindingIdentity<'_>, &ShownFinding> {
    values.isolation.findings.iter().map(|one| (identity(one), one)).collect()
}

fn identity(one: &ShownFinding) -> FindingIdentity<'_> {
    let (database, object, service) =
        (one.database.as_deref(), one.object.as_deref(), one.service.as_deref());
    (&one.id, &one.server, one.at.as_deref(), &one.role, [database, object, service])
}

/// Identity of an event; its texts may be cut elsewhere in the other report.
fn event_identity(event: &PastEvent) -> (&str, &str, Option<i64>, &str, &str) {
    (&event.at, &event.action, event.version, &event.name, &event.outcome)
}

/// Returns the events that the first report does not have, oldest first. Those older than its oldest of the service were cut
/// from it, and are not news.
fn migrations(before: &Values, after: &Values) -> Vec<(String, PastEvent)> {
    let known: BTreeMap<&str, Vec<&PastEvent>> =
        before.history.iter().map(|one| (one.service.as_str(), one.events.iter().collect())).collect();
    let mut new: Vec<(String, PastEvent)> = vec![];
    for history in &after.history {
        let known = known.get(history.service.as_str()).map(Vec::as_slice).unwrap_or_default();
        let is_new = |event: &&PastEvent| {
            let is_same = |one: &&PastEvent| event_identity(one) == event_identity(event);
            !known.iter().any(is_same) && known.first().is_none_or(|oldest| event.at >= oldest.at)
        };
        let events = history.events.iter().filter(is_new);
        new.extend(events.map(|event| (history.service.clone(), event.clone())));
    }
    new.sort_by(|one, other| one.1.at.cmp(&other.1.at));
    new
}

fn states(before: &Values, after: &Values) -> Vec<StateChange> {
    let of = |values: &Values| -> BTreeMap<String, (String, Option<i64>)> {
        let state = |one: &StatedService| (one.service.clone(), (one.state.clone(), one.current));
        values.services.iter().map(state).collect()
    };
    let (before, after) = (of(before), of(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |name: &String| StateChange {
        service: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    };
    names.into_iter().map(change).filter(|one| one.before != one.after).collect()
}
