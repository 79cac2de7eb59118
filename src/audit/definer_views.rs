//! Relations that lend their owner's privileges: views, materialised views, and tables with rules.

use super::context::{Audit, Database};
use super::exposure::{self, is_elsewhere, is_given};
use crate::catalog::CatalogObject;
use crate::findings::Severity::{High, Low, Medium};
use crate::findings::{DEFINER_VIEW, FindingBuilder};
use crate::grants::revoke;
use crate::model::AclEntry;

const PRIVILEGES: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];

const INVOKER: &[&str] = &["security_invoker=true", "security_invoker=on", "security_invoker=1"];

pub fn view(audit: &Audit<'_>, db: &Database<'_>, item: &CatalogObject, out: &mut Vec<FindingBuilder>) {
    if !item.options.iter().flatten().any(|option| INVOKER.contains(&option.as_str())) {
        lent(audit, db, item, "reads", out);
    }
}

/// A rule acts with the privileges of its table's owner.
pub fn rules(audit: &Audit<'_>, db: &Database<'_>, item: &CatalogObject, out: &mut Vec<FindingBuilder>) {
    lent(audit, db, item, "sets off rules of", out);
}

fn lent(
    audit: &Audit<'_>,
    db: &Database<'_>,
    item: &CatalogObject,
    verb: &str,
    out: &mut Vec<FindingBuilder>,
) {
    if audit.managed(&item.owner).is_some() {
        return;
    }
    let users = readers(audit, db, item).into_iter();
    for (user, entry, of) in users.filter(|(user, ..)| !is_elsewhere(audit, db, item, user)) {
        let seen = format!("{user} {verb} {} with the privileges of {}", item.object(), item.owner);
        let severity = match (db.service.is_some(), is_given(audit, db, user)) {
            (true, _) => High,
            (false, true) => Low,
            (false, false) => exposure::severity(audit, db, user).min(Medium),
        };
        let found = DEFINER_VIEW.of(user).at(severity).inside(db).object(item.object()).seen(seen);
        out.push(found.fix(revoke(entry, of.column.as_deref(), &of.securable())));
    }
}

/// The roles that can use a relation, or a single column of it, each with the first entry that lets it.
fn readers<'a>(
    audit: &Audit<'a>,
    db: &'a Database<'_>,
    item: &'a CatalogObject,
) -> Vec<(&'a str, &'a AclEntry, &'a CatalogObject)> {
    let is_part = |other: &&CatalogObject| {
        other.shown == item.shown
            || other.kind == "column" && other.schema == item.schema && other.name == item.name
    };
    let parts = db.catalog.objects.iter().filter(is_part);
    let entries = parts.flat_map(|part| part.acl.iter().map(move |entry| (entry, part)));
    let due = entries.filter(|(entry, _)| PRIVILEGES.contains(&entry.privilege.as_str()));
    let mut users: Vec<_> = due
        .flat_map(|(entry, part)| audit.users_of(entry).into_iter().map(move |user| (user, entry, part)))
        .collect();
    users.sort_by_key(|(user, ..)| *user);
    users.dedup_by_key(|(user, ..)| *user);
    users
}
