//! The login probes, called as a library: how a server answers, and what the answers prove.

mod matrix;
mod non_postgres;
mod session;
mod support;
mod tls;
