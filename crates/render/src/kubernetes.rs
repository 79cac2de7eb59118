//! Kubernetes objects: <https://kubernetes.io/docs/reference/kubernetes-api/>.

mod backups;
mod caller_keys;
mod certificates;
pub(crate) mod cloudnative_pg;
pub(crate) mod external_secrets;
mod jobs;
pub(crate) mod kustomization;
mod listener;
mod namespace;
mod network;
mod objects;
mod operator;
pub(crate) mod plain;
mod pod;
mod pooler;
mod prometheus_operator;
mod redis;
mod servers;
mod tool_pod;
mod workloads;

pub(crate) use objects::RenderedObject;
