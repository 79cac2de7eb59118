//! Desired state against actual state → plan. Pure: the same inputs give the same plan, byte by byte.

mod acl;
mod comparison;
mod database;
mod defaults;
mod inside;
mod maintenance;
mod orphans;
mod roles;
mod selection;
mod settings;

pub use selection::Selection;
pub use settings::declared as declared_settings;

use self::comparison::Comparison;
use super::privilege_gaps;
use super::step::Plan;
use crate::model::{ActualServer, DesiredServer, RoleName};

/// Decides what has to change. `stored` says whether the secret store has a password for a login.
pub fn diff(
    desired: &DesiredServer,
    actual: &ActualServer,
    stored: &dyn Fn(&RoleName) -> bool,
    selection: &Selection,
) -> Plan {
    let mut plan = Plan::default();
    for service in desired.services.values().filter(|service| selection.services.contains(&service.name)) {
        let mut look = Comparison::new(desired, actual, stored, Some(service), service.database.clone());
        roles::diff(&mut look, service);
        settings::diff(&mut look, service);
        database::diff(&mut look, service);
        match actual.databases.get(&service.database) {
            Some(found) if found.shut => plan.limits.push(privilege_gaps::shut(desired, actual, service)),
            // What is there is not known, and its error is the run's to tell.
            Some(found) if found.unread.is_some() => {}
            _ => {
                inside::diff(&mut look, service);
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
    maintenance::diff(desired, actual, &mut plan);
    orphans::diff(desired, actual, &mut plan);
    privilege_gaps::separate(desired, actual, &mut plan);
    selection.include_prunable(desired, &mut plan);
    plan
}

#[cfg(test)]
pub(crate) mod tests;
