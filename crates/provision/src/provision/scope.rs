//! What one run of `plan` or `apply` covers, on all its servers.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::converge::Jobs;
use crate::run::Run;
use martydb_config::secrets::Store;
use martydb_model::{DesiredServer, DesiredService, ServiceName};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// What the manifest does not declare is removed too.
    pub prune: bool,
    /// Every stored password is tried.
    pub check_logins: bool,
    /// Only what was shown is done, and all of it.
    pub exact: bool,
}

pub struct PlanScope<'a> {
    /// Steps of these services are wanted, and those of the server as a whole.
    pub services: BTreeSet<ServiceName>,
    pub options: PlanOptions,
    pub store: &'a Store,
    pub jobs: Jobs,
    /// With `-y`, steps that were not shown may affect other users; without it they must be safe.
    pub yes: bool,
    pub lock_wait: Duration,
}

impl<'r> PlanScope<'r> {
    pub fn new(run: &'r Run, services: &[DesiredService], options: PlanOptions) -> PlanScope<'r> {
        let services = services.iter().map(|service| service.name.clone()).collect();
        let Run { store, jobs, yes, lock_wait, .. } = run;
        PlanScope { services, options, store, jobs: *jobs, yes: *yes, lock_wait: *lock_wait }
    }

    pub fn covers(&self, service: &ServiceName) -> bool {
        self.services.contains(service)
    }

    pub fn services_of<'a>(&'a self, desired: &'a DesiredServer) -> impl Iterator<Item = &'a DesiredService> {
        desired.services.values().filter(|service| self.covers(&service.name))
    }
}
