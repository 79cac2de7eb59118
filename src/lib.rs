//! martydb: one database per service on PostgreSQL.
//!
//! This package is the program: command line, commands, output of their reports. The engines are the crates under
//! `crates/`; a crate imports only those before it:
//!
//! - `martydb-macros`: the template of `stmt!`
//! - `martydb-model`: names, desired and actual state, privileges, SQL statements, findings (pure)
//! - `martydb-pg`: PostgreSQL's protocol and sessions
//! - `martydb-ui`: reports, tables, progress, prompts
//! - `martydb-config`: manifest, secrets, embedded servers, backup stores
//! - `martydb-migrate`: migration files, lint, execution, history, import
//! - `martydb-provision`: inspection, plan, convergence, isolation proof, backup
//! - `martydb-split`: a shared database split into one database per service
//! - `martydb-relay`: outboxes published to brokers
//! - `martydb-serve`: data service over HTTP
//! - `martydb-deploy`: monitoring and deployment files
//!
//! A change goes from the manifest (desired state) and the catalogs (actual state) through a pure difference to a plan of
//! typed steps; the plan is printed or executed, and a second inspection must find no difference.
//!
//! - [`program`]: one run, and the effect of a signal on it
//! - [`interface`]: the help with its examples, and completion
//! - [`cli`]: the commands, one row each
//! - [`usage`]: clap's errors in martydb's form
//! - [`environment`]: the variables of the process
//! - [`signals`]: Ctrl-C and its like
//! - [`commands`]: a folder for each group of the help, a file for each command: arguments, use case, report
//! - [`shipped_files`]: templates, findings and runbooks that the program contains

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod cli;
pub mod commands;
pub mod environment;
pub mod interface;
pub mod program;
pub mod shipped_files;
pub mod signals;
pub mod usage;

pub use program::main;
