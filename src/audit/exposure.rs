//! Who can use code that runs with another role's privileges, and how bad that is.

use super::context::{Audit, Database};
use super::roles::RoleClass;
use crate::catalog::CatalogObject;
use crate::findings::PUBLIC;
use crate::findings::Severity::{self, Critical, High, Low, Medium};

/// PUBLIC, services' roles and unmanaged logins that can use a privilege on an object, its owner's included.
pub fn callers<'a>(audit: &Audit<'a>, item: &'a CatalogObject, privilege: &str) -> Vec<&'a str> {
    let entries = item.acl.iter().filter(|entry| entry.privilege == privilege);
    let mut users: Vec<&str> = entries.flat_map(|entry| audit.users_of(entry)).collect();
    users.extend(audit.actors(&item.owner));
    users.sort_unstable();
    users.dedup();
    users
}

/// How bad it is that a user can call what has a superuser's power.
pub fn severity(audit: &Audit<'_>, db: &Database<'_>, user: &str) -> Severity {
    match user {
        PUBLIC if db.service.is_some() || is_visited(audit, db) => Critical,
        // No login can connect today; every database that is made from the template has it.
        PUBLIC if db.name == "template1" => High,
        // Unmanaged logins that were given access there: no service is behind it before they do more.
        PUBLIC => Low,
        _ if db.service.is_some() && audit.managed(user).is_some() => Critical,
        _ if audit.user_can_connect(user, db.name) => Critical,
        _ => Medium,
    }
}

/// Whether a service's login can connect.
pub fn is_visited(audit: &Audit<'_>, db: &Database<'_>) -> bool {
    audit.roles.all_managed().any(|(role, ..)| audit.can_connect(role, db.name))
}

/// Whether an unmanaged login can connect.
pub fn is_entered(audit: &Audit<'_>, db: &Database<'_>) -> bool {
    audit.roles.unmanaged_logins().any(|role| audit.can_connect(role, db.name))
}

/// What unmanaged roles lend each other in a database of their own.
pub fn is_elsewhere(audit: &Audit<'_>, db: &Database<'_>, item: &CatalogObject, user: &str) -> bool {
    let among_them =
        is_given(audit, db, user) || user == PUBLIC && db.service.is_none() && !is_visited(audit, db);
    among_them && matches!(audit.class_of(&item.owner), RoleClass::Unmanaged | RoleClass::Predefined)
}

/// Whether it was granted by name to a login that is no service's, in a database of no service: a pooler's, say.
pub fn is_given(audit: &Audit<'_>, db: &Database<'_>, user: &str) -> bool {
    db.service.is_none() && user != PUBLIC && audit.managed(user).is_none()
}
