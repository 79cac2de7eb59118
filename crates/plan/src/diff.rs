//! Compares the desired with the actual state and makes a plan. Pure: the same inputs give the same plan, byte
//! by byte.

mod access;
mod acl;
mod comparison;
mod counters;
mod database;
mod defaults;
mod extensions;
mod former_logins;
mod inside;
mod losses;
mod maintenance;
mod moved;
mod orphans;
mod outbox;
mod parameters;
mod publications;
mod records;
mod roles;
mod settings;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::ownership;
use super::privilege_gaps;
use super::stage::Stage;
use super::step::{CopyOrigin, Plan, Step};
use comparison::Comparison;
use martydb_model::{ActualServer, DesiredServer, ServiceName};

pub use comparison::StoredLogins;
pub use orphans::left_over;
pub use parameters::same_setting;
pub use settings::declared as declared_settings;

/// Returns the plan.
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
            Some(found) if found.shut => {
                plan.limits.push(privilege_gaps::closed_database(desired, actual, service))
            }
            // Its contents are unknown; the run reports the error.
            Some(found) if found.unread.is_some() => {}
            _ => {
                inside::diff(&mut look, service);
                let contents = inside::contents(actual, service);
                plan.limits.extend(publications::limits(&look, service, &contents));
                plan.limits.extend(outbox::limit(&look, service, &contents));
                plan.limits.extend(records::limits(&look, service, &contents));
                defaults::diff(&mut look, service);
            }
        }
        // With --prune the membership would be revoked at once.
        if !selection.prune {
            roles::keep_working(&mut look, service);
        }
        // A stable sort keeps the order of discovery within a stage.
        look.steps.sort_by_key(|step| step.stage);
        plan.steps.append(&mut look.steps);
        plan.prunable.append(&mut look.prunable);
    }
    access::diff(desired, actual, stored, &mut plan);
    maintenance::diff(desired, actual, &mut plan);
    orphans::diff(desired, actual, &mut plan);
    privilege_gaps::separate(desired, actual, &mut plan);
    plan.limits.extend(privilege_gaps::run_record::limit(desired, actual));
    selection.include_prunable(desired, &mut plan);
    losses::name_in_plan(desired, actual, &mut plan);
    moved::name_in_plan(desired, actual, &mut plan);
    plan
}

/// Selection of a plan's steps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Services to plan for; the server as a whole is planned in any case.
    pub services: BTreeSet<ServiceName>,
    /// `true` to also remove what is not declared. A single service may declare that for itself.
    pub prune: bool,
    /// Databases on other servers of which services get a copy, if they have none.
    pub copies: BTreeMap<ServiceName, CopyOrigin>,
}

impl Selection {
    /// Selects every service, without pruning.
    pub fn all(desired: &DesiredServer) -> Selection {
        Selection { services: desired.services.keys().cloned().collect(), ..Selection::default() }
    }

    /// Moves the selected prunable steps into the plan, in their order.
    fn include_prunable(&self, desired: &DesiredServer, plan: &mut Plan) {
        let whole_server = desired.services.keys().all(|service| self.services.contains(service));
        let selected = |step: &Step| match &step.service {
            Some(service) => self.prune || desired.services[service].prune,
            // Objects of no service are removed only by a run over the whole server.
            None => self.prune && whole_server,
        };
        let now = plan.prunable.extract_if(.., |step| selected(step));
        let (orphans, now): (Vec<Step>, Vec<Step>) = now.partition(|step| step.service.is_none());
        plan.steps.extend(now);
        // Stable: steps of one service and stage keep their order. The server's own steps come last, except
        // those that all services need.
        let is_last = |step: &Step| step.service.is_none() && step.stage != Stage::Prepare;
        plan.steps.sort_by_key(|step| (is_last(step), step.service.clone(), step.stage));
        ownership::order(&mut plan.steps);
        // Removals of what is no longer declared come last, in an order of their own.
        plan.steps.extend(orphans);
    }
}
