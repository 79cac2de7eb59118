//! HTTP listener: address, TLS, limits and users. It knows nothing of what it serves.
//!
//! - [`exposition`]: samples of metrics as text, in two formats

mod auth;
pub mod exposition;
mod host;
mod limit;
mod listen;
mod targets;

pub use auth::{HttpAuth, HttpListener};
pub use listen::{Bound, client_names};
