//! A finding as text: role, place and object in its first line, then evidence and fix; and the last line of the report.

use super::groups::FindingGroup;
use crate::commands::verify::verify_isolation::document::VerifyReport;
use martydb_isolation::proof::{Assessment, ExitReason, FailedFix};
use martydb_model::findings::{Finding, FindingSource, PUBLIC, Severity};
use martydb_model::grants::{Fix, Repair};
use martydb_model::units::{counted, listed};
use martydb_ui::report::{Paint, Style, paint, printable, wrapped};

pub(crate) fn in_words(alike: &FindingGroup<'_>, style: &Style) -> String {
    let finding = alike.first;
    let colour = if finding.severity < Severity::Medium { Paint::Dim } else { Paint::Bad };
    let mut text =
        paint(wrapped(&titled(finding, &alike.more()), "  ", style).trim_end(), colour, style) + "\n";
    let seen = alike.named().map_or(String::new(), |others| format!("; {others}"));
    text += &wrapped(&format!("  seen: {}{seen}", printable(&finding.evidence)), "        ", style);
    let mut fix = fix_lines(finding);
    fix.extend(alike.fixed_alike().map(Into::into));
    for (number, line) in fix.iter().enumerate() {
        let shown = format!("{}{line}", if number == 0 { "  fix:  " } else { "        " });
        // A statement is never wrapped, so that it can be copied.
        let is_comment = line.starts_with("-- ");
        text += &if is_comment { wrapped(&shown, "        -- ", style) } else { format!("{shown}\n") };
    }
    text
}

/// Returns the first line: severity, role, place, object, and the ID.
pub(crate) fn title(finding: &Finding) -> String {
    titled(finding, "")
}

fn titled(finding: &Finding, more: &str) -> String {
    format!("{}: {}{more} [{}]", finding.severity.word(), subject(finding), finding.id)
}

/// Returns role, place and object.
pub(crate) fn subject(finding: &Finding) -> String {
    let text = match (&finding.database, finding.is_connect(), what(finding)) {
        (Some(database), true, _) => entering(finding, database),
        (_, _, Some(what)) => format!("{}: {what}", place(finding)),
        (_, _, None) => place(finding),
    };
    printable(&text)
}

fn entering(finding: &Finding, database: &str) -> String {
    let verb = if finding.kind == FindingSource::Probe { "connected to" } else { "can connect to" };
    let owner = finding.service.as_ref().map_or(String::new(), |name| format!(", the database of {name}"));
    let at = finding.at.as_ref().map_or(String::new(), |replica| format!(", at replica {replica}"));
    format!("{} {verb} {database}{owner}{at}", finding.role)
}

fn place(finding: &Finding) -> String {
    let (role, server) = (&finding.role, finding.server_in_words());
    let at = finding.at.as_ref().map_or(String::new(), |replica| format!(" at replica {replica}"));
    match (&finding.database, &finding.service) {
        (Some(database), Some(service)) => format!("{role} in {database} ({service}){at}"),
        (Some(database), None) => format!("{role} in {database}{at}"),
        // Privileges of PUBLIC outside a database belong to the server.
        (None, _) if role == PUBLIC => server,
        (None, _) => format!("{role} on {server}"),
    }
}

/// Returns the object, unless it is the role that is already named.
fn what(finding: &Finding) -> Option<String> {
    let object = finding.object.as_deref()?;
    let is = |kind: &str, name: &str| object.strip_prefix(kind) == Some(name);
    match &finding.database {
        _ if is("role ", &finding.role) => None,
        Some(database) if is("database ", database) => Some("the database itself".into()),
        _ => Some(object.to_owned()),
    }
}

/// Returns the statements of the fix, one per line. A name with a line break or a control character is escaped; JSON
/// contains it unchanged.
pub(crate) fn fix_lines(finding: &Finding) -> Vec<String> {
    let parts = finding.fix.iter().flat_map(Fix::repairs).flat_map(Repair::parts);
    let parts = parts.map(|part| format!("{};", printable(part.shown())));
    let advice = finding.fix.iter().flat_map(Fix::advice);
    parts.chain(advice.map(|line| printable(line))).collect()
}

/// Returns the place of a failed fix.
pub(crate) fn place_of(failed: &FailedFix) -> String {
    match &failed.database {
        Some(database) => format!("database {database} of server {}", failed.server),
        None => format!("server {}", failed.server),
    }
}

