//! Changes of servers: roles, databases, passwords, adoption, splits.

pub mod adopt;
pub mod apply;
pub mod dba_script;
pub mod drop;
pub mod plan;
pub mod plan_file;
pub mod rotate;
pub mod secrets;
#[cfg(feature = "split")]
pub mod split;
#[cfg(not(feature = "split"))]
#[path = "change/no_split.rs"]
pub mod split;
