//! The migration engine against a real server.

mod as_they_are;
mod concurrent;
mod downgrade;
mod hostile;
mod lock;
mod non_transactional;
mod refused;
mod repair;
mod repeatable;
mod support;
mod upgrade;
