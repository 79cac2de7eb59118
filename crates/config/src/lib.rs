//! Configuration of martydb: the manifest, secrets, connection URLs, embedded PostgreSQL servers and backup stores.
//!
//! - [`manifest`]: from YAML files to the desired state
//! - [`secrets`]: where the logins' passwords are kept
//! - [`credentials`]: the admin's password, and other secrets that variables hold
//! - [`pgpass`]: libpq's password file
//! - [`connection_string`]: where a login connects to, in the form that each client reads
//! - [`embedded`]: PostgreSQL servers that martydb runs itself
//! - [`backup_store`]: where backups are kept, whole and unchanged, and which ones stay
//! - [`process_group`]: ends a child process with its children
//! - [`replace_process`]: another program in place of this one
//! - [`replace_file`]:
//! - [`lint_rules`]: the names of the lint's rules

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod backup_store;
pub mod connection_string;
pub mod credentials;
pub mod embedded;
pub mod lint_rules;
pub mod manifest;
pub mod pgpass;
pub mod process_group;
pub mod replace_file;
pub mod replace_process;
pub mod secrets;
