//! Objects of Kubernetes: <https://kubernetes.io/docs/reference/kubernetes-api/>.

pub mod cloudnative_pg;
pub mod external_secrets;
mod jobs;
mod namespace;
mod network_policies;
mod objects;
pub mod plain;
mod servers;
