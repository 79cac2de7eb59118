//! Commands, by the groups of the help, one file each: arguments, the call, and the report. None of them prints.

pub mod backups;
pub mod change;
pub mod connect;
pub mod deploy;
pub mod inspect;
pub mod migrate;
pub mod more;
pub mod start;
pub mod support;
pub mod verify;
