//! What every part of the comparison looks at.

use crate::model::{ActualServer, DbName, DesiredServer, DesiredService, Grantee, RoleKind, RoleName};
use crate::plan::stage::Risk;
use crate::plan::step::Plan;

/// What every part of the comparison looks at.
pub struct Comparison<'a> {
    pub desired: &'a DesiredServer,
    pub actual: &'a ActualServer,
    pub stored: &'a dyn Fn(&RoleName) -> bool,
    pub plan: Plan,
}

impl Comparison<'_> {
    /// PUBLIC and the roles of any service of this manifest: their rights are made equal to the manifest.
    pub fn is_managed(&self, grantee: &Grantee) -> bool {
        match grantee {
            Grantee::Public => true,
            Grantee::Role(role) => crate::contract::managed(self.desired, role).is_some(),
        }
    }

    /// The alternate of a service's login, where the server has one.
    pub fn alternate(&self, service: &DesiredService, kind: RoleKind) -> Option<RoleName> {
        let alternate = crate::contract::alternate_of(service.role(kind)).filter(|_| kind != RoleKind::Owner);
        alternate.filter(|alternate| self.actual.roles.contains_key(alternate))
    }

    /// Whether clients use the alternate now, as the secret store says.
    pub fn alternate_in_use(&self, service: &DesiredService, kind: RoleKind) -> bool {
        self.alternate(service, kind).is_some_and(|alternate| (self.stored)(&alternate))
    }

    /// Whether this manifest made the database, or is about to: then no other client relies on its state.
    pub fn is_ours(&self, database: &DbName) -> bool {
        match self.actual.databases.get(database) {
            None => true,
            // No client relies on a database that takes no connections: a killed run left it before it was marked.
            Some(found) if !found.allow_connections => true,
            Some(found) => self.desired.embedded || found.comment.as_deref() == Some(&self.desired.marker()),
        }
    }

    /// For changes that others may rely on, unless there are no others.
    pub fn caution(&self, database: &DbName) -> Risk {
        if self.is_ours(database) { Risk::Safe } else { Risk::Caution }
    }
}