/// Returns the last line: what was found, what a filter hides, and the reason of an exit code other than 0 that the
/// findings do not explain. It has no full stop.
pub(crate) fn closing_line(report: &VerifyReport) -> String {
    let assessment = &report.assessment;
    let grave = assessment.findings.iter().any(|finding| finding.severity >= Severity::Medium);
    let reasons = reasons(report);
    let link = match (reasons.is_empty(), grave) {
        (true, _) => "",
        (false, true) => ", and ",
        (false, false) => ", but ",
    };
    format!("{}{}{link}{}", found(assessment), hidden(assessment), reasons.join(" and "))
}

fn found(assessment: &Assessment) -> String {
    let words = by_severity(&assessment.findings);
    let low = assessment.findings.iter().all(|finding| finding.severity == Severity::Low);
    match assessment.findings.len() {
        0 if assessment.accepted.iter().all(|accepted| accepted.by_limit) => {
            format!("nothing found{}", filter(assessment))
        }
        0 => format!("nothing else found{}", filter(assessment)),
        n if low => format!("found: {} (low)", counted(n, "note")),
        _ => format!("found: {words}"),
    }
}

fn filter(assessment: &Assessment) -> String {
    let names = &assessment.only;
    let only = if names.is_empty() { String::new() } else { format!(" of {}", listed(names)) };
    let least = assessment.min_severity.filter(|least| *least > Severity::Low);
    only + &least.map_or(String::new(), |least| format!(" at {} or above", least.word()))
}

fn hidden(assessment: &Assessment) -> String {
    match (by_severity(&assessment.hidden), assessment.hidden.len()) {
        (_, 0) => String::new(),
        (words, 1) => format!(" ({words} is hidden)"),
        (words, _) => format!(" ({words} are hidden)"),
    }
}

