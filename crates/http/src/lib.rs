//! HTTP listener: address, TLS, limits and users. It knows nothing of what it serves.

mod auth;
mod host;
mod limit;
mod listen;

pub use auth::{HttpAuth, HttpListener};
pub use listen::{Bound, client_names};
