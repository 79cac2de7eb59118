//! HTTP listener: address, TLS, limits and users. It knows nothing of what it serves.
//!
//! - [`exposition`]: samples of metrics as text, in two formats

mod auth;
mod certificate;
mod connections;
pub mod exposition;
mod frames;
mod host;
mod huffman;
mod limit;
mod listen;
mod progress;
mod requests;
mod stream;
mod taken;
mod targets;

pub use auth::{HttpAuth, HttpListener};
pub use connections::client_names;
pub use limit::ConnectionLimits;
pub use listen::{Bound, Drain, Routes};
