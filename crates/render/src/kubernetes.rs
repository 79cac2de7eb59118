//! Kubernetes objects: <https://kubernetes.io/docs/reference/kubernetes-api/>.

mod addresses;
mod backup_jobs;
mod backups;
mod caller_keys;
mod certificates;
pub mod cloudnative_pg;
pub mod external_secrets;
mod jobs;
pub mod kustomization;
mod listener;
mod namespace;
mod network_policies;
mod objects;
mod operator;
pub mod plain;
mod pod;
mod policy_parts;
mod pooler;
mod prometheus_operator;
mod redis;
mod replica_policies;
pub mod sealed_secrets;
#[cfg(feature = "sealed-secrets")]
pub mod sealing;
#[cfg(not(feature = "sealed-secrets"))]
#[path = "kubernetes/no_sealing.rs"]
pub mod sealing;
mod servers;
mod tool_pod;
mod workload_policies;
mod workloads;

pub use objects::RenderedObject;
