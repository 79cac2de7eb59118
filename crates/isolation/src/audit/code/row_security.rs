//! Row security that does not tell its users apart: policies that read what these can change, and ways around them.
//!
//! In a table that only the logins of one service use, this is a note: they are one party.
//! <https://www.postgresql.org/docs/current/ddl-rowsecurity.html>

use std::collections::BTreeSet;

use crate::audit::context::{AuditSubject, Database};
use crate::audit::roles::RoleClass;
use martydb_catalog::{CatalogObject, RowSecurity};
use martydb_model::findings::Severity::{Low, Medium};
use martydb_model::findings::{FindingBuilder, PUBLIC, ROW_POLICY};
use martydb_model::units::listed;

/// Settings that a session changes only to what it is allowed.
const OF_SESSION: &[&str] = &["role", "session_authorization"];

pub(crate) fn judge(db: &Database<'_>, out: &mut Vec<FindingBuilder>) {
    out.extend(db.catalog.privileged.policies.iter().filter_map(|found| weak(db, found)));
}

fn weak(db: &Database<'_>, found: &RowSecurity) -> Option<FindingBuilder> {
    let item = relation(db, &found.table)?;
    let users = users(db, item, &["SELECT", "INSERT", "UPDATE", "DELETE"]);
    let user = *users.first()?;
    let ways = ways(db, found, item, &users);
    if ways.is_empty() {
        return None;
    }
    let severity = if is_shared(db, item, &users) { Medium } else { Low };
    let seen =
        format!("row security of {} does not tell its users apart: {}", item.object(), ways.join("; "));
    Some(ROW_POLICY.of(user).at(severity).about(db, item).evidence(seen))
}

fn ways(db: &Database<'_>, found: &RowSecurity, item: &CatalogObject, users: &BTreeSet<&str>) -> Vec<String> {
    let changeable = &db.audit.snapshot.state.parameters.user_settings;
    let is_set = |name: &&String| {
        !OF_SESSION.contains(&name.as_str()) && (name.contains('.') || changeable.contains(name))
    };
    let named = |names: Vec<&String>| listed(&names.into_iter().map(String::as_str).collect::<Vec<_>>());
    let settings: Vec<_> = found.settings.iter().filter(is_set).collect();
    let used = |privileges: &'static [&'static str]| {
        move |shown: &&String| {
            let others =
                relation(db, shown).map_or_else(BTreeSet::new, |other| self::users(db, other, privileges));
            others.iter().any(|user| users.contains(user))
        }
    };
    let reads: Vec<_> = found.reads.iter().filter(used(&["INSERT", "UPDATE", "DELETE"])).collect();
    let leaves: Vec<_> =
        found.leaves.iter().filter(used(&["SELECT", "INSERT", "UPDATE", "DELETE"])).collect();
    let is_party = |owner: &str| {
        let service = db.audit.service_of_role(owner);
        let is_theirs = |user: &&str| service.is_some() && db.audit.is_of(user, service);
        owner != item.owner
            && (db.audit.actors(owner).iter().any(|user| users.contains(user)) || users.iter().any(is_theirs))
    };
    let replaced: Vec<_> =
        found.calls.iter().filter(|call| is_party(&call.owner)).map(|call| &call.function).collect();
    let truncates = !users_of(item, "TRUNCATE", db).is_empty();
    [
        (!settings.is_empty()).then(|| format!("every session sets {}", named(settings))),
        (!replaced.is_empty())
            .then(|| format!("its policies call {}, which they may replace", named(replaced))),
        (!reads.is_empty()).then(|| format!("its policies read {}, to which they may write", named(reads))),
        (!leaves.is_empty()).then(|| format!("{} has none, and they may use it", named(leaves))),
        (!found.unchecked.is_empty()).then(|| {
            format!("policy {} lets them write rows of others", named(found.unchecked.iter().collect()))
        }),
        truncates.then(|| "TRUNCATE passes it".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn relation<'a>(db: &Database<'a>, shown: &str) -> Option<&'a CatalogObject> {
    let mut all = db.catalog.objects.iter();
    all.find(|item| item.kind == "table" && item.column.is_none() && item.display == shown)
}

fn users<'a>(db: &Database<'a>, item: &CatalogObject, privileges: &[&str]) -> BTreeSet<&'a str> {
    privileges.iter().flat_map(|privilege| users_of(item, privilege, db)).collect()
}

