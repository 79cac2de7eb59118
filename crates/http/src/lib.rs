//! HTTP listener: address, TLS, limits and users. It knows nothing of what it serves.
//!
//! - [`exposition`]: samples of metrics as text, in two formats

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod auth;
pub mod exposition;
mod host;
mod limit;
mod listen;

pub use auth::{HttpAuth, HttpListener};
pub use listen::{Bound, client_names};
