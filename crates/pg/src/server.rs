//! Connections to one PostgreSQL server: its address, logins, statements and errors.

mod access;
pub mod advisory;
pub mod conflicts;
mod connect;
pub mod existence;
pub mod hosts;
pub mod lock;
pub mod lock_attempts;
pub mod pooler_check;
mod rows;
pub mod sessions;
pub mod targets;

pub use crate::wire::{
    APPLICATION_NAME, ActingLogin, Connection, CopyListener, CopyStatements, Endpoint, ErrorResponse,
    ExchangeResult, FailedStatement, Host, Limits, Login, ReplicationStream, Row, StreamFrame, Tls, TlsMode,
    Unreadable,
};
pub use access::{Access, COMMON_DATABASE, EventTriggerGuard, PATIENCE, while_full};
pub use connect::{
    connect, connect_watched, connect_with, copy, copy_in, copy_out, execute, execute_protected,
    execute_warned, program_options, query, query_each, query_rows, replicate,
};
pub use rows::{FromRow, query_as, query_first, query_one};