/// Returns the roles that hold a privilege and can connect, without those that pass row security: the owner, and who acts as it.
fn users_of<'a>(item: &CatalogObject, privilege: &str, db: &Database<'a>) -> Vec<&'a str> {
    let owners = db.audit.actors(&item.owner);
    let mut users = db.audit.callers(item, privilege);
    users.retain(|user| {
        let enters = *user == PUBLIC || db.is_own(user) || db.audit.user_can_connect(user, db.name);
        *user != item.owner && !owners.contains(user) && enters
    });
    users
}

/// Returns `true` if the rows belong to more than one party: a table of a superuser, or one that logins of several
/// services, or of none, use.
fn is_shared(db: &Database<'_>, item: &CatalogObject, users: &BTreeSet<&str>) -> bool {
    let strangers = users.iter().any(|user| match *user {
        PUBLIC => db.is_entered(),
        user => !db.is_own(user),
    });
    strangers || db.audit.class_of(&item.owner) == RoleClass::Trusted
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::audit::testing::{NOTHING, Server, assert_finds, healthy, row};

    /// A table with row security, of a superuser or of the service, that `red_app` reads.
    fn table(owner: &str, change: impl FnOnce(&mut Value)) -> Server {
        let mut found = json!({ "table": "public.token", "settings": null, "calls": null, "unchecked": null, "reads": null, "leaves": null });
        change(&mut found);
        let server = healthy().object("red_db", "table", "public.token", |item| item.owner = owner.into());
        let server = server.inside("red_db", |catalog| catalog.privileged.policies.push(row(found)));
        server.grant_inside("red_db", "SELECT", "public.token", "red_app")
    }

    fn line(severity: &str, role: &str) -> String {
        format!("{severity} | weak-row-policy | red | {role} | red_db | table public.token")
    }

    fn policies(server: &Server) -> Vec<String> {
        server.found().into_iter().filter(|line| line.contains("weak-row-policy")).collect()
    }

    #[test]
    fn a_setting_that_every_session_changes_tells_nobody_apart() {
        let reads = |owner: &str, setting: &str| table(owner, |found| found["settings"] = json!([setting]));
        assert_finds(&reads("postgres", "platform.service"), &line("medium", "red_app"));
        assert_finds(&reads("red_owner", "platform.service"), &line("low", "red_app"));
        assert_eq!(policies(&reads("postgres", "role")), NOTHING);
        assert_eq!(policies(&reads("postgres", "server_version")), NOTHING);
        let shared = reads("red_owner", "a.b").unmanaged("ghost").grant("CONNECT", "red_db", "ghost");
        let shared = shared.grant_inside("red_db", "SELECT", "public.token", "ghost");
        assert_finds(&shared, &line("medium", "ghost"));
    }

    #[test]
    fn rows_partitions_and_checks_that_users_pass_are_named() {
        let with =
            |key: &'static str, value: &'static str| table("postgres", |found| found[key] = json!([value]));
        let other = |server: Server, privilege: &str| {
            let server =
                server.object("red_db", "table", "public.other", |item| item.owner = "postgres".into());
            server.grant_inside("red_db", privilege, "public.other", "red_app")
        };
        assert_finds(&with("unchecked", "own"), &line("medium", "red_app"));
        assert_finds(&other(with("reads", "public.other"), "UPDATE"), &line("medium", "red_app"));
        assert_finds(&other(with("leaves", "public.other"), "SELECT"), &line("medium", "red_app"));
        assert_eq!(policies(&other(with("reads", "public.other"), "SELECT")), NOTHING);
        assert_eq!(policies(&other(with("leaves", "public.other"), "TRIGGER")), NOTHING);
        let calls = |owner: &str| {
            let call = json!([{ "function": "public.f()", "owner": owner }]);
            table("postgres", |found| found["calls"] = call)
        };
        assert_finds(&calls("red_owner"), &line("medium", "red_app"));
        assert_eq!(policies(&calls("blue_owner")), NOTHING);
        let truncated =
            table("postgres", |_| {}).grant_inside("red_db", "TRUNCATE", "public.token", "red_app");
        assert_finds(&truncated, &line("medium", "red_app"));
        assert_eq!(policies(&table("postgres", |_| {})), NOTHING);
    }
}
