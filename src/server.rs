//! Talking to one PostgreSQL server: where it is, how to log in, how to run a statement, how to read an error.

mod access;
pub mod advisory;
pub mod apply;
mod connect;
mod fault;
pub mod inspect;
pub mod lock;
pub mod notices;
pub mod presence;
pub mod racing;
mod relay;
pub mod tls;
pub mod traces;
#[cfg(test)]
mod whole_rows;

pub use access::{Access, Hooks};
pub use connect::APPLICATION_NAME;
pub use connect::{
    Endpoint, Host, Login, Tls, TlsMode, connect, connect_with, execute, execute_warned, query,
};
pub use fault::{Fault, describe};
