//! A finding in words: role, place and object in its first line, then the evidence and what closes it.

use super::wrap::wrapped;
use crate::findings::{Finding, PUBLIC, SeenBy, Severity};
use crate::grants::{Fix, Repair};
use crate::report::{Paint, Style, paint, printable};

pub fn in_words(finding: &Finding, style: &Style) -> String {
    let colour = if finding.severity < Severity::Medium { Paint::Dim } else { Paint::Bad };
    let mut text = paint(wrapped(&title(finding), "  ", style).trim_end(), colour, style) + "\n";
    text += &wrapped(&format!("  seen: {}", printable(&finding.evidence)), "        ", style);
    // Never wrapped: it is there to be copied.
    let fix = fix_lines(finding);
    if !fix.is_empty() {
        text += &format!("  fix:  {}\n", fix.join("\n        "));
    }
    text
}

/// The first line: severity, role, place, object, and the id.
pub fn title(finding: &Finding) -> String {
    format!("{}: {} [{}]", finding.severity.word(), subject(finding), finding.id)
}

/// Role, place and object.
pub fn subject(finding: &Finding) -> String {
    let text = match (&finding.database, finding.is_connect(), what(finding)) {
        (Some(database), true, _) => entering(finding, database),
        (_, _, Some(what)) => format!("{}: {what}", place(finding)),
        (_, _, None) => place(finding),
    };
    printable(&text)
}

fn entering(finding: &Finding, database: &str) -> String {
    let verb = if finding.kind == SeenBy::Probe { "gets into" } else { "may enter" };
    let owner = finding.service.as_ref().map_or(String::new(), |name| format!(", the database of {name}"));
    format!("{} {verb} {database}{owner}", finding.role)
}

fn place(finding: &Finding) -> String {
    let Finding { role, server, .. } = finding;
    match (&finding.database, &finding.service) {
        (Some(database), Some(service)) => format!("{role} in {database} ({service})"),
        (Some(database), None) => format!("{role} in {database}"),
        // What PUBLIC has outside a database belongs to the server.
        (None, _) if role == PUBLIC => format!("server {server}"),
        (None, _) => format!("{role} on server {server}"),
    }
}

/// The object, unless it is the role that is named already.
fn what(finding: &Finding) -> Option<String> {
    let object = finding.object.as_deref()?;
    let is = |kind: &str, name: &str| object.strip_prefix(kind) == Some(name);
    match &finding.database {
        _ if is("role ", &finding.role) => None,
        Some(database) if is("database ", database) => Some("the database itself".into()),
        _ => Some(object.to_owned()),
    }
}

/// The statements that close it, a line each. A name that would break the line or move the cursor is escaped: JSON
/// has it as it is.
pub fn fix_lines(finding: &Finding) -> Vec<String> {
    let parts = finding.fix.iter().flat_map(Fix::repairs).flat_map(Repair::parts);
    let parts = parts.map(|part| format!("{};", printable(part.shown())));
    let advice = finding.fix.iter().flat_map(Fix::advice);
    parts.chain(advice.map(|line| printable(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{
        ATTRIBUTE, DATABASE_OWNER, FOREIGN_CONNECT, HBA_MAP, IN_DATABASE, LIMITS_SUM, PUBLIC_RIGHT,
        UNMANAGED_POWER,
    };
    use crate::grants::{Securable, revoke};
    use crate::model::acl::entry;

    #[test]
    fn every_sort_of_finding_has_a_title_that_reads() {
        let server = |kind: &crate::findings::FindingKind, role: &str, object: &str| {
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
            (entered.clone(), "x may enter red_db, the database of red"),
            (Finding { kind: SeenBy::Probe, ..entered }, "x gets into red_db, the database of red"),
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
        let text = in_words(&found, &Style::PLAIN);
        let expected = "  fix:  SET ROLE \"x\";\n        \
            REVOKE SELECT ON TABLE t FROM \"a\\u{a}b\" CASCADE;\n        RESET ROLE;\n";
        assert!(text.ends_with(expected), "{text}");
        assert_eq!(text.matches("fix:").count(), 1, "{text}");
    }
}
