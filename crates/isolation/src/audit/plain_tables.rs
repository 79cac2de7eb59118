//! Tables of superusers whose rows are their own and nothing more: who reads them reaches nothing else.

use super::context::Database;
use super::reach::is_lever;
use super::roles::RoleClass;
use martydb_catalog::{CatalogObject, PrivilegedRelation};

/// Returns the superuser's table of this name if row security hides none of its rows, none comes from another server, and
/// none is the verifier of a password or controls an extension.
pub(crate) fn plain_table<'d>(db: &'d Database<'_>, shown: &str) -> Option<&'d CatalogObject> {
    let catalog = &db.catalog.privileged;
    let found = db.catalog.objects.iter().find(|item| {
        item.kind == "table" && item.column.is_none() && item.display == shown && item.is_users()
    })?;
    let is_trusted = db.audit.class_of(&found.owner) == RoleClass::Trusted;
    let hides = catalog.policies.iter().any(|found| found.table == shown);
    let is_copy = || db.catalog.texts.copies.iter().any(|copy| copy.table == found.object());
    let leads_out = || leads_out(&catalog.relations, shown);
    (is_trusted && !hides && !is_lever(shown) && !is_copy() && !leads_out()).then_some(found)
}

pub(crate) fn is_plain(db: &Database<'_>, shown: &str) -> bool {
    plain_table(db, shown).is_some()
}

/// Returns `true` for a table with row security, or with rows of another server among its own.
fn leads_out(relations: &[PrivilegedRelation], shown: &str) -> bool {
    let Some(found) = relations.iter().find(|relation| relation.display == shown) else { return false };
    // Tables do not inherit in a circle.
    found.row_security
        || found.wrapper.is_some()
        || found.children.iter().any(|child| leads_out(relations, child))
}
