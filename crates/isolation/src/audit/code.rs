//! Functions that run with another role's privileges, or in a language that PostgreSQL does not confine.

mod bounded;
mod by_name;
mod lent;
pub(super) mod plain_tables;
mod row_security;
mod search_path;
mod searched;
#[cfg(test)]
mod tests;
mod triggers;
mod verifiers;

use super::context::{Audit, Database};
use super::definer_views;
use super::reach::{computes, is_out_of_reach, pieces, read_body};
use super::roles::RoleClass;
use crate::audit::context::AuditSubject;
use martydb_catalog::CatalogObject;
use martydb_model::findings::Severity::{Critical, Low, Medium};
use martydb_model::findings::{
    DEFINER_SUPERUSER, FindingBuilder, FindingKind, LEAKPROOF, PUBLIC, SHADOW, UNTRUSTED_FUNCTION,
};
use martydb_model::grants::{Repair, RepairScope, revoke};
use martydb_model::sql::{ServerText, Statement, stmt};
use martydb_model::{RoleKind, SERVE_SCHEMA, WriteCounter};

pub(crate) use verifiers::verifier_readers;

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for db in audit.databases() {
        for item in &db.catalog.objects {
            if item.is_definer_builtin() {
                definer_builtin(&db, item, out);
            } else if item.is_users() && item.is_routine() {
                routine(&db, item, out);
                out.extend(leakproof(&db, item));
            } else if item.is_users() {
                definer_views::judge(&db, item, out);
            }
        }
        triggers::judge(&db, out);
        row_security::judge(&db, out);
    }
}

/// Returns `true` for a SECURITY DEFINER function that gives its callers nothing: by its text or its place.
pub(crate) fn gives_nothing(db: &Database<'_>, item: &CatalogObject) -> bool {
    item.is_routine()
        && item.definer
        && (is_bounded(db, item) || is_out_of_reach(db, item) || is_local(db, item))
}

/// Returns `true` for a SECURITY DEFINER function whose text gives its callers nothing.
pub(crate) fn is_bounded(db: &Database<'_>, item: &CatalogObject) -> bool {
    item.is_routine() && item.definer && bounded::purpose(db, item).is_some()
}

fn routine(db: &Database<'_>, item: &CatalogObject, out: &mut Vec<FindingBuilder>) {
    let lends = item.definer && db.audit.managed(&item.owner).is_none() && !is_write_counter(db, item);
    // Only the server can call a trigger's function. The effect of a service's own triggers on a login is a
    // matter of `reach`; the library of a C function is loaded anyway.
    let uncallable = is_hook(item) || item.is_trigger_function() && !item.is_unconfined();
    let mut users = if uncallable { vec![] } else { db.audit.callers(item, "EXECUTE") };
    let purpose = if lends { bounded::purpose(db, item) } else { None };
    let hidden = is_out_of_reach(db, item);
    let is_local = is_local(db, item);
    let of_service = |user: &str| user == PUBLIC || db.is_own(user);
    for user in users.iter().filter(|user| !db.is_elsewhere(item, user)) {
        // Fixed by revoking EXECUTE from the user if an entry grants it.
        let callable = |kind: &FindingKind, what: &str| {
            let repair = db.audit.entry_for(item, user).map(|entry| revoke(entry, None, &item.securable()));
            let seen = format!("{user} can call {}, {what}", item.object());
            let severity = if hidden { Low } else { db.severity(user) };
            kind.of(*user).at(severity).about(db, item).evidence(seen).fix(repair)
        };
        if item.is_unconfined() {
            let what = if item.is_aggregate() {
                format!("an aggregate of functions that {} may call and PUBLIC may not", item.owner)
            } else {
                format!("which is written in {}", item.language.as_deref().unwrap_or("an unknown language"))
            };
            out.push(callable(UNTRUSTED_FUNCTION, &what));
        }
        if lends && *user != item.owner {
            let by_name = if db.is_granted_by_name(user) { by_name::purpose(db, item) } else { None };
            let does = and_purpose(purpose.as_deref().or(by_name));
            let what = format!("which runs with the privileges of {}{does}{}", item.owner, left_open(item));
            let found = callable(DEFINER_SUPERUSER, &what);
            // A search path that misleads it is a finding of its own.
            let gives_nothing =
                purpose.is_some() || by_name.is_some() || hidden || is_local && of_service(user);
            out.push(if gives_nothing {
                found.at(Low)
            } else if *user == PUBLIC && db.is_entered() && verifiers::reads(db, item) {
                // The passwords of all services' logins are among them.
                found.at(Critical)
            } else {
                found
            });
        }
    }
    lent::judge(db, item, &users, out);
    let writer = writer(db, item);
    if let Some(writer) = writer.filter(|_| lends && users.is_empty()) {
        out.push(fired(db, item, writer, purpose.as_deref()));
    }
    users.extend(writer);
    search_path::judge(db, item, &users, out);
    if item.shadows {
        let seen = format!("{} has the name and arguments of a function of the server", item.object());
        out.push(SHADOW.of(item.owner.as_str()).about(db, item).evidence(seen));
    }
}

/// Returns `true` if a role that has nothing but what it owns owns a function in the database of a service.
fn is_local(db: &Database<'_>, item: &CatalogObject) -> bool {
    db.service.is_some() && !item.is_unconfined() && db.audit.is_bare(&item.owner, db.catalog)
}

