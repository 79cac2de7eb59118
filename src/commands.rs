//! The commands, a file each: arguments, what to call, and the report. None of them prints.

pub mod apply;
pub mod baseline;
pub mod completions;
pub mod current;
pub mod dev;
pub mod doctor;
pub mod downgrade;
pub mod drop;
pub mod history;
pub mod init;
pub mod init_all;
pub mod lint;
pub mod migrating;
pub mod plan;
pub mod probing;
pub mod repair;
pub mod revision;
pub mod rotate;
pub mod saved;
pub mod status;
pub mod test_connections;
pub mod upgrade;
pub mod url;
pub mod validate;
pub mod verify;
pub mod verify_down;
