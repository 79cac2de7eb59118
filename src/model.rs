//! Plain data: what the manifest wants and what a server has. No I/O and no decisions live here.

pub mod acl;
pub mod actual;
mod database_kind;
pub mod desired;
pub mod names;
pub mod orphans;
mod role_graph;
mod test_database;

pub use acl::{AclEntry, Grantee};
pub use actual::*;
pub use database_kind::DatabaseKind;
pub use desired::*;
pub use names::*;
pub use role_graph::{RoleGraph, RolePath};
pub use test_database::{TestDatabase, made_at, template_name, test_name};
