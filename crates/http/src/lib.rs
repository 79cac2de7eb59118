//! HTTP listener: address, TLS, limits and users. It knows nothing of what it serves.
//!
//! - [`exposition`]: samples of metrics as text, in two formats

mod auth;
pub mod exposition;
mod host;
mod limit;
mod listen;
mod progress;
mod targets;

pub use auth::{HttpAuth, HttpListener};
pub use limit::ConnectionLimits;
pub use listen::{Bound, Drain, Routes, client_names};
