//! Servers as StatefulSets, without an operator.

use super::backups::backup_jobs;
use super::namespace::namespace;
use super::network::network_policies;
use super::objects::{POSTGRES, RenderedObject, pod_labels, workload};
use super::servers;
use super::{jobs, redis, workloads};
use crate::deployment::DeploymentPlan;
use crate::kubernetes::network::policy_parts::EntryPods;
use martydb_model::error::Result;

/// Returns the objects.
///
/// # Errors
/// If a pod could not keep the passwords, or the networks of an external server are unknown.
pub(crate) fn objects(plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedObject>> {
    let server = |host: &str| pod_labels(POSTGRES, workload(host));
    let doors = EntryPods { server, replica: server, pooler: None };
    let mut all = vec![namespace(plan)];
    all.extend(network_policies::all(plan, doors)?);
    all.extend(servers::all(plan));
    all.extend(redis::all(plan)?);
    all.extend(jobs::all(plan)?);
    all.extend(backup_jobs::all(plan)?);
    all.extend(workloads::all(plan, doors)?);
    Ok(all)
}
