//! Configuration of martydb: the manifest, secrets, connection URLs, embedded PostgreSQL servers and backup stores.
//!
//! - [`manifest`]: from YAML files to the desired state
//! - [`secrets`]: stores of the logins' passwords
//! - [`credentials`]: the admin's password, and other secrets in variables
//! - [`pgpass`]: libpq's password file
//! - [`connection_string`]: connection strings of a login, in the format of each client
//! - [`embedded`]: PostgreSQL servers that martydb starts itself
//! - [`backup_store`]: stores of backups, their integrity and retention
//! - [`program`]: runs a program that the manifest names, within limits
//! - [`process_group`]: ends a child process with its children
//! - [`replace_process`]: replaces this process by another program
//! - [`replace_file`]: replaces a file atomically
//! - [`lint_rules`]: names of the lint rules

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod account_trust;
pub mod backup_store;
pub mod connection_string;
pub mod credentials;
pub mod embedded;
pub mod lint_rules;
pub mod manifest;
mod passwords;
pub mod pgpass;
pub mod process_group;
pub mod program;
pub mod replace_file;
pub mod replace_process;
pub mod secrets;
