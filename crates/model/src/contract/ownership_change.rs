//! Change of ownership: conditions under which the service's owner takes over an object from a login of a service.
//! The object's code must not gain privileges for its author.

use super::{acts_as_owner, managed};
use crate::{ActualServer, DesiredServer, DesiredService, ObjectKind, RoleName};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnershipChange {
    /// No code, or none that runs with its owner's privileges.
    AsIs,
    /// The code is first set to run with its caller's privileges, which is what its author had.
    AsCaller,
    /// A person must read the code and run ALTER … OWNER.
    ByHand,
}

/// Decides the ownership change of an object that a service's login wrote. `lends` is set if code of such a login
/// runs with the privileges of the relation's owner, see [`OwnerCode`](crate::OwnerCode).
pub fn ownership_change(kind: ObjectKind, definer: bool, lends: bool, major: u32) -> OwnershipChange {
    match kind {
        _ if lends => OwnershipChange::ByHand,
        // `security_invoker` exists since 15.
        ObjectKind::View if major >= 15 => OwnershipChange::AsCaller,
        // REFRESH runs the query as the owner.
        ObjectKind::View | ObjectKind::MaterializedView => OwnershipChange::ByHand,
        ObjectKind::Function | ObjectKind::Procedure if definer => OwnershipChange::AsCaller,
        _ => OwnershipChange::AsIs,
    }
}

/// Returns `true` if a role of a service, other than this one's owner and migrator, is this role or can become it.
/// Objects of the orphans role were written by roles of removed services.
pub fn is_open_to_services(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    role: &RoleName,
) -> bool {
    let others = |one: &RoleName| {
        managed(desired, one).is_some_and(|(of, kind)| of.name != service.name || !acts_as_owner(kind))
    };
    *role == desired.orphans() || actual.who_can_become(role).into_iter().any(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_with_its_owners_rights_does_not_come_along() {
        use ObjectKind::{Function, MaterializedView, Procedure, Sequence, Table, Type, View};
        use OwnershipChange::{AsCaller, AsIs, ByHand};
        for (kind, definer, lends, on_14, on_15) in [
            (Table, false, false, AsIs, AsIs),
            (Table, false, true, ByHand, ByHand),
            (Sequence, false, false, AsIs, AsIs),
            (Type, false, false, AsIs, AsIs),
            (Type, false, true, ByHand, ByHand),
            (View, false, false, ByHand, AsCaller),
            (View, false, true, ByHand, ByHand),
            (MaterializedView, false, false, ByHand, ByHand),
            (Function, false, false, AsIs, AsIs),
            (Function, true, false, AsCaller, AsCaller),
            (Function, true, true, ByHand, ByHand),
            (Procedure, true, false, AsCaller, AsCaller),
        ] {
            assert_eq!(ownership_change(kind, definer, lends, 14), on_14, "{kind:?} {definer} {lends}");
            assert_eq!(ownership_change(kind, definer, lends, 15), on_15, "{kind:?} {definer} {lends}");
        }
    }
}
