//! Relations that lend their owner's privileges: views, materialized views, and tables with rules.

use super::context::Database;
use crate::audit::context::AuditSubject;
use martydb_catalog::{CatalogObject, ReadRelation};
use martydb_model::AclEntry;
use martydb_model::findings::Severity::{High, Low, Medium};
use martydb_model::findings::{DEFINER_VIEW, FindingBuilder, PUBLIC};
use martydb_model::grants::revoke;

const PRIVILEGES: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Kinds of relations in [`CatalogObject::reads`].
const RELATIONS: &[&str] = &["table", "view"];

pub fn judge(db: &Database<'_>, item: &CatalogObject, out: &mut Vec<FindingBuilder>) {
    let verb = match item.kind.as_str() {
        "view" | "materialized view" => "reads",
        // A rule acts with the privileges of its table's owner.
        "table" if item.rules => "fires rules of",
        _ => return,
    };
    if item.is_invoker() || db.audit.managed(&item.owner).is_some() {
        return;
    }
    let users = readers(db, item).into_iter();
    for (user, entry, of) in users.filter(|(user, ..)| !db.is_elsewhere(item, user)) {
        let seen = format!("{user} {verb} {} with the privileges of {}", item.object(), item.owner);
        let severity = match (db.service.is_some(), db.is_given(user)) {
            _ if entry.privilege == "SELECT" && gives_nothing(db, item, user) => Low,
            // Whatever it reads is in this database, and only its own service's logins read through it.
            (true, _) if db.is_own(user) && db.audit.is_powerless(&item.owner) => Low,
            (true, _) => High,
            (false, true) => Low,
            (false, false) => db.severity(user).min(Medium),
        };
        let found = DEFINER_VIEW.of(user).at(severity).about(db, item).evidence(seen);
        out.push(found.fix(revoke(entry, of.column.as_deref(), &of.securable())));
    }
}

/// Returns `true` for a view of nothing but relations that the role reads without it.
pub fn gives_nothing(db: &Database<'_>, view: &CatalogObject, user: &str) -> bool {
    let objects = || db.catalog.objects.iter();
    let may = |item: &CatalogObject, privilege| {
        let callers = db.audit.callers(item, privilege);
        callers.contains(&user) || callers.contains(&PUBLIC)
    };
    let reads = |relation: &ReadRelation| {
        let is_schema = |item: &&CatalogObject| item.kind == "schema" && item.name == relation.schema;
        let is_it =
            |item: &&CatalogObject| item.shown == relation.shown && RELATIONS.contains(&item.kind.as_str());
        objects().find(is_schema).is_some_and(|schema| may(schema, "USAGE"))
            && (relation.everybody || objects().find(is_it).is_some_and(|table| may(table, "SELECT")))
    };
    view.reads.as_ref().is_some_and(|relations| relations.iter().all(reads))
}

/// Returns the roles that can use a relation, or a single column of it, each with the first entry that allows it.
fn readers<'a>(db: &Database<'a>, item: &CatalogObject) -> Vec<(&'a str, &'a AclEntry, &'a CatalogObject)> {
    let is_part = |other: &&CatalogObject| {
        other.shown == item.shown
            || other.kind == "column" && other.schema == item.schema && other.name == item.name
    };
    let parts = db.catalog.objects.iter().filter(is_part);
    let entries = parts.flat_map(|part| part.acl.iter().map(move |entry| (entry, part)));
    let due = entries.filter(|(entry, _)| PRIVILEGES.contains(&entry.privilege.as_str()));
    let mut users: Vec<_> = due
        .flat_map(|(entry, part)| db.audit.users_of(entry).into_iter().map(move |user| (user, entry, part)))
        .collect();
    // A privilege to write weighs more than SELECT.
    users.sort_by_key(|(user, entry, _)| (*user, entry.privilege == "SELECT"));
    users.dedup_by_key(|(user, ..)| *user);
    users
}
