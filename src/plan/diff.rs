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
mod service_steps;
mod settings;

pub use selection::Selection;
pub use settings::declared as declared_settings;

use self::comparison::Comparison;
use self::service_steps::ServiceSteps;
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
    let mut look = Comparison { desired, actual, stored, plan: Plan::default() };
    for service in desired.services.values().filter(|service| selection.services.contains(&service.name)) {
        let mut steps = ServiceSteps::new(service);
        roles::diff(&look, service, &mut steps);
        settings::diff(&look, service, &mut steps);
        database::diff(&look, service, &mut steps);
        match look.actual.databases.get(&service.database) {
            Some(found) if found.shut => {
                look.plan.limits.push(privilege_gaps::shut(desired, actual, service));
            }
            // What is there is not known, and its error is the run's to tell.
            Some(found) if found.unread.is_some() => {}
            _ => {
                inside::diff(&look, service, &mut steps);
                defaults::diff(&look, service, &mut steps);
            }
        }
        // With --prune the membership would be taken back at once.
        if !selection.prune {
            roles::keep_working(&look, service, &mut steps);
        }
        steps.finish(&mut look.plan);
    }
    maintenance::diff(&mut look);
    orphans::diff(&mut look);
    let mut plan = look.plan;
    privilege_gaps::separate(desired, actual, &mut plan);
    selection.include_prunable(desired, &mut plan);
    plan
}

#[cfg(test)]
pub(crate) mod tests;
