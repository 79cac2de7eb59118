//! The migration engine against a real server.

mod advice;
mod concurrent;
mod downgrade;
mod durable;
mod history_place;
mod hostile;
mod lock;
mod non_transactional;
mod own_transactions;
mod pipeline;
mod refused;
mod rehearsal;
mod repair;
mod repeatable;
mod server_parse;
mod status_queries;
mod support;
mod upgrade;
mod watch;
