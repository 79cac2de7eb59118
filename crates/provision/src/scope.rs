//! Scope of a `plan` or `apply` run, on all its servers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use martydb_apply::run_record::RunRecord;
use martydb_context::Context;
use martydb_model::{DesiredServer, DesiredService, Jobs, ServiceName};
use martydb_secrets::Store;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Removes objects that the manifest does not declare.
    pub prune: bool,
    /// Tries every stored password.
    pub check_logins: bool,
    /// Executes exactly the shown steps.
    pub exact: bool,
}

pub struct PlanScope<'a> {
    /// Services to include, in addition to steps on the server as a whole.
    pub services: BTreeSet<ServiceName>,
    pub options: PlanOptions,
    pub store: &'a Store,
    pub jobs: Jobs,
    /// Steps that were not shown may affect other users, as with `-y`; otherwise they must be safe.
    pub confirmed: bool,
    pub lock_wait: Duration,
    /// Record of the run on each server; none for a run that only looks.
    pub records: Option<&'a BTreeMap<String, RunRecord>>,
}

impl<'r> PlanScope<'r> {
    pub fn new(
        context: &'r Context,
        services: &[DesiredService],
        options: PlanOptions,
        confirmed: bool,
    ) -> PlanScope<'r> {
        let services = services.iter().map(|service| service.name.clone()).collect();
        let Context { store, jobs, lock_wait, .. } = context;
        PlanScope { services, options, store, jobs: *jobs, confirmed, lock_wait: *lock_wait, records: None }
    }

    /// Returns the record of the run on a server.
    pub(crate) fn record(&self, server: &str) -> Option<&'r RunRecord> {
        self.records.and_then(|records| records.get(server))
    }

    pub(crate) fn covers(&self, service: &ServiceName) -> bool {
        self.services.contains(service)
    }

    pub(crate) fn services_of<'a>(
        &'a self,
        desired: &'a DesiredServer,
    ) -> impl Iterator<Item = &'a DesiredService> {
        desired.services.values().filter(|service| self.covers(&service.name))
    }
}
