//! The migration engine against a real server.

mod advice;
mod as_they_are;
mod concurrent;
mod downgrade;
mod durable;
mod far;
mod glance;
mod hostile;
mod lock;
mod non_transactional;
mod refused;
mod rehearsal;
mod repair;
mod repeatable;
mod support;
mod upgrade;
mod watch;
