//! Rules about privileges that a service's migration gives to others.

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
