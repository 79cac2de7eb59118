//! Dead privileges: unmanaged grants that remain and that no login can use after the plan.

use super::access_after::{AccessAfter, PrivilegeHolder, names};
use crate::action::Action;
use crate::object::Object;
use crate::step::Step;
use martydb_model::Grantee;
use martydb_model::contract::Privilege;

/// Returns an addition to the reason of a step that revokes it; `None` if a login can use the privilege, or
/// none has it.
pub(crate) fn why(access_after: &AccessAfter<'_>, step: &Step) -> Option<String> {
    let database = step.database.as_ref()?;
    let (from, on) = match &step.action {
        Action::Revoke { on: Object::Database(_), privileges, .. }
            if privileges.contains(Privilege::Connect) =>
        {
            return None;
        }
        Action::Revoke { on, from: Grantee::Role(from), only_option: false, .. } => (from, Some(on)),
        Action::RevokeDefault { from: Grantee::Role(from), only_option: false, .. } => (from, None),
        _ => return None,
    };
    let holders: Vec<&PrivilegeHolder<'_>> = access_after.through(from).collect();
    let schema = on.and_then(|on| access_after.schema_of(database, on));
    let uses = |holder: &&&PrivilegeHolder<'_>| {
        schema.is_none_or(|schema| access_after.can_use(holder, database, schema))
    };
    let inside: Vec<&PrivilegeHolder<'_>> =
        holders.iter().copied().filter(|holder| access_after.can_connect(holder, database)).collect();
    match (holders.as_slice(), inside.as_slice(), schema) {
        ([], ..) => None,
        (all, [], _) => Some(format!("; dead: {} cannot connect to {database}", names(all))),
        (_, some, Some(schema)) if !some.iter().any(|holder| uses(&holder)) => {
            Some(format!("; dead: {} cannot use schema {schema}", names(some)))
        }
        _ => None,
    }
}
