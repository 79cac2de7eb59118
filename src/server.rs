//! Talking to one PostgreSQL server: where it is, how to log in, how to run a statement, how to read an error.

mod access;
pub mod advisory;
pub mod apply;
mod connect;
pub mod inspect;
pub mod lock;
pub mod presence;
pub mod racing;
pub mod rows;
pub mod traces;
#[cfg(test)]
mod whole_rows;

pub use crate::wire::{
    APPLICATION_NAME, Connection, Endpoint, Fault, Host, Limits, Login, Row, Tls, TlsMode, Unreadable,
};
pub use access::{Access, Hooks};
pub use connect::{
    connect, connect_watched, connect_with, execute, execute_protected, execute_warned, query, query_each,
    query_rows,
};
