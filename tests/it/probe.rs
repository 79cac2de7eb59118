//! The login probes, called as a library: how a server answers, and what the answers prove.

mod matrix;
mod session;
mod strangers;
mod support;
mod tls;
