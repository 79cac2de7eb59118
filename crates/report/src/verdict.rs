//! Verdict: everything that is wrong, worst first. Pure.

use martydb_model::units::counted;

use crate::values::{RedisKeys, ReplicaLine, ShownFinding, StatedService, Values};

/// Level of a line of the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerdictLevel {
    Good,
    /// Worth a look.
    Note,
    Warning,
    Bad,
}

/// A line of the verdict, and the section that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub level: VerdictLevel,
    pub text: String,
    pub section: &'static str,
}

/// States of services, from the worst, with the words for their number and the level.
const STATES: [(&str, &str, VerdictLevel); 8] = [
    ("unreachable", "not reachable", VerdictLevel::Bad),
    ("divergent", "with files that differ from their history", VerdictLevel::Bad),
    ("invalid", "with migration files that cannot run", VerdictLevel::Bad),
    ("not_imported", "whose migrations are not imported", VerdictLevel::Bad),
    ("stopped", "whose server is stopped", VerdictLevel::Bad),
    ("drifted", "different from the manifest", VerdictLevel::Warning),
    ("not_provisioned", "without a database", VerdictLevel::Warning),
    ("pending", "with pending migrations", VerdictLevel::Warning),
];

/// Returns everything that is wrong, worst first; empty if nothing is.
pub fn wrong(values: &Values) -> Vec<Line> {
    let mut lines = isolation(values);
    lines.extend(STATES.iter().filter_map(|(state, words, level)| {
        let is_in = |service: &&StatedService| service.state == *state && !is_changed_by_hand(service);
        line(*level, values.services.iter().filter(is_in).count(), "service", words, "services")
    }));
    lines.extend(schemas(values));
    // A state that is not known here is never a good one.
    let is_known = |state: &str| state == "up_to_date" || STATES.iter().any(|(known, ..)| *known == state);
    let unknown = values.services.iter().filter(|service| !is_known(&service.state)).count();
    lines.extend(line(
        VerdictLevel::Bad,
        unknown,
        "service",
        "with a state that this version does not know",
        "services",
    ));
    let changed = values.services.iter().filter(|service| !service.collations.is_empty()).count();
    lines.extend(line(
        VerdictLevel::Bad,
        changed,
        "service",
        "whose indexes may be in another order than the library's",
        "services",
    ));
    let failed = values.services.iter().filter(|service| failed(service)).count();
    lines.extend(line(VerdictLevel::Bad, failed, "service", "whose last migration failed", "services"));
    let bare = |service: &&StatedService| service.backup.as_ref().is_some_and(|backup| backup.count == 0);
    let bare = values.services.iter().filter(bare).count();
    lines.extend(line(VerdictLevel::Warning, bare, "service", "without a backup", "services"));
    for (level, words) in REPLICAS {
        let count = values.replicas.iter().filter(|one| replica(one) == (level, words)).count();
        lines.extend(line(level, count, "replica", words, "services"));
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.level));
    lines
}

/// Returns `true` if the state says no more than the line about changed schemas.
fn is_changed_by_hand(service: &StatedService) -> bool {
    service.state == "drifted" && !service.schema_drift.is_empty()
}

/// Returns the lines about services whose schema was changed by hand, and about those that nothing could be compared with.
fn schemas(values: &Values) -> impl Iterator<Item = Line> {
    let count =
        |is_in: &dyn Fn(&StatedService) -> bool| values.services.iter().filter(|one| is_in(one)).count();
    let changed = count(&|one| !one.schema_drift.is_empty());
    let unknown = count(&|one| one.schema.as_deref() == Some("unknown"));
    let rows = [
        (VerdictLevel::Warning, changed, "whose schema was changed by hand"),
        (VerdictLevel::Note, unknown, "whose schema no run has kept: the next `martydb upgrade` compares it"),
    ];
    rows.into_iter().filter_map(|(level, count, words)| line(level, count, "service", words, "services"))
}

const REPLICA_GONE: (VerdictLevel, &str) = (VerdictLevel::Bad, "not reachable");
const REPLICA_LATE: (VerdictLevel, &str) =
    (VerdictLevel::Warning, "further behind than the manifest accepts");
const REPLICA_FINE: (VerdictLevel, &str) = (VerdictLevel::Good, "in use");

/// States of replicas that are wrong, with the words for their number.
const REPLICAS: [(VerdictLevel, &str); 2] = [REPLICA_GONE, REPLICA_LATE];

/// Returns the level and the words of a replica's state.
pub fn replica(one: &ReplicaLine) -> (VerdictLevel, &'static str) {
    match one.state.as_str() {
        "unreachable" => REPLICA_GONE,
        _ if one.late => REPLICA_LATE,
        _ => REPLICA_FINE,
    }
}

/// Returns what the proof says about a service's users on Redis.
pub fn redis(values: &Values, keys: &RedisKeys) -> (VerdictLevel, String) {
    let isolation = &values.isolation;
    if isolation.errors.iter().any(|error| error.server == keys.server) {
        return (VerdictLevel::Bad, "The server could not be examined.".into());
    }
    let rows = isolation
        .matrix_counts
        .iter()
        .filter(|row| (&row.server, &row.service) == (&keys.server, &keys.service));
    let (mut breach, mut silent, mut own) = (0, 0, 0);
    for row in rows {
        breach += row.breach;
        silent += row.inconclusive;
        own += if row.own { row.allowed } else { 0 };
    }
    match (breach, silent, own) {
        (1.., ..) => (VerdictLevel::Bad, "Its users can access keys of another service.".into()),
        (0, 1.., _) => (VerdictLevel::Bad, "Not all of its users answered.".into()),
        (0, 0, 0) => (VerdictLevel::Warning, "None of its users was tried.".into()),
        (0, 0, own) => (VerdictLevel::Good, format!("Its {own} users can access these keys and no others.")),
    }
}

