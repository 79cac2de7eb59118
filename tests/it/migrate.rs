//! The migration engine against a real server.

mod concurrent;
mod hostile;
mod refused;
mod support;
mod upgrade;
