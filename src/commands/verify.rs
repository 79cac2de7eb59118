//! Proofs by login.

pub mod explain;
pub mod test_connections;
pub mod verify_isolation;
