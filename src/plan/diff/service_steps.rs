//! The steps of one service, collected in any order and run by stage.

use std::collections::BTreeSet;

use crate::model::{DesiredService, RoleName};
use crate::plan::action::Action;
use crate::plan::object::Object;
use crate::plan::stage::{Risk, Stage};
use crate::plan::step::{Plan, Step};

/// The steps of one service, by stage: the order they run in, whatever order they were found in.
pub struct ServiceSteps<'a> {
    service: &'a DesiredService,
    pub found: Vec<Step>,
    prunable: Vec<Step>,
    /// Who loses the ownership of something.
    pub previous_owners: BTreeSet<String>,
}

impl<'a> ServiceSteps<'a> {
    pub fn new(service: &'a DesiredService) -> Self {
        ServiceSteps { service, found: vec![], prunable: vec![], previous_owners: BTreeSet::new() }
    }

    pub fn add(&mut self, risk: Risk, action: Action, reason: impl Into<String>) {
        let stage = action.stage();
        self.add_at(stage, risk, action, reason);
    }

    pub fn add_at(&mut self, stage: Stage, risk: Risk, action: Action, reason: impl Into<String>) {
        self.found.push(self.step(stage, risk, action, reason));
    }

    /// Gives an object to the owner that it should have.
    pub fn set_owner(&mut self, risk: Risk, object: Object, from: &str, owner: &RoleName) {
        let reason = format!("change owner from {from} to {owner}");
        self.previous_owners.insert(from.to_owned());
        self.add(risk, Action::SetOwner { object, owner: owner.clone() }, reason);
    }

    pub fn prunable(&mut self, action: Action, reason: impl Into<String>) {
        let step = self.step(action.stage(), Risk::Caution, action, reason);
        self.prunable.push(step);
    }

    pub fn step(&self, stage: Stage, risk: Risk, action: Action, reason: impl Into<String>) -> Step {
        Step {
            service: Some(self.service.name.clone()),
            database: Some(self.service.database.clone()),
            stage,
            action,
            reason: reason.into(),
            risk,
        }
    }

    pub fn finish(mut self, plan: &mut Plan) {
        self.found.sort_by_key(|step| step.stage);
        plan.steps.append(&mut self.found);
        plan.prunable.append(&mut self.prunable);
    }
}
