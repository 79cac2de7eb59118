//! GitHub's Markdown, for a job summary.

use super::groups::finding_groups;
use super::matrix::rows;
use super::table::{accepted_breaches, numbers};
use super::text::{self, fix_lines, place_of};
use crate::commands::support::change::Change;
use crate::commands::verify::verify_isolation::document::VerifyReport;
use martydb_isolation::probe::{Probe, Verdict};
use martydb_isolation::proof::ServerView;
use martydb_model::findings::Finding;
use martydb_model::units::counted;
use martydb_ui::report::printable;

pub(crate) fn markdown(report: &VerifyReport) -> String {
    let assessment = &report.assessment;
    let mut text = String::from("## Isolation\n");
    assessment.by_server().for_each(|view| text += &server(&view));
    let unclosed = report.unclosed.iter().map(|one| (place_of(one), &one.error));
    let failed = assessment.failed.iter().map(|(server, error)| (format!("server {server}"), error));
    for (place, error) in failed.chain(unclosed) {
        text += &format!("\n### On {}\n\n**{}**\n", cell(&place), cell(&error.to_string()));
    }
    let unread = assessment.unread.iter().cloned();
    text += &rows_under(
        ["could not be read", "service", "why"],
        unread.map(|one| [one.what, one.service.unwrap_or_default(), one.why]),
    );
    let not_examined = assessment.skipped_checks().iter().cloned();
    text += &rows_under(
        ["not examined", "why", "what would allow it"],
        not_examined.map(|one| [one.what, one.why, one.grant.unwrap_or_default()]),
    );
    let limits = assessment.limits.iter().cloned();
    text +=
        &rows_under(["limit", "server", "why"], limits.map(|limit| [limit.what, limit.server, limit.why]));
    let accepted = assessment.accepted.iter().filter(|accepted| !accepted.by_limit).map(|accepted| {
        let finding = &accepted.finding;
        [finding.id.into(), finding.role.clone(), place(finding), accepted.reason.clone()]
    });
    text += &rows_under(["accepted", "who", "where", "why"], accepted);
    text += &rows_under(["change", "risk", "statement", "outcome"], report.changes.iter().map(Change::cells));
    text + &format!("\n{}\n", cell(&text::closing_line(report)))
}

fn server(view: &ServerView<'_>) -> String {
    let title = match &view.server.at {
        Some(replica) => cell(&format!("Replica {replica} of server {}", view.server.name)),
        None => format!("Server {}", cell(&view.server.name)),
    };
    let breaches = counted(view.summary.breaches, "breach");
    let numbers = cell(&numbers(view));
    // Accepted breaches need no emphasis.
    let is_open = accepted_breaches(view) < view.summary.breaches || view.summary.breaches == 0;
    let numbers = if is_open { numbers.replacen(&breaches, &format!("**{breaches}**"), 1) } else { numbers };
    let mut text = format!("\n### {title}\n\n{numbers}\n\n");
    text += &grid(view);
    let all = finding_groups(&view.findings);
    let rows = all.iter().map(|alike| {
        let finding = alike.first;
        let (word, mut fix) = (finding.severity.word().into(), fix_lines(finding).join(" "));
        fix += alike.fixed_alike().map_or("", |_| " …");
        let seen = alike.named().map_or(String::new(), |others| format!("; {others}"));
        let seen = format!("{}{seen}", finding.evidence);
        [word, finding.id.into(), finding.role.clone(), place(finding) + &alike.more(), seen, fix]
    });
    text += &rows_under(["severity", "finding", "who", "where", "seen", "fix"], rows);
    text + &inconclusive(view)
}

/// Lists the first inconclusive probes; more would bury the page.
fn inconclusive(view: &ServerView<'_>) -> String {
    const MAX_SHOWN: usize = 20;
    let all: Vec<&Probe> = view.inconclusive().collect();
    let rows = all.iter().take(MAX_SHOWN).map(|probe| {
        let [way, why] = [&probe.way, &probe.why].map(|text| text.clone().unwrap_or_default());
        [probe.role.clone(), probe.database.clone(), way, why]
    });
    let text = rows_under(["inconclusive", "where", "how", "why"], rows);
    match all.len().saturating_sub(MAX_SHOWN) {
        0 => text,
        more => format!("{text}\n… and {more} more\n"),
    }
}

/// Returns the object of a finding, and its place.
fn place(finding: &Finding) -> String {
    let whole = match &finding.database {
        Some(database) => {
            let at = finding.at.as_ref().map_or(String::new(), |replica| format!(" at replica {replica}"));
            database.clone() + &at
        }
        None => finding.server_in_words(),
    };
    match (&finding.object, &finding.database) {
        (Some(object), Some(_)) => format!("{object} in {whole}"),
        (Some(object), None) => format!("{object} on {whole}"),
        (None, _) => whole,
    }
}

