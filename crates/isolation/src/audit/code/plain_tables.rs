//! Tables of superusers whose rows are their own and nothing more: who reads them reaches nothing else, and who writes them runs
//! nothing.

use crate::audit::context::Database;
use crate::audit::reach::{UsedName, computes, is_lever, read_body};
use crate::audit::roles::RoleClass;
use martydb_catalog::{CatalogObject, PrivilegedRelation};
use martydb_model::AclEntry;

/// Returns the superuser's table of this name if row security hides none of its rows, none comes from another server, and
/// none is the verifier of a password or controls an extension.
pub(crate) fn plain_table<'d>(db: &'d Database<'_>, shown: &str) -> Option<&'d CatalogObject> {
    let catalog = &db.catalog.privileged;
    let found = db.catalog.objects.iter().find(|item| {
        item.kind == "table" && item.column.is_none() && item.display == shown && item.is_users()
    })?;
    let is_trusted = db.audit.class_of(&found.owner) == RoleClass::Trusted;
    let runs_nothing =
        || found.expressions.as_deref().is_some_and(|all| all.iter().all(|one| computes_only(one)));
    let in_own_schema = || found.schema.as_deref().is_some_and(|schema| is_superusers_schema(db, schema));
    let hides = catalog.policies.iter().any(|found| found.table == shown);
    let is_copy = || db.catalog.texts.copies.iter().any(|copy| copy.table == found.object());
    let leads_out = || leads_out(&catalog.relations, shown);
    (is_trusted && !hides && !found.mixed && !is_lever(shown) && !is_copy() && !leads_out())
        .then_some(found)
        .filter(|_| runs_nothing() && in_own_schema())
}

/// Returns `true` for a schema of a superuser in which no other role creates: what has a name in it stays what it is.
pub(crate) fn is_superusers_schema(db: &Database<'_>, name: &str) -> bool {
    let is_trusted = |role: &str| db.audit.class_of(role) == RoleClass::Trusted;
    let creates = |entry: &AclEntry| {
        entry.privilege == "CREATE" && !entry.grantee.role().is_some_and(|role| is_trusted(role.as_str()))
    };
    let mut schemas = db.catalog.privileged.schemas.iter();
    schemas.any(|found| found.name == name && is_trusted(&found.owner) && !found.acl.iter().any(creates))
}

/// Returns `true` for the expression of a default, a check, an index or a generated column that calls only functions of the server
/// that compute, and takes numbers from sequences.
fn computes_only(expression: &str) -> bool {
    // A text that was cut may go on with anything.
    if expression.chars().count() >= MOST_CHARACTERS {
        return false;
    }
    let text = read_body(expression, false);
    let is_servers = |name: &UsedName| name.schema.as_deref().is_none_or(|of| of == "pg_catalog");
    let is_known =
        |name: &UsedName| computes(name) || is_servers(name) && SEQUENCES.contains(&name.name.as_str());
    text.calls.iter().all(is_known) && text.reads.iter().all(is_servers) && text.writes.is_empty()
}

/// Length at which the catalog cuts an expression.
const MOST_CHARACTERS: usize = 2000;

/// Functions that take the next number of a sequence.
const SEQUENCES: &[&str] = &["nextval"];

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
