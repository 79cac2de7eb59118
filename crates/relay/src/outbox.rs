//! Outbox of a service, as the relay's login and the operators read and change it.

pub(crate) mod cleaning;
mod daily_partitions;
pub(crate) mod examination;
pub(crate) mod intervention;
mod operator_statements;
mod partitions;
pub(crate) mod session;
pub(crate) mod statements;
pub(crate) mod status;
