//! Network policies of the pods.

pub(crate) mod addresses;
pub(crate) mod network_policies;
pub(crate) mod policy_parts;
pub(crate) mod replica_policies;
pub(crate) mod workload_policies;
