//! Desired state against actual state → plan. Pure: the same inputs give the same plan, byte by byte.

mod access;
mod acl;
mod comparison;
mod database;
mod defaults;
mod inside;
mod losses;
mod maintenance;
mod moved;
mod orphans;
mod outbox;
mod parameters;
mod publications;
mod roles;
mod settings;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::privilege_gaps;
use super::stage::Stage;
use super::step::{CopyOrigin, Plan, Step};
use super::takeover;
use comparison::Comparison;
use martydb_model::{ActualServer, DesiredServer, ServiceName};

pub use comparison::StoredLogins;
pub use orphans::left_over;
pub use parameters::same_setting;
pub use settings::declared as declared_settings;

/// Decides what has to change.
pub fn diff(
    desired: &DesiredServer,
    actual: &ActualServer,
    stored: &StoredLogins,
    selection: &Selection,
) -> Plan {
    let mut plan = Plan::default();
    let memberships = roles::memberships_by_service(desired, actual);
    for service in desired.services.values().filter(|service| selection.services.contains(&service.name)) {
        let mut look = Comparison::new(desired, actual, stored, Some(service), service.database.clone());
        if moved::diff(&mut look, service) {
            plan.steps.append(&mut look.steps);
            continue;
        }
        roles::diff(&mut look, service, memberships.get(&service.name).map_or(&[], Vec::as_slice));
        settings::diff(&mut look, service);
        if let Some(origin) = selection.copies.get(&service.name)
            && !actual.databases.contains_key(&service.database)
        {
            moved::copy(&mut look, service, origin);
            plan.steps.append(&mut look.steps);
            continue;
        }
        database::diff(&mut look, service);
        plan.limits.extend(parameters::limits(desired, actual, service));
        match actual.databases.get(&service.database) {
            Some(found) if found.shut => plan.limits.push(privilege_gaps::shut(desired, actual, service)),
            // What is there is not known, and its error is the run's to tell.
            Some(found) if found.unread.is_some() => {}
            _ => {
                inside::diff(&mut look, service);
                let contents = inside::contents(actual, service);
                plan.limits.extend(publications::limits(&look, service, &contents));
                plan.limits.extend(outbox::limit(&look, service, &contents));
                defaults::diff(&mut look, service);
            }
        }
        // With --prune the membership would be taken back at once.
        if !selection.prune {
            roles::keep_working(&mut look, service);
        }
        // Whatever the order they were found in: a stable sort.
        look.steps.sort_by_key(|step| step.stage);
        plan.steps.append(&mut look.steps);
        plan.prunable.append(&mut look.prunable);
    }
    access::diff(desired, actual, stored, &mut plan);
    maintenance::diff(desired, actual, &mut plan);
    orphans::diff(desired, actual, &mut plan);
    privilege_gaps::separate(desired, actual, &mut plan);
    selection.include_prunable(desired, &mut plan);
    losses::name_in_plan(desired, actual, &mut plan);
    moved::name_in_plan(desired, actual, &mut plan);
    plan
}

/// How far a plan goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only these services; what concerns the server as a whole is planned in any case.
    pub services: BTreeSet<ServiceName>,
    /// Remove what is not declared, too. A service may ask for that by itself.
    pub prune: bool,
    /// The databases of other servers of which services get a copy, where they have none.
    pub copies: BTreeMap<ServiceName, CopyOrigin>,
}

impl Selection {
    /// Every service, without pruning.
    pub fn all(desired: &DesiredServer) -> Selection {
        Selection { services: desired.services.keys().cloned().collect(), ..Selection::default() }
    }

    /// Makes steps of the prunable ones that are selected, at their place in the order.
    fn include_prunable(&self, desired: &DesiredServer, plan: &mut Plan) {
        let whole_server = desired.services.keys().all(|service| self.services.contains(service));
        let selected = |step: &Step| match &step.service {
            Some(service) => self.prune || desired.services[service].prune,
            // What belongs to no service goes only with a run over the whole server.
            None => self.prune && whole_server,
        };
        let now = plan.prunable.extract_if(.., |step| selected(step));
        let (orphans, now): (Vec<Step>, Vec<Step>) = now.partition(|step| step.service.is_none());
        plan.steps.extend(now);
        // Stable: steps of one service and stage keep the order they were decided in; the server's come last, but for
        // what all services need.
        let is_last = |step: &Step| step.service.is_none() && step.stage != Stage::Prepare;
        plan.steps.sort_by_key(|step| (is_last(step), step.service.clone(), step.stage));
        takeover::order(&mut plan.steps);
        // Last of all, and in an order of their own, what is no longer declared.
        plan.steps.extend(orphans);
    }
}
