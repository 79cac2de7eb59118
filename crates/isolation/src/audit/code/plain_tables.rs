//! Tables of superusers whose rows are their own and nothing more: who reads them reaches nothing else, and who writes them runs
//! nothing.

use crate::audit::context::Database;
use crate::audit::reach::{Piece, UsedName, computes, is_lever, name_at, pieces, read_body};
use crate::audit::roles::RoleClass;
use martydb_catalog::{CatalogObject, PrivilegedRelation};
use martydb_model::AclEntry;
use std::collections::BTreeSet;

/// Returns the superuser's table of this name if row security hides none of its rows, none comes from another server, and
/// none is the verifier of a password or controls an extension.
pub(crate) fn plain_table<'d>(db: &'d Database<'_>, shown: &str) -> Option<&'d CatalogObject> {
    let catalog = &db.catalog.privileged;
    let found = db.catalog.objects.iter().find(|item| {
        item.kind == "table" && item.column.is_none() && item.display == shown && item.is_users()
    })?;
    let is_trusted = db.audit.class_of(&found.owner) == RoleClass::Trusted;
    let runs_nothing =
        || found.expressions.as_deref().is_some_and(|all| all.iter().all(|one| computes_only(db, one)));
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
fn computes_only(db: &Database<'_>, expression: &str) -> bool {
    // A text that was cut may go on with anything.
    if expression.chars().count() >= MOST_CHARACTERS {
        return false;
    }
    let text = read_body(expression, false);
    let is_servers = |name: &UsedName| name.schema.as_deref().is_none_or(|of| of == "pg_catalog");
    let is_known =
        |name: &UsedName| computes(name) || is_servers(name) && SEQUENCES.contains(&name.name.as_str());
    let constants = constants(&pieces(expression));
    let is_enumeration = |name: &UsedName| {
        let shown = format!("{}.{}", name.schema.as_deref().unwrap_or_default(), name.name);
        db.catalog.privileged.computing.contains(&shown)
    };
    let is_constant = |name: &UsedName| constants.contains(name) && is_enumeration(name);
    text.calls.iter().all(is_known)
        && text.reads.iter().all(|name| is_servers(name) || is_constant(name))
        && text.writes.is_empty()
}

/// Returns the types of users of which the expression has constants, and no other value.
fn constants(words: &[Piece]) -> BTreeSet<UsedName> {
    let (mut of_constants, mut of_others) = (BTreeSet::new(), BTreeSet::new());
    let is = |at: usize, byte: u8| words.get(at) == Some(&Piece::Symbol(byte));
    let mut at = 0;
    while at < words.len() {
        let Some((name, next)) = name_at(words, at) else {
            at += 1;
            continue;
        };
        let is_cast =
            at > 2 && is(at - 1, b':') && is(at - 2, b':') && matches!(words[at - 3], Piece::Text(_));
        if is_cast {
            of_constants.insert(name)
        } else {
            of_others.insert(name)
        };
        at = next;
    }
    of_constants.retain(|name| !of_others.contains(name));
    of_constants
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