/// Returns `true` if the newest run of the service failed.
pub fn failed(service: &StatedService) -> bool {
    service.last_event.as_ref().is_some_and(|event| event.outcome == "failed")
}

/// Returns `true` if the finding counts for the exit code.
pub fn counts(finding: &ShownFinding) -> bool {
    finding.severity != "low"
}

fn isolation(values: &Values) -> Vec<Line> {
    let isolation = &values.isolation;
    let (counting, low): (Vec<&ShownFinding>, Vec<&ShownFinding>) =
        isolation.findings.iter().partition(|finding| counts(finding));
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let rows = [
        (
            VerdictLevel::Bad,
            number(isolation.summary.breaches),
            "login attempt",
            "succeeded and must not",
            "matrix",
        ),
        (VerdictLevel::Bad, counting.len(), "finding", "of medium severity or above", "findings"),
        (VerdictLevel::Bad, number(isolation.summary.inconclusive), "check", "without an answer", "skipped"),
        (VerdictLevel::Bad, isolation.errors.len(), "server", "that could not be examined", "skipped"),
        (VerdictLevel::Note, low.len(), "note", "of low severity", "findings"),
    ];
    rows.into_iter()
        .filter_map(|(level, count, noun, words, to)| line(level, count, noun, words, to))
        .collect()
}

fn line(level: VerdictLevel, count: usize, noun: &str, words: &str, section: &'static str) -> Option<Line> {
    (count > 0).then(|| Line { level, text: format!("{} {words}", counted(count, noun)), section })
}

/// Returns what was tried, as one sentence.
pub fn proof(values: &Values) -> String {
    let summary = &values.isolation.summary;
    let inferred = summary.pairs.saturating_sub(summary.tried);
    let how = match summary.extent.as_str() {
        "full" => "every login at every database".to_owned(),
        "sample" => {
            format!(
                "a sample of {} of {} pairs; the catalogs decided {inferred}",
                summary.tried, summary.pairs
            )
        }
        _ => "no login was tried".to_owned(),
    };
    format!(
        "{} of {} checks passed, with {} of {}: {how}.",
        summary.passed,
        summary.probes,
        counted(usize::try_from(summary.logins).unwrap_or(usize::MAX), "login"),
        counted(usize::try_from(summary.services).unwrap_or(usize::MAX), "service"),
    )
}

/// Returns the state of a service, and what to do about it, as one sentence.
pub fn sentence(service: &StatedService) -> String {
    let name = &service.service;
    if let Some(error) = &service.error {
        let hint = error.hints.first().map_or_else(String::new, |hint| format!(" Hint: {hint}."));
        return format!("{}.{hint}", error.message.trim_end_matches('.'));
    }
    match service.state.as_str() {
        _ if !service.collations.is_empty() => {
            format!("The order of its texts may have changed: run `martydb status --service {name}`.")
        }
        "up_to_date" if failed(service) => "The last migration failed; nothing is pending.".into(),
        "up_to_date" => "Everything is applied, and the server agrees with the manifest.".into(),
        "pending" => format!("{}: run `martydb upgrade --service {name}`.", due(service)),
        "drifted" if is_changed_by_hand(service) => format!(
            "{} of its schema changed by hand: run `martydb status --drift --service {name}`.",
            counted(service.schema_drift.len(), "object")
        ),
        "drifted" => format!("The server differs from the manifest: run `martydb plan --service {name}`."),
        "not_imported" => "Its migrations are those of another tool and were not imported.".into(),
        "stopped" => "Its server is stopped: run `martydb dev up`.".into(),
        "not_provisioned" => format!("It has no database yet: run `martydb apply --service {name}`."),
        "divergent" => format!(
            "{} between files and history: run `martydb status --service {name}`.",
            counted(service.divergences.len(), "difference")
        ),
        "invalid" => {
            service.problems.first().cloned().unwrap_or_else(|| "A migration file cannot run.".into())
        }
        other => format!("Its state is {other}."),
    }
}

fn due(service: &StatedService) -> String {
    let count = service.pending.len() + service.repeatable_pending.len();
    let first = service.pending.first().map(|one| format!("V{}__{}", one.version, one.name));
    let first = first.or_else(|| service.repeatable_pending.first().map(|one| format!("R__{}", one.name)));
    format!("{} pending, first {}", counted(count, "migration"), first.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_schema_hides_no_other_state() {
        let service = |state: &str, changed: bool| StatedService {
            state: state.into(),
            schema_drift: std::iter::repeat_with(Default::default).take(usize::from(changed)).collect(),
            ..StatedService::default()
        };
        let services = vec![service("divergent", true), service("drifted", true), service("drifted", false)];
        let values = Values { services, ..Values::default() };
        let lines: Vec<String> = wrong(&values).into_iter().map(|line| line.text).collect();
        assert_eq!(
            lines,
            [
                "1 service with files that differ from their history",
                "1 service different from the manifest",
                "2 services whose schema was changed by hand",
            ]
        );
    }
}
