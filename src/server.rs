//! Talking to one PostgreSQL server: where it is, how to log in, how to run a statement, how to read an error.

mod connect;
mod fault;
pub mod notices;

pub use connect::APPLICATION_NAME;
pub use connect::{Endpoint, Host, Login, Tls, TlsMode, connect, connect_with, execute};
pub use fault::{Fault, describe};
