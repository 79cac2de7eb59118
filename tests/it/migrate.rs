//! The migration engine against a real server.

mod concurrent;
mod downgrade;
mod hostile;
mod lock;
mod outside;
mod refused;
mod repair;
mod support;
mod upgrade;
