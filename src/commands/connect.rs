//! Connections as a login of a service.

pub mod exec;
pub mod psql;
pub mod url;
