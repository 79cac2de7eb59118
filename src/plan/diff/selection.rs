//! How far a plan goes.

use std::collections::BTreeSet;

use crate::model::{DesiredServer, ServiceName};
use crate::plan::step::{Plan, Step};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only these services; what concerns the server as a whole is planned in any case.
    pub services: BTreeSet<ServiceName>,
    /// Remove what is not declared, too. A service may ask for that by itself.
    pub prune: bool,
}

impl Selection {
    /// Every service, without pruning.
    pub fn all(desired: &DesiredServer) -> Selection {
        Selection { services: desired.services.keys().cloned().collect(), prune: false }
    }

    /// Makes steps of the prunable ones that are selected, at their place in the order.
    pub(super) fn include_prunable(&self, desired: &DesiredServer, plan: &mut Plan) {
        let whole_server = desired.services.keys().all(|service| self.services.contains(service));
        let selected = |step: &Step| match &step.service {
            Some(service) => self.prune || desired.services[service].prune,
            // What belongs to no service goes only with a run over the whole server.
            None => self.prune && whole_server,
        };
        let now = plan.prunable.extract_if(.., |step| selected(step));
        let (orphans, now): (Vec<Step>, Vec<Step>) = now.partition(|step| step.service.is_none());
        plan.steps.extend(now);
        // Stable: steps of one service and stage keep the order they were decided in; the server's come last.
        plan.steps.sort_by_key(|step| (step.service.is_none(), step.service.clone(), step.stage));
        // Last of all, and in an order of their own, what is no longer declared.
        plan.steps.extend(orphans);
    }
}
