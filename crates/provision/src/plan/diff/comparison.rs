//! What is compared for one service, or for the server as a whole, and the steps that follow from it.

use std::collections::BTreeSet;

use crate::plan::action::Action;
use crate::plan::object::Object;
use crate::plan::stage::{Risk, Stage};
use crate::plan::step::Step;
use martydb_model::contract::{alternate_of, managed};
use martydb_model::{ActualServer, DbName, DesiredServer, DesiredService, Grantee, RoleKind, RoleName};

/// The logins whose password the secret store has.
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

pub struct Comparison<'a> {
    pub desired: &'a DesiredServer,
    pub actual: &'a ActualServer,
    pub stored: &'a StoredLogins,
    /// `None` for the server as a whole.
    service: Option<&'a DesiredService>,
    /// What the steps are about.
    pub database: DbName,
    /// In the order they were found in.
    pub steps: Vec<Step>,
    pub prunable: Vec<Step>,
    /// The relation that changes its owner, for the steps about it.
    pub part_of: Option<Object>,
    /// Who loses the ownership of something.
    pub previous_owners: BTreeSet<String>,
}

impl<'a> Comparison<'a> {
    pub fn new(
        desired: &'a DesiredServer,
        actual: &'a ActualServer,
        stored: &'a StoredLogins,
        service: Option<&'a DesiredService>,
        database: DbName,
    ) -> Self {
        let (steps, prunable, part_of, previous_owners) = Default::default();
        Comparison { desired, actual, stored, service, database, steps, prunable, part_of, previous_owners }
    }

    /// PUBLIC and the declared roles of this manifest: their rights are made equal to it.
    pub fn is_managed(&self, grantee: &Grantee) -> bool {
        let declared = |role| managed(self.desired, role).is_some() || self.desired.access.contains_key(role);
        grantee.role().is_none_or(declared)
    }

    /// Whether it is a further role of the manifest that others made.
    pub fn is_taken_over(&self, grantee: &Grantee) -> bool {
        let further = grantee.role().filter(|role| self.desired.access.contains_key(*role));
        let found = further.and_then(|role| self.actual.roles.get(role));
        found.is_some_and(|found| !self.is_ours(found.comment.as_deref()))
    }

    /// The alternate of a service's login, where the server has one.
    pub fn alternate(&self, service: &DesiredService, kind: RoleKind) -> Option<RoleName> {
        let alternate = alternate_of(service.role(kind)).filter(|_| kind != RoleKind::Owner);
        alternate.filter(|alternate| self.actual.roles.contains_key(alternate))
    }

    /// The alternate, where clients use it now, as the secret store says.
    pub fn alternate_in_use(&self, service: &DesiredService, kind: RoleKind) -> Option<RoleName> {
        self.alternate(service, kind).filter(|alternate| self.stored.contains(alternate))
    }

    /// For changes that others may rely on, unless there are no others.
    pub fn caution(&self) -> Risk {
        let ours = match self.actual.databases.get(&self.database) {
            _ if self.service.is_none() => false,
            None => true,
            // No client relies on a database that takes no connections: a killed run left it before it was marked.
            Some(found) if !found.allow_connections => true,
            Some(found) => self.desired.marks(found.comment.as_deref()),
        };
        if ours || self.desired.embedded { Risk::Safe } else { Risk::Caution }
    }

    /// Whether a comment says that this manifest made what it stands on.
    pub fn is_ours(&self, comment: Option<&str>) -> bool {
        self.desired.marks(comment)
    }

    pub fn add(&mut self, risk: Risk, action: Action, reason: impl Into<String>) {
        self.add_at(action.stage(), risk, action, reason);
    }

    pub fn add_at(&mut self, stage: Stage, risk: Risk, action: Action, reason: impl Into<String>) {
        let step = self.step(stage, risk, action, reason);
        self.steps.push(step);
    }

    pub fn add_prunable(&mut self, action: Action, reason: impl Into<String>) {
        let step = self.step(action.stage(), Risk::Caution, action, reason);
        self.prunable.push(step);
    }

    /// Gives an object to the owner that it should have.
    pub fn set_owner(&mut self, object: Object, from: &str, owner: &RoleName) {
        let reason = format!("change owner from {from} to {owner}");
        self.previous_owners.insert(from.to_owned());
        self.add(self.caution(), Action::SetOwner { object, owner: owner.clone() }, reason);
    }

    pub fn step(&self, stage: Stage, risk: Risk, action: Action, reason: impl Into<String>) -> Step {
        let service = self.service.map(|service| service.name.clone());
        let (database, part_of) = (Some(self.database.clone()), self.part_of.clone());
        Step { service, database, stage, action, reason: reason.into(), risk, part_of }
    }
}