/// Returns a table, or nothing without rows.
fn rows_under<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<Vec<String>> = rows.map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    if rows.is_empty() { String::new() } else { format!("\n{}", table(head.map(cell).to_vec(), rows)) }
}

/// Returns a table whose cells are Markdown already.
fn table(head: Vec<String>, rows: Vec<Vec<String>>) -> String {
    let line = |cells: &Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rows: String = rows.iter().map(line).collect();
    format!("{}|{}\n{rows}", line(&head), "---|".repeat(head.len()))
}

/// Returns services by databases, if they fit the width of a page.
fn grid(view: &ServerView<'_>) -> String {
    const WIDE: usize = 12;
    let columns = &view.server.columns;
    if view.matrix.is_empty() {
        return String::new();
    }
    if columns.len() > WIDE {
        let count = columns.len();
        return format!("The matrix of {count} databases is too wide for this page: see --format table\n");
    }
    let word = |probe: Option<&Probe>| match probe.map(|probe| probe.outcome) {
        Some(Verdict::Denied) => "denied",
        Some(Verdict::Allowed) => "own",
        Some(Verdict::Inconclusive) => "?",
        Some(Verdict::Breach) => "**BREACH**",
        None => "",
    };
    let row = |(service, cells): (&str, Vec<Option<&Probe>>)| {
        std::iter::once(cell(service)).chain(cells.into_iter().map(|probe| word(probe).into())).collect()
    };
    let head =
        std::iter::once("service".into()).chain(columns.iter().map(|column| cell(column.name.as_str())));
    table(head.collect(), rows(view).into_iter().map(row).collect())
}

/// Escapes a cell of a Markdown table, so that it neither contains markup nor ends early.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text).chars() {
        if r"|\`*_[]<>#~&$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_isolation::probe::{AccessPolicy, ProbeDatabase, ProbeLocation};
    use martydb_isolation::proof::{Filter, ServerJudgement, VerifiedServer, assess};
    use martydb_model::findings::UNMANAGED_POWER;
    use martydb_model::grants::alter_role;
    use martydb_model::sql::Keyword;
    use martydb_model::{DatabaseKind, DbName, ServiceName};

    fn page(services: usize) -> String {
        let probe = |n: usize| Probe {
            service: format!("s{n}"),
            role: format!("s{n}_app"),
            server: "main".into(),
            at: None,
            database: format!("db{n}"),
            outcome: Verdict::Inconclusive,
            sqlstate: None,
            why: Some("no answer".into()),
            way: None,
            place: ProbeLocation::Own,
            took: std::time::Duration::ZERO,
            finding: None,
        };
        let column = |n: usize| ProbeDatabase {
            name: DbName::new(format!("db{n}")).unwrap(),
            allow_connections: true,
            kind: DatabaseKind::Service(ServiceName::new(format!("s{n}")).unwrap()),
            policy: AccessPolicy::Closed,
        };
        let found = UNMANAGED_POWER.of("barman").fix(alter_role("b", Keyword("NOREPLICATION"))).on("main");
        let judged = ServerJudgement {
            server: VerifiedServer {
                name: "main".into(),
                columns: (1..=services).map(column).collect(),
                ..VerifiedServer::default()
            },
            matrix: (1..=services).map(probe).collect(),
            findings: vec![found],
            ..ServerJudgement::default()
        };
        let assessment = assess(vec![judged], vec![], &Filter::default());
        markdown(&VerifyReport::without_changes(assessment))
    }

    #[test]
    fn omitted_and_inconclusive_checks_are_reported() {
        let small = page(1);
        assert!(
            small.contains("\n1 service, 1 login, 1 probe: 0 passed, **0 breaches**, 1 inconclusive\n"),
            "{small}"
        );
        assert!(small.contains("| s1 | ? |"), "{small}");
        assert!(small.contains("| s1\\_app | db1 |  | no answer |"), "{small}");
        assert!(small.contains(" | barman | server main | "), "{small}");
        assert!(small.contains(" | ALTER ROLE \"b\" NOREPLICATION; |"), "{small}");
        assert!(small.contains("\nfound: 1 medium, and 1 probe was inconclusive\n"), "{small}");
        let large = page(50);
        assert!(large.contains("\nThe matrix of 50 databases is too wide for this page"), "{large}");
        assert!(large.contains("| s20\\_app |") && !large.contains("| s21\\_app |"), "{large}");
        assert!(large.contains("\n… and 30 more\n"), "{large}");
    }
}
