//! The live probes against real servers, which each test starts for itself and throws away.

mod matrix;
mod session;
mod strangers;
mod support;
mod tls;
