//! Outbox of a service, as the relay's login and the operators read and change it.

pub mod cleaning;
mod daily_partitions;
pub mod examination;
pub mod intervention;
mod operator_statements;
mod partitions;
pub mod session;
pub mod statements;
pub mod status;
