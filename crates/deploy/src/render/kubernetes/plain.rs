//! Servers as StatefulSets, without an operator.

use super::namespace::namespace;
use super::network_policies::EntryPods;
use super::objects::{POSTGRES, pod_labels, workload};
use super::servers;
use super::{backup_jobs, jobs, network_policies, workloads};
use crate::render::deployment::DeploymentPlan;
use martydb_model::error::Result;

/// Returns the objects.
///
/// # Errors
/// If a pod could not keep the passwords, or the networks of an external server are unknown.
pub fn documents(plan: &DeploymentPlan<'_>) -> Result<String> {
    let doors = EntryPods { server: |host| pod_labels(POSTGRES, workload(host)), pooler: None };
    let mut texts = vec![namespace(plan)];
    texts.extend(network_policies::all(plan, doors)?);
    texts.extend(servers::all(plan));
    texts.extend(jobs::all(plan)?);
    texts.extend(backup_jobs::all(plan)?);
    texts.extend(workloads::all(plan, doors)?);
    Ok(texts.iter().map(|text| format!("---\n{text}")).collect())
}
