//! The commands, a file each: arguments, what to call, and the report. None of them prints.

pub mod apply;
pub mod completions;
pub mod dev;
pub mod doctor;
pub mod plan;
pub mod probing;
pub mod saved;
pub mod test_connections;
pub mod url;
pub mod verify;
