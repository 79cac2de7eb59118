//! Proofs by login.

pub(crate) mod evidence;
pub(crate) mod explain;
pub(crate) mod test_connections;
pub mod verify_isolation;
