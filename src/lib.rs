//! martydb: one database per service on PostgreSQL.
//!
//! This package is the program: command line, commands, output of their reports. The engines are the crates under
//! `crates/`; a crate imports only those before it:
//!
//! - `martydb-macros`: the template of `stmt!`, and the attribute `boxed`
//! - `martydb-model`: names, desired and actual state, privileges, SQL statements, findings (pure)
//! - `martydb-pg`: PostgreSQL's protocol and sessions
//! - `martydb-sql`: reader of SQL text
//! - `martydb-os`: files, accounts and child processes of the operating system
//! - `martydb-ui`: reports, tables, progress, prompts
//! - `martydb-http`: HTTP listener, and the text formats of metrics
//! - `martydb-manifest`: from YAML files to the desired state
//! - `martydb-secrets`: stores of the logins' passwords
//! - `martydb-embedded`: servers that martydb starts itself
//! - `martydb-context`: the manifest with its secrets and servers
//! - `martydb-catalog`: inspection of a server's catalogs
//! - `martydb-migrate`: migration files, lint, execution, history
//! - `martydb-import`: import from other tools, discovery of services
//! - `martydb-schema-diff`: difference between two schemas, as the statements of a revision
//! - `martydb-pg-dump`: runs of `pg_dump` and `pg_restore`
//! - `martydb-plan`: the difference as typed steps (pure)
//! - `martydb-apply`: execution of plans
//! - `martydb-isolation`: audit, reach, probes
//! - `martydb-backup`: backups, their stores, moves
//! - `martydb-compare`: comparison of rows in two databases
//! - `martydb-provision`: the manifest's databases, roles and privileges on its servers
//! - `martydb-partitions`: partitions by time
//! - `martydb-split`: a shared database split into one database per service
//! - `martydb-redis`: users and keys of services on Redis
//! - `martydb-relay`: outboxes published to brokers
//! - `martydb-monitor`: metrics and scheduled checks
//! - `martydb-render`: deployment files
//! - `martydb-report`: page of `report`
//! - `martydb-serve`: data service over HTTP
//! - `martydb-samples`: states of servers for unit tests
//!
//! A change goes from the manifest (desired state) and the catalogs (actual state) through a pure difference to a plan of
//! typed steps; the plan is printed or executed, and a second inspection must find no difference.
//!
//! - [`app`]: the context of a command, with its prompts and output
//! - [`program`]: one run, and the effect of a signal on it
//! - [`interface`]: the help with its examples, and completion
//! - [`cli`]: the commands, one row each
//! - [`usage`]: clap's errors in martydb's form
//! - [`environment`]: the variables of the process
//! - `signals`: Ctrl-C and its like
//! - [`commands`]: a folder for each group of the help, a file for each command: arguments, use case, report
//! - [`shipped_files`]: templates, findings and runbooks that the program contains

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod app;
pub mod cli;
pub mod commands;
pub mod environment;
pub mod interface;
pub mod program;
pub mod shipped_files;
pub(crate) mod signals;
pub mod usage;

pub use program::main;