/// Returns the login of the service for whose work the server calls a function without checking EXECUTE.
fn writer<'a>(db: &Database<'a>, item: &CatalogObject) -> Option<&'a str> {
    // A role that creates objects may fetch from a cursor that an event trigger leaves open.
    let kind = if is_hook(item) && item.cursor { RoleKind::Migrator } else { RoleKind::App };
    db.service.filter(|_| item.called).map(|service| service.role(kind).as_str())
}

fn is_hook(item: &CatalogObject) -> bool {
    item.returns.as_deref() == Some("event_trigger")
}

/// Reports a function that the server calls for the work of a login.
fn fired(db: &Database<'_>, item: &CatalogObject, writer: &str, purpose: Option<&str>) -> FindingBuilder {
    let hook = is_hook(item);
    let seen = format!(
        "{} runs with the privileges of {} when {writer} {}{}{}",
        item.object(),
        item.owner,
        if hook { "creates an object" } else { "writes" },
        and_purpose(purpose),
        left_open(item)
    );
    // The rows of a cursor are as good as returned, and what else it does with rows is unknown here; an event trigger gets
    // none.
    let severity = match item.cursor {
        _ if purpose.is_some() => Low,
        true => db.severity(writer),
        false if hook || db.audit.is_powerless(&item.owner) => Low,
        false => Medium,
    };
    let found = DEFINER_SUPERUSER.of(writer).at(severity).about(db, item).evidence(seen);
    // Its purpose is unknown here.
    found.fix(altered(item, stmt!("SECURITY INVOKER")).map(Repair::in_use))
}

fn and_purpose(purpose: Option<&str>) -> String {
    purpose.map_or_else(String::new, |purpose| format!(" and {purpose}"))
}

fn left_open(item: &CatalogObject) -> &'static str {
    if item.cursor { ", and may leave a cursor open, whose rows its caller can fetch" } else { "" }
}

/// Returns `true` for a function as `apply` makes it, by which the data service notices writes: it counts, and does nothing else.
fn is_write_counter(db: &Database<'_>, item: &CatalogObject) -> bool {
    let counter = WriteCounter::named(&item.name).filter(|counter| counter.function() == item.name);
    let is_pinned = |config: &[String]| matches!(config, [only] if only == "search_path=pg_catalog, pg_temp");
    item.schema.as_deref() == Some(SERVE_SCHEMA)
        && item.language.as_deref() == Some("plpgsql")
        && item.config.as_deref().is_some_and(is_pinned)
        && counter.is_some_and(|counter| item.source.as_deref() == Some(&counter.source()))
        && db.audit.actual.is_admins(&item.owner, db.audit.desired)
}

/// Reports a LEAKPROOF function of a role that is not a superuser, or whose body may tell of its arguments: the planner passes it
/// rows that its caller may not see. <https://www.postgresql.org/docs/current/sql-createfunction.html>
fn leakproof(db: &Database<'_>, item: &CatalogObject) -> Option<FindingBuilder> {
    let trusted = db.audit.class_of(&item.owner) == RoleClass::Trusted;
    let is_compiled = item.language.as_deref().is_none_or(|language| ["c", "internal"].contains(&language));
    if !item.leakproof || trusted && (is_compiled || item.extension.is_some() || tells_nothing(db, item)) {
        return None;
    }
    let seen = format!(
        "{} of {} is marked LEAKPROOF: it gets rows that row security and security_barrier views hide",
        item.object(),
        item.owner
    );
    let user = if trusted { *db.audit.callers(item, "EXECUTE").first()? } else { item.owner.as_str() };
    let hides =
        db.catalog.objects.iter().any(|item| item.query.is_some()) || row_security::hides_rows_of_others(db);
    let severity = match trusted {
        true if hides => Medium,
        false if db.service.is_some() || db.is_visited() => Medium,
        _ => Low,
    };
    let found = LEAKPROOF.of(user).at(severity).about(db, item).evidence(seen);
    Some(found.fix(altered(item, stmt!("NOT LEAKPROOF"))))
}

/// Returns `true` for a function that computes from its arguments, and neither writes nor raises a message of its own.
fn tells_nothing(db: &Database<'_>, item: &CatalogObject) -> bool {
    db.catalog.privileged.body_of(&item.display).is_some_and(|body| {
        let text = read_body(&body.text, body.language == "plpgsql");
        let raises = pieces(&body.text).iter().any(|word| word.is_any(&["raise", "notify"]));
        !raises
            && !text.executes
            && text.writes.is_empty()
            && text.reads.is_empty()
            && text.calls.iter().all(computes)
    })
}

/// Reports a function of the server or of an extension that runs with a superuser's privileges for its caller.
fn definer_builtin(db: &Database<'_>, item: &CatalogObject, out: &mut Vec<FindingBuilder>) {
    if item.is_trigger_function() {
        return;
    }
    for user in db.audit.callers(item, "EXECUTE") {
        let seen =
            format!("{user} can call {}, which runs with the privileges of {}", item.object(), item.owner);
        let found = DEFINER_SUPERUSER.of(user).at(db.severity(user)).about(db, item).evidence(seen);
        out.push(found.fix(altered(item, stmt!("SECURITY INVOKER"))));
    }
}

/// Returns the change, except for a member of an extension, which is never edited: its other members rely on it.
fn altered(item: &CatalogObject, to: Statement) -> Option<Repair> {
    let what = ServerText::quoted_by_server(item.alter.clone().filter(|_| item.extension.is_none())?);
    Some(Repair::alter(RepairScope::Database, stmt!("ALTER {what} {to}")))
}
