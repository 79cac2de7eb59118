//! Functions that run with another role's privileges, or in a language that PostgreSQL does not confine.

mod search_path;
mod triggers;

use super::context::{Audit, Database};
use super::definer_views::{rules, view};
use super::exposure::{callers, is_elsewhere, is_given, severity};
use crate::catalog::CatalogObject;
use crate::findings::Severity::{Low, Medium};
use crate::findings::{DEFINER_SUPERUSER, FindingBuilder, SHADOW, UNTRUSTED_FUNCTION};
use crate::grants::{Repair, RepairScope, revoke};
use crate::model::RoleKind;
use crate::sql::{ServerText, stmt};

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for db in audit.databases() {
        for item in &db.catalog.objects {
            match item.kind.as_str() {
                _ if item.is_definer_builtin() => definer_builtin(audit, &db, item, out),
                _ if !item.is_users() => {}
                "view" | "materialized view" => view(audit, &db, item, out),
                "table" if item.rules => rules(audit, &db, item, out),
                _ if item.is_routine() => routine(audit, &db, item, out),
                _ => {}
            }
        }
        triggers::judge(audit, &db, out);
    }
}

/// A finding that a user can call the function, closed by taking EXECUTE from the user where an entry gives it.
fn callable(
    audit: &Audit<'_>,
    db: &Database<'_>,
    item: &CatalogObject,
    found: FindingBuilder,
    user: &str,
    what: &str,
) -> FindingBuilder {
    let entry = item.acl.iter().find(|entry| audit.users_of(entry).contains(&user));
    found
        .at(severity(audit, db, user))
        .inside(db)
        .object(item.object())
        .seen(format!("{user} can call {}, {what}", item.object()))
        .fix(entry.map(|entry| revoke(entry, None, &item.securable())))
}

fn routine(audit: &Audit<'_>, db: &Database<'_>, item: &CatalogObject, out: &mut Vec<FindingBuilder>) {
    let lends = item.definer && audit.managed(&item.owner).is_none();
    // Only the server can call a function that returns event_trigger.
    let hook = item.returns.as_deref() == Some("event_trigger");
    let mut users = if hook { vec![] } else { callers(audit, item, "EXECUTE") };
    for user in users.iter().filter(|user| !is_elsewhere(audit, db, item, user)) {
        if item.is_unconfined() {
            let what = if item.is_aggregate() {
                format!("an aggregate that calls what {} may call and PUBLIC may not", item.owner)
            } else {
                format!("which is written in {}", item.language.as_deref().unwrap_or("an unknown language"))
            };
            out.push(callable(audit, db, item, UNTRUSTED_FUNCTION.of(*user), user, &what));
        }
        if lends && *user != item.owner {
            let what = format!("which runs with the privileges of {}", item.owner);
            let found = callable(audit, db, item, DEFINER_SUPERUSER.of(*user), user, &what);
            // Whether it can be misled is a finding of its own.
            out.push(if is_given(audit, db, user) { found.at(Low) } else { found });
        }
    }
    let writer = db.service.filter(|_| item.called).map(|service| service.role(RoleKind::App).as_str());
    if let Some(writer) = writer.filter(|_| lends && users.is_empty()) {
        let seen =
            format!("{} runs with the privileges of {} when {writer} writes", item.object(), item.owner);
        // What it does with the rows that it gets is not known here; an event trigger gets none.
        let severity = if hook { Low } else { Medium };
        out.push(DEFINER_SUPERUSER.of(writer).at(severity).inside(db).object(item.object()).seen(seen));
    }
    users.extend(writer);
    search_path::judge(audit, db, item, &users, out);
    if item.shadows {
        let seen = format!("{} has the name and arguments of a function of the server", item.object());
        out.push(SHADOW.of(item.owner.as_str()).inside(db).object(item.object()).seen(seen));
    }
}

/// A function of the server or of an extension that runs with a superuser's privileges for its caller.
fn definer_builtin(
    audit: &Audit<'_>,
    db: &Database<'_>,
    item: &CatalogObject,
    out: &mut Vec<FindingBuilder>,
) {
    for user in callers(audit, item, "EXECUTE") {
        let seen =
            format!("{user} can call {}, which runs with the privileges of {}", item.object(), item.owner);
        let what = ServerText::quoted_by_server(item.alter.clone().unwrap_or_default());
        let invoker = stmt!("ALTER {what} SECURITY INVOKER", what = what);
        let found = DEFINER_SUPERUSER.of(user).at(severity(audit, db, user)).inside(db).object(item.object());
        out.push(found.seen(seen).fix(Repair::alter(RepairScope::Database, invoker)));
    }
}
