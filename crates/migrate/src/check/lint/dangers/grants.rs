//! Rules about privileges that a service's migration gives to others.

use martydb_model::RoleKind;
use martydb_model::contract::{ObjectClass, allowed};
use squawk_syntax::SyntaxKind::*;

use super::case::DangerCase;
use crate::check::lint::objects::written_name;

/// Returns the roles to which a statement grants something.
fn grantees(case: &DangerCase<'_>) -> Vec<String> {
    let grants = match case.node.kind() {
        GRANT => Some(case.node.clone()),
        ALTER_DEFAULT_PRIVILEGES => case.node.children().find(|node| node.kind() == GRANT_DEFAULT_PRIVILEGES),
        _ => None,
    };
    let lists =
        grants.into_iter().flat_map(|grant| grant.children()).filter(|node| node.kind() == ROLE_REF_LIST);
    let roles = lists.flat_map(|list| list.children().collect::<Vec<_>>());
    roles.filter_map(|role| written_name(&role)).map(|name| name.name).collect()
}

pub(crate) fn to_other_service(case: &DangerCase<'_>) -> Option<String> {
    grantees(case).iter().find_map(|role| {
        let service = case.rules.roles.other_service(role)?;
        Some(format!("{role} is a role of the service {service}: `apply` revokes the grant"))
    })
}

pub(crate) fn to_public(case: &DangerCase<'_>) -> Option<String> {
    let is_public = grantees(case).iter().any(|role| role == "public");
    is_public.then(|| "PUBLIC is every role of the server: `apply` revokes the grant".into())
}

/// Keywords of the kinds of objects in GRANT, in the singular and the plural (`ALL TABLES IN SCHEMA`, default privileges); without
/// one it is a table (<https://www.postgresql.org/docs/current/sql-grant.html>).
const CLASSES: &[(ObjectClass, &[&str])] = &[
    (ObjectClass::Table, &["table", "tables"]),
    (ObjectClass::Sequence, &["sequence", "sequences"]),
    (ObjectClass::Function, &["function", "functions", "procedure", "procedures", "routine", "routines"]),
    (ObjectClass::Schema, &["schema", "schemas"]),
    (ObjectClass::Database, &["database"]),
    (ObjectClass::Type, &["type", "types", "domain"]),
    (ObjectClass::Other, &["foreign", "language", "large", "parameter", "tablespace"]),
];

pub(crate) fn beyond_role(case: &DangerCase<'_>) -> Option<String> {
    let words = &case.statement.words;
    let from = words.iter().position(|word| word == "grant")? + 1;
    let on = from + words[from..].iter().position(|word| word == "on")?;
    let word = words[on + 1..].iter().find(|word| *word != "all")?;
    let class =
        CLASSES.iter().find(|row| row.1.contains(&word.as_str())).map_or(ObjectClass::Table, |row| row.0);
    let granted = words[from..on].iter().filter(|word| *word != "privileges");
    grantees(case).iter().find_map(|role| {
        let kind = *case.rules.roles.kinds.get(role).filter(|kind| **kind != RoleKind::Owner)?;
        let is_allowed =
            |name: &str| allowed(kind, class).iter().any(|one| one.name().eq_ignore_ascii_case(name));
        let privilege = granted.clone().find(|name| !is_allowed(name)).map(|name| name.to_uppercase());
        let beyond =
            privilege.or_else(|| case.says(&["grant", "option"]).then(|| "a grant option".into()))?;
        Some(format!("{role}, the service's {}, may not hold {beyond}: `apply` revokes it", kind.key()))
    })
}
