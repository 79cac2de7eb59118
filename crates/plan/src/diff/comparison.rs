//! State of a comparison, for one service or for the server as a whole, with the resulting steps.

use std::collections::BTreeSet;

use crate::action::Action;
use crate::object::Object;
use crate::stage::{Risk, Stage};
use crate::step::Step;
use martydb_model::contract::{alternate_of, managed};
use martydb_model::{ActualServer, DbName, DesiredServer, DesiredService, Grantee, RoleKind, RoleName};

/// Logins whose passwords are in the secret store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredLogins {
    All,
    These(BTreeSet<RoleName>),
}

impl StoredLogins {
    pub fn contains(&self, role: &RoleName) -> bool {
        match self {
            StoredLogins::All => true,
            StoredLogins::These(logins) => logins.contains(role),
        }
    }
}

pub(crate) struct Comparison<'a> {
    pub desired: &'a DesiredServer,
    pub actual: &'a ActualServer,
    pub stored: &'a StoredLogins,
    /// The service; `None` for the server as a whole.
    service: Option<&'a DesiredService>,
    /// Database of the steps.
    pub database: DbName,
    /// Steps in order of discovery.
    pub steps: Vec<Step>,
    pub prunable: Vec<Step>,
    /// Relation whose owner changes, for the steps that belong to it.
    pub part_of: Option<Object>,
    /// Roles that lose the ownership of an object.
    pub previous_owners: BTreeSet<String>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(
        desired: &'a DesiredServer,
        actual: &'a ActualServer,
        stored: &'a StoredLogins,
        service: Option<&'a DesiredService>,
        database: DbName,
    ) -> Self {
        let (steps, prunable, part_of, previous_owners) = Default::default();
        Comparison { desired, actual, stored, service, database, steps, prunable, part_of, previous_owners }
    }

    /// Returns `true` for PUBLIC and for declared roles, whose privileges are made to match the manifest.
    pub(crate) fn is_managed(&self, grantee: &Grantee) -> bool {
        let declared = |role| managed(self.desired, role).is_some() || self.desired.access.contains_key(role);
        grantee.role().is_none_or(declared)
    }

    /// Returns `true` for a further role of the manifest that this manifest did not make.
    pub(crate) fn is_taken_over(&self, grantee: &Grantee) -> bool {
        let further = grantee.role().filter(|role| self.desired.access.contains_key(*role));
        let found = further.and_then(|role| self.actual.roles.get(role));
        found.is_some_and(|found| !self.is_ours(found.comment.as_deref()))
    }

    /// Returns the alternate of a service's login, if the server has one.
    pub(crate) fn alternate(&self, service: &DesiredService, kind: RoleKind) -> Option<RoleName> {
        let alternate = alternate_of(service.role(kind)).filter(|_| kind.logs_in());
        alternate.filter(|alternate| self.actual.roles.contains_key(alternate))
    }

    /// Returns the alternate if clients use it now, according to the secret store.
    pub(crate) fn alternate_in_use(&self, service: &DesiredService, kind: RoleKind) -> Option<RoleName> {
        self.alternate(service, kind).filter(|alternate| self.stored.contains(alternate))
    }

    /// Returns the risk of a change on which clients may rely, unless there are none.
    pub(crate) fn caution(&self) -> Risk {
        let ours = match self.actual.databases.get(&self.database) {
            _ if self.service.is_none() => false,
            None => true,
            // No client uses a database that takes no connections: a killed run left it before it was marked.
            Some(found) if !found.allow_connections => true,
            Some(found) => self.desired.marks(found.comment.as_deref()),
        };
        if ours || self.desired.embedded { Risk::Safe } else { Risk::Caution }
    }

    /// Returns `true` if a comment is this manifest's marker.
    pub(crate) fn is_ours(&self, comment: Option<&str>) -> bool {
        self.desired.marks(comment)
    }

    pub(crate) fn add(&mut self, risk: Risk, action: Action, reason: impl Into<String>) {
        self.add_at(action.stage(), risk, action, reason);
    }

    pub(crate) fn add_at(&mut self, stage: Stage, risk: Risk, action: Action, reason: impl Into<String>) {
        let step = self.step(stage, risk, action, reason);
        self.steps.push(step);
    }

    pub(crate) fn add_prunable(&mut self, action: Action, reason: impl Into<String>) {
        let step = self.step(action.stage(), Risk::Caution, action, reason);
        self.prunable.push(step);
    }

    /// Changes the owner of an object.
    pub(crate) fn set_owner(&mut self, object: Object, from: &str, owner: &RoleName) {
        let reason = format!("change owner from {from} to {owner}");
        self.previous_owners.insert(from.to_owned());
        self.add(self.caution(), Action::SetOwner { object, owner: owner.clone() }, reason);
    }

    pub(crate) fn step(&self, stage: Stage, risk: Risk, action: Action, reason: impl Into<String>) -> Step {
        let service = self.service.map(|service| service.name.clone());
        let (database, part_of) = (Some(self.database.clone()), self.part_of.clone());
        Step { service, database, stage, action, reason: reason.into(), risk, part_of }
    }
}
