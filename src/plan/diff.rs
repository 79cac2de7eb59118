//! Desired state against actual state → plan. Pure: the same two inputs give the same plan, byte by byte.

mod acl;
mod database;
mod defaults;
mod inside;
mod maintenance;
mod roles;
mod settings;
mod strays;

pub use settings::declared as declared_settings;

use std::collections::BTreeSet;

use super::{Action, Object, Plan, Risk, Stage, Step};
use crate::model::{ActualServer, DbName, DesiredServer, DesiredService, Grantee, RoleKind, RoleName};

/// Decides what is to be done. `stored` says whether the secret store has a password for a login.
pub fn diff(desired: &DesiredServer, actual: &ActualServer, stored: &dyn Fn(&RoleName) -> bool) -> Plan {
    let mut look = Look { desired, actual, stored, plan: Plan::default() };
    for service in desired.services.values() {
        let mut steps = Steps::new(service);
        roles::diff(&look, service, &mut steps);
        settings::diff(&look, service, &mut steps);
        database::diff(&look, service, &mut steps);
        match look.actual.databases.get(&service.database) {
            Some(found) if found.shut => look.plan.limits.push(super::limits::shut(desired, actual, service)),
            // What is there is not known, and its error is the run's to tell.
            Some(found) if found.unread.is_some() => {}
            _ => {
                inside::diff(&look, service, &mut steps);
                defaults::diff(&look, service, &mut steps);
            }
        }
        roles::keep_working(&look, service, &mut steps);
        steps.finish(&mut look.plan);
    }
    maintenance::diff(&mut look);
    strays::diff(&mut look);
    let mut plan = look.plan;
    super::limits::separate(desired, actual, &mut plan);
    plan
}

/// What every part of the comparison looks at.
struct Look<'a> {
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    stored: &'a dyn Fn(&RoleName) -> bool,
    plan: Plan,
}

impl Look<'_> {
    /// PUBLIC and the roles of any service of this manifest: their rights are made equal to the manifest.
    fn is_managed(&self, grantee: &Grantee) -> bool {
        match grantee {
            Grantee::Public => true,
            Grantee::Role(role) => self.desired.managed_role(role).is_some() || self.is_twin(role),
        }
    }

    /// The second login of a rotation: declared by being named so.
    fn is_twin(&self, role: &RoleName) -> bool {
        self.twin_of(role).is_some()
    }

    /// The login that a twin belongs to.
    fn twin_of(&self, role: &RoleName) -> Option<RoleName> {
        let first = RoleName::found(role.as_str().strip_suffix(crate::TWIN_SUFFIX)?).ok()?;
        let (_, kind) = self.desired.managed_role(&first)?;
        RoleKind::LOGINS.contains(&kind).then_some(first)
    }

    /// The twin of a service's login, where the server has one.
    fn twin(&self, service: &DesiredService, kind: RoleKind) -> Option<RoleName> {
        let twin = crate::secrets::twin_of(service.role(kind)).filter(|_| kind != RoleKind::Owner);
        twin.filter(|twin| self.actual.roles.contains_key(twin))
    }

    /// Whether clients use the twin now, as the secret store says.
    fn twin_in_use(&self, service: &DesiredService, kind: RoleKind) -> bool {
        self.twin(service, kind).is_some_and(|twin| (self.stored)(&twin))
    }

    /// Whether this manifest made the database, or is about to: then nobody else relies on its state.
    fn is_ours(&self, database: &DbName) -> bool {
        match self.actual.databases.get(database) {
            None => true,
            // Nobody relies on a database that lets nobody in: a killed run left it before it was marked.
            Some(found) if !found.allow_connections => true,
            Some(found) => self.desired.embedded || found.comment.as_deref() == Some(&self.desired.marker()),
        }
    }

    /// For changes that others may rely on, unless there are no others.
    fn caution(&self, database: &DbName) -> Risk {
        if self.is_ours(database) { Risk::Safe } else { Risk::Caution }
    }
}

/// The steps of one service, by stage: the order they run in, whatever order they were found in.
struct Steps<'a> {
    service: &'a DesiredService,
    found: Vec<Step>,
    prunable: Vec<Step>,
    /// Who loses the ownership of something.
    ousted: BTreeSet<String>,
}

impl<'a> Steps<'a> {
    fn new(service: &'a DesiredService) -> Self {
        Steps { service, found: vec![], prunable: vec![], ousted: BTreeSet::new() }
    }

    fn add(&mut self, risk: Risk, action: Action, reason: impl Into<String>) {
        let stage = action.stage();
        self.add_at(stage, risk, action, reason);
    }

    fn add_at(&mut self, stage: Stage, risk: Risk, action: Action, reason: impl Into<String>) {
        self.found.push(self.step(stage, risk, action, reason));
    }

    /// Gives an object to its rightful owner.
    fn own(&mut self, risk: Risk, object: Object, from: &str, owner: &RoleName) {
        let reason = format!("{object} belongs to {from}, and should to {owner}");
        self.ousted.insert(from.to_owned());
        self.add(risk, Action::Own { object, owner: owner.clone() }, reason);
    }

    fn prunable(&mut self, action: Action, reason: impl Into<String>) {
        let step = self.step(action.stage(), Risk::Caution, action, reason);
        self.prunable.push(step);
    }

    fn step(&self, stage: Stage, risk: Risk, action: Action, reason: impl Into<String>) -> Step {
        Step {
            service: Some(self.service.name.clone()),
            database: Some(self.service.database.clone()),
            stage,
            action,
            reason: reason.into(),
            risk,
        }
    }

    fn finish(mut self, plan: &mut Plan) {
        self.found.sort_by_key(|step| step.stage);
        plan.steps.append(&mut self.found);
        plan.prunable.append(&mut self.prunable);
    }
}

#[cfg(test)]
pub(in crate::plan) mod tests;
