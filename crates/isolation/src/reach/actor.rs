//! A login whose reach is computed, and the border at which its walk ends.

use super::ids::{DatabaseId, NO_SERVICE, RoleId, ServiceId};
use super::state::{Conclusion, Target};

/// A login, the principal that can log in as it, and the principal's service, at whose border the walk ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Actor {
    pub principal: RoleId,
    pub login: RoleId,
    pub service: ServiceId,
}

impl Actor {
    pub(crate) fn as_login(self, login: RoleId) -> Actor {
        Actor { login, ..self }
    }

    pub(crate) fn is_principal(self) -> bool {
        self.login == self.principal
    }
}

/// Returns `true` if a role or database belongs to a service other than the login's.
fn is_foreign(mine: ServiceId, its: ServiceId) -> bool {
    its != NO_SERVICE && its != mine
}

/// Returns the conclusion of becoming a role: the walk ends at another service's.
pub(crate) fn as_role(mine: ServiceId, its: ServiceId, role: RoleId, otherwise: Conclusion) -> Conclusion {
    if is_foreign(mine, its) { Conclusion::Reaches(Target::ServiceRole(role)) } else { otherwise }
}

/// Returns the conclusion of entering a database: the walk ends at another service's.
pub(crate) fn at_database(mine: ServiceId, its: ServiceId, database: DatabaseId) -> Conclusion {
    let end = Conclusion::Reaches(Target::ServiceDatabase(database));
    if is_foreign(mine, its) { end } else { Conclusion::Enters(database) }
}