fn by_severity(findings: &[Finding]) -> String {
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let count = |severity: &Severity| findings.iter().filter(|one| one.severity == *severity).count();
    let words = all.iter().map(|severity| (count(severity), severity.word())).filter(|(n, _)| *n > 0);
    words.map(|(n, word)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
}

/// Returns the reasons of an exit code other than 0, except for the shown findings.
fn reasons(report: &VerifyReport) -> Vec<String> {
    let assessment = &report.assessment;
    let of_proof = ExitReason::ALL.iter().filter_map(|reason| reason_in_words(assessment, *reason));
    let failed = counted(report.unclosed.len(), "change");
    of_proof.chain((!report.unclosed.is_empty()).then(|| format!("{failed} failed"))).collect()
}

fn reason_in_words(assessment: &Assessment, reason: ExitReason) -> Option<String> {
    let count = match reason {
        // Shown as a finding.
        ExitReason::Breach => assessment.unreported_breaches(),
        reason => assessment.count(reason),
    };
    let was = |noun: &str| format!("{} {}", counted(count, noun), if count == 1 { "was" } else { "were" });
    let words = match reason {
        ExitReason::Finding => return None,
        ExitReason::Breach => {
            let (is, fails) = if count == 1 { ("is", "fails") } else { ("are", "fail") };
            format!("{} {is} hidden by the filter but still {fails} the run", counted(count, "breach"))
        }
        ExitReason::Inconclusive => was("probe") + " inconclusive",
        ExitReason::Unread => format!("{} could not be read", counted(count, "part")),
        ExitReason::Unanswered => was("server") + " not examined",
        ExitReason::Skipped => was("check") + " skipped (fails because of --strict)",
    };
    (count > 0).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::verify::verify_isolation::{ReportFormat, entry};
    use clap::ValueEnum;
    use martydb_catalog::{NotExamined, Unread};
    use martydb_isolation::probe::{Probe, ProbeLocation, Verdict};
    use martydb_isolation::proof::{FailedFix, Filter, ServerJudgement, VerifiedServer, assess};
    use martydb_model::error::{Error, ExitStatus};
    use martydb_model::findings::{
        ATTRIBUTE, DATABASE_OWNER, FOREIGN_CONNECT, HBA_MAP, IN_DATABASE, LIMITS_SUM, PUBLIC_RIGHT,
        UNMANAGED_POWER,
    };
    use martydb_model::findings::{HBA_ERROR, NO_LIMIT, PREPARED};
    use martydb_model::grants::{Securable, revoke};
    use martydb_ui::report::Report;

    #[test]
    fn every_sort_of_finding_has_a_title_that_reads() {
        let server = |kind: &martydb_model::findings::FindingKind, role: &str, object: &str| {
            let object = Some(object.to_owned()).filter(|object| !object.is_empty());
            Finding { object, ..kind.of(role).on("main") }
        };
        let inside = |kind, role, database: &str, service: &str, object| Finding {
            database: Some(database.into()),
            service: Some(service.to_owned()).filter(|service| !service.is_empty()),
            ..server(kind, role, object)
        };
        let entered = inside(FOREIGN_CONNECT, "x", "red_db", "red", "");
        let rows = [
            (
                inside(IN_DATABASE, "audit_app", "marty_audit", "audit", "an attribute beyond LOGIN"),
                "audit_app in marty_audit (audit): an attribute beyond LOGIN",
            ),
            (inside(PUBLIC_RIGHT, "PUBLIC", "postgres", "", "table a.b"), "PUBLIC in postgres: table a.b"),
            (
                inside(DATABASE_OWNER, "x", "red_db", "red", "database red_db"),
                "x in red_db (red): the database itself",
            ),
            (entered.clone(), "x can connect to red_db, the database of red"),
            (Finding { kind: FindingSource::Probe, ..entered }, "x connected to red_db, the database of red"),
            (server(LIMITS_SUM, "PUBLIC", "slot barman"), "server main: slot barman"),
            (server(UNMANAGED_POWER, "barman", ""), "barman on server main"),
            (server(ATTRIBUTE, "red_app", "role red_app"), "red_app on server main"),
            (server(ATTRIBUTE, "red_app", "role x"), "red_app on server main: role x"),
            (server(HBA_MAP, "all", "line 3"), "all on server main: line 3"),
        ];
        for (finding, expected) in rows {
            assert_eq!(subject(&finding), expected);
        }
    }

    #[test]
    fn a_fix_is_one_block_that_a_name_cannot_break() {
        let right = entry(Some("a\nb"), "SELECT", "x");
        let repair = revoke(&right, None, &Securable::inside("TABLE t", "o"));
        let found = IN_DATABASE.of("y").fix(repair).on("main");
        let text = in_words(&FindingGroup { first: &found, others: vec![] }, &Style::PLAIN);
        let expected = "  fix:  SET ROLE \"x\";\n        \
            REVOKE SELECT ON TABLE t FROM \"a\\u{a}b\" CASCADE;\n        RESET ROLE;\n";
        assert!(text.ends_with(expected), "{text}");
        assert_eq!(text.matches("fix:").count(), 1, "{text}");
    }

    fn report(filter: &Filter, judged: ServerJudgement, failed: &[&str]) -> VerifyReport {
        let failed = failed.iter().map(|server| ((*server).to_owned(), Error::operation("x"))).collect();
        let server = VerifiedServer { name: "main".into(), ..VerifiedServer::default() };
        let judged = ServerJudgement { server, ..judged };
        let assessment = assess(vec![judged], failed, filter);
        VerifyReport::without_changes(assessment)
    }

    fn found(findings: &[Finding]) -> ServerJudgement {
        ServerJudgement { findings: findings.to_vec(), ..ServerJudgement::default() }
    }

    fn probe(outcome: Verdict) -> Probe {
        Probe {
            service: "red".into(),
            role: "red_app".into(),
            server: "main".into(),
            at: None,
            database: "blue".into(),
            outcome,
            sqlstate: None,
            why: None,
            way: None,
            place: ProbeLocation::Foreign,
            took: std::time::Duration::ZERO,
            finding: None,
        }
    }

    #[test]
    fn a_filter_says_what_it_hides() {
        let (medium, low) = (NO_LIMIT.of("x").on("main"), HBA_ERROR.of("x").on("main"));
        let high = Filter { min_severity: Some(Severity::High), ..Filter::default() };
        let only = |id: &str| Filter { only: vec![id.into()], ..Filter::default() };
        let two = [medium.clone(), low];
        let said =
            |filter: &Filter, findings: &[Finding]| closing_line(&report(filter, found(findings), &[]));
        assert_eq!(said(&high, &two), "nothing found at high or above (1 medium, 1 low are hidden)");
        let none = only("no-password");
        assert_eq!(said(&none, &two[..1]), "nothing found of no-password (1 medium is hidden)");
        assert_eq!(said(&only(medium.id), &two), "found: 1 medium (1 low is hidden)");
        assert_eq!(said(&none, &[]), "nothing found of no-password");
        assert_eq!(said(&Filter::default(), &[]), "nothing found");
    }

    #[test]
    fn a_skipped_check_fails_the_run_where_that_was_asked_for() {
        let skipped = "nothing found, but 1 check was skipped (fails because of --strict)";
        for (strict, expected) in [(false, "nothing found"), (true, skipped)] {
            let unseen = NotExamined { what: "x".into(), why: "y".into(), grant: None };
            let judged = ServerJudgement { not_examined: vec![unseen], ..ServerJudgement::default() };
            let report = report(&Filter { strict, ..Filter::default() }, judged, &[]);
            assert_eq!(closing_line(&report), expected);
        }
    }

    #[test]
    fn the_last_line_says_why_the_run_does_not_end_with_0() {
        let all = Filter::default();
        let of = |outcome: Verdict, n: usize, findings: &[Finding]| ServerJudgement {
            matrix: vec![probe(outcome); n],
            ..found(findings)
        };
        let unproven = |findings: &[Finding]| of(Verdict::Inconclusive, 3, findings);
        let said = |judged: ServerJudgement, failed: &[&str]| closing_line(&report(&all, judged, failed));
        assert_eq!(said(unproven(&[]), &[]), "nothing found, but 3 probes were inconclusive");
        let both = "3 probes were inconclusive and 1 server was not examined";
        assert_eq!(said(unproven(&[]), &["two"]), format!("nothing found, but {both}"));
        let medium = PREPARED.of("x").on("main");
        assert_eq!(said(unproven(&[medium]), &["two"]), format!("found: 1 medium, and {both}"));
        let only = Filter { only: vec!["hba-error".into()], ..Filter::default() };
        let hidden = "1 breach is hidden by the filter but still fails the run";
        let breached = report(&only, of(Verdict::Breach, 1, &[]), &[]);
        assert_eq!(closing_line(&breached), format!("nothing found of hba-error, but {hidden}"));
        let unread = Unread {
            service: None,
            server: "main".into(),
            at: None,
            database: None,
            what: "x".into(),
            why: "y".into(),
        };
        let mut report = report(&all, ServerJudgement { unread: vec![unread], ..found(&[]) }, &[]);
        let failed = || FailedFix { server: "main".into(), database: None, error: Error::operation("x") };
        report.unclosed = vec![failed(), failed()];
        assert_eq!(closing_line(&report), "nothing found, but 1 part could not be read and 2 changes failed");
    }

    #[test]
    fn every_format_tells_every_reason_of_an_exit_code_other_than_0() {
        let unseen = NotExamined { what: "the moon".into(), why: "y".into(), grant: None };
        let unread = Unread {
            service: None,
            server: "main".into(),
            at: None,
            database: None,
            what: "the moon".into(),
            why: "y".into(),
        };
        let none = || found(&[]);
        let case = |reason: ExitReason| match reason {
            ExitReason::Breach => {
                (ServerJudgement { matrix: vec![probe(Verdict::Breach)], ..none() }, "breach")
            }
            ExitReason::Finding => (found(&[PREPARED.of("x").on("main")]), "prepared"),
            ExitReason::Inconclusive => {
                (ServerJudgement { matrix: vec![probe(Verdict::Inconclusive)], ..none() }, "inconclusive")
            }
            ExitReason::Unread => (ServerJudgement { unread: vec![unread.clone()], ..none() }, "the moon"),
            ExitReason::Unanswered => (none(), "two"),
            ExitReason::Skipped => {
                (ServerJudgement { not_examined: vec![unseen.clone()], ..none() }, "the moon")
            }
        };
        for reason in ExitReason::ALL {
            let strict = Filter { strict: true, ..Filter::default() };
            let (judged, told) = (|| case(reason).0, case(reason).1);
            let failed: &[&str] = if reason == ExitReason::Unanswered { &["two"] } else { &[] };
            let alone = report(&strict, judged(), failed);
            let own = ExitReason::ALL.into_iter().filter(|one| alone.assessment.count(*one) > 0);
            assert_eq!(own.collect::<Vec<_>>(), [reason]);
            assert_ne!(alone.status(), ExitStatus::Success, "{reason:?}");
            for format in ReportFormat::value_variants().iter().filter(|one| **one != ReportFormat::Json) {
                let report = VerifyReport { format: Some(*format), ..report(&strict, judged(), failed) };
                let text = report.text(&Style::PLAIN) + &report.messages(&Style::PLAIN);
                // A drawing has its reasons in one line.
                let is_drawn = matches!(format, ReportFormat::Dot | ReportFormat::Opengraph);
                let told = if is_drawn { closing_line(&report) } else { told.to_owned() };
                assert!(text.to_lowercase().contains(&told), "{reason:?} as {format:?}:\n{text}");
            }
        }
    }
}
