//! Operation of martydb in a cluster: [`monitor`] exports metrics, [`render`] writes deployment files.
//!
//! - [`http`]: HTTP listener with TLS and users
//! - [`monitor`]: metrics of servers, migrations and isolation, over HTTP or as a file
//! - [`relay_metrics`]: metrics that a relay counts itself, over HTTP
//! - [`render`]: deployment files, from the same map as databases and privileges (pure)

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "monitor")]
pub mod monitor;
#[cfg(feature = "monitor")]
pub mod relay_metrics;
pub mod render;
