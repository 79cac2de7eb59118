//! The commands, a file each: arguments, what to call, and the report. None of them prints.

pub mod apply;
pub mod completions;
pub mod dev;
pub mod plan;
pub mod url;
