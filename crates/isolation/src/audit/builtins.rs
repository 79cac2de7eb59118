//! Changes of the server's own objects since initdb: every session trusts them, superusers' sessions included.

use std::collections::BTreeSet;

use super::context::{Audit, Database};
use crate::audit::context::AuditSubject;
use martydb_catalog::{BuiltinChange, BuiltinDifference};
use martydb_model::findings::Severity::{self, Critical, High, Low, Medium};
use martydb_model::findings::{FindingBuilder, PUBLIC, REDEFINED};
use martydb_model::units::counted;

/// Kinds of objects that all databases share.
const SHARED: &[&str] = &["role", "membership"];

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let mut shared = BTreeSet::new();
    for db in audit.databases() {
        for found in &db.catalog.builtins.differences {
            let is_shared = SHARED.contains(&found.kind.as_str());
            if !is_shared || shared.insert((&found.kind, &found.display)) {
                let finding = REDEFINED.of(PUBLIC).at(severity(&db, found)).object(object(found));
                let finding = finding.evidence(evidence(&db, found)).advice(&advice(&db, found));
                out.push(if is_shared { finding } else { finding.inside(&db) });
            }
        }
        out.extend(unnamed(&db));
    }
}

fn object(found: &BuiltinDifference) -> String {
    match found.kind.as_str() {
        "privileges" => format!("initial privileges of {}", found.display),
        "membership" => format!("memberships of {}", found.display),
        _ => found.display.clone(),
    }
}

/// Returns the severity: the less certain it is that the object was changed, the lower.
fn severity(db: &Database<'_>, found: &BuiltinDifference) -> Severity {
    let (_, newer) = db.catalog.builtins.release;
    match found.change {
        BuiltinChange::Unknown => Low,
        // A provider changes the server that it sells.
        _ if db.audit.desired.platform.is_some() => Low,
        BuiltinChange::Changed if newer => Medium,
        BuiltinChange::Changed => Critical,
        // A rule acts when any session writes to the view; a membership gives one predefined role another's power.
        BuiltinChange::Added if matches!(found.kind.as_str(), "rule" | "membership") => Critical,
        // Calls without a schema find it first.
        BuiltinChange::Added if matches!(found.kind.as_str(), "function" | "operator") => High,
        BuiltinChange::Added => Medium,
    }
}

fn evidence(db: &Database<'_>, found: &BuiltinDifference) -> String {
    let (release, newer) = &db.catalog.builtins.release;
    let detail = found.detail.as_ref().map_or(String::new(), |detail| format!(" ({detail})"));
    let object = object(found);
    match found.change {
        BuiltinChange::Changed if *newer => {
            format!(
                "{object}{detail} differs from that of PostgreSQL {release}, the newest release that this version of martydb knows"
            )
        }
        BuiltinChange::Changed => format!("{object}{detail} differs from that of PostgreSQL {release}"),
        BuiltinChange::Added => format!("{object}{detail} was added to what PostgreSQL {release} has"),
        BuiltinChange::Unknown => {
            format!("{object}{detail} is not known of PostgreSQL {release}; another release may have it")
        }
    }
}

/// Returns the way back. No statement is printed: the original is on a new server only, and what replaced it may
/// be in use.
fn advice(db: &Database<'_>, found: &BuiltinDifference) -> String {
    let major = db.audit.actual.major();
    let of_new = |query: String| {
        format!("execute here what a new server of PostgreSQL {major} answers to: SELECT {query}")
    };
    match (found.change, found.kind.as_str()) {
        (BuiltinChange::Added, _) => {
            format!("drop {} with allow_system_table_mods, or accept it", found.display)
        }
        (BuiltinChange::Unknown, _) => "compare it with that of a new server of the same release".into(),
        (_, "function" | "body") => of_new(format!("pg_catalog.pg_get_functiondef({})", found.number)),
        (_, "rule") if found.display.starts_with("view ") => {
            format!(
                "restore it with CREATE OR REPLACE VIEW, as pg_catalog.pg_get_viewdef shows it on a new server of PostgreSQL {major}"
            )
        }
        _ => format!(
            "dump database {} and restore it into a new one, made from template0 of a new server",
            db.name
        ),
    }
}

fn unnamed(db: &Database<'_>) -> Option<FindingBuilder> {
    let more = db.catalog.builtins.unnamed;
    let seen = format!(
        "{} of the server differ too; the server may be a fork of PostgreSQL",
        counted(more, "object")
    );
    let severity = if db.audit.desired.platform.is_some() { Low } else { Medium };
    let finding = REDEFINED.of(PUBLIC).at(severity).inside(db).object("further objects of the server");
    (more > 0).then(|| finding.evidence(seen))
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::{NOTHING, Server, healthy};
    use martydb_catalog::{BuiltinChange, BuiltinDifference};
    use martydb_model::platform::Platform;

    /// The server with an object of initdb's that differs, in the databases of both services.
    fn changed(kind: &str, change: BuiltinChange, shown: &str) -> Server {
        let (kind, shown) = (kind.to_owned(), shown.to_owned());
        let found = BuiltinDifference { kind, change, display: shown, detail: None, number: 1 };
        ["red_db", "blue_db"].into_iter().fold(healthy(), |server, database| {
            server.inside(database, |catalog| catalog.builtins.differences.push(found.clone()))
        })
    }

    fn newer(server: Server) -> Server {
        server.inside("red_db", |catalog| catalog.builtins.release = ("17.1".into(), true))
    }

    fn severity(server: &Server) -> String {
        let all = server.found();
        let of_red = all.iter().find(|line| line.contains("redefined-builtin | red")).unwrap();
        of_red.split(' ').next().unwrap().to_owned()
    }

    #[test]
    fn a_certain_change_is_critical() {
        use BuiltinChange::{Added, Changed, Unknown};
        for (kind, change, expected) in [
            ("function", Changed, "critical"),
            ("rule", Added, "critical"),
            ("function", Added, "high"),
            ("view", Added, "medium"),
            ("function", Unknown, "low"),
        ] {
            assert_eq!(severity(&changed(kind, change, "function f()")), expected, "{kind} {change:?}");
        }
        assert_eq!(severity(&newer(changed("function", Changed, "function f()"))), "medium");
        let sold = changed("function", Changed, "function f()");
        let sold = sold.manifest(|desired| desired.platform = Platform::named("rds"));
        assert_eq!(severity(&sold), "low");
    }

    #[test]
    fn a_difference_of_all_databases_is_reported_once() {
        let shared = changed("membership", BuiltinChange::Added, "role pg_monitor");
        assert_eq!(
            shared.found(),
            ["critical | redefined-builtin | - | PUBLIC | - | memberships of role pg_monitor"]
        );
        assert_eq!(changed("function", BuiltinChange::Changed, "function f()").found().len(), 2);
    }

    #[test]
    fn unnamed_items_are_counted() {
        let more = |unnamed| healthy().inside("red_db", |catalog| catalog.builtins.unnamed = unnamed).found();
        let line = "medium | redefined-builtin | red | PUBLIC | red_db | further objects of the server";
        assert_eq!(more(3), [line]);
        assert_eq!(more(0), NOTHING);
    }
}
