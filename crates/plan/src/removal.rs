//! Removal of services and of roles that no service has.

pub mod orphan_role;
pub mod scratch;
pub mod teardown;
