//! Further sessions of the migrator: one that reads catalogs while another one migrates, and one that has definitions
//! read again.

use std::time::{Duration, Instant};

use super::{Intent, log_in};
use crate::report::EventSender;
use crate::target::MigrationTarget;
use martydb_model::error::Result;
use martydb_pg::server::Connection;

/// Settings of a session that acts as the owner. Nothing it does takes long: no row is read.
const OWNER_SETTINGS: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("statement_timeout", "30s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "0"),
    ("check_function_bodies", "off"),
    ("default_tablespace", ""),
    ("IntervalStyle", "postgres"),
    ("jit", "off"),
];

/// Settings of a session that only reads catalogs. It acts only as the login, which inherits nothing.
const READER: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("role", "none"),
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    // The output of catalog functions must not depend on the login's settings.
    ("IntervalStyle", "postgres"),
    ("jit", "off"),
];

/// Opens a second session of the migrator, to read catalogs while another one migrates.
pub async fn connect_reader(target: &MigrationTarget, wait: Duration) -> Result<Connection> {
    Ok(log_in(target, Intent::Read, READER, Instant::now() + wait, &EventSender::ignored()).await?)
}

/// Opens a session of the migrator that acts as the owner, to have definitions read again: with settings that decide
/// how the server reads and prints text, and without checks that would compile functions.
pub async fn connect_as_owner(target: &MigrationTarget, wait: Duration) -> Result<Connection> {
    let settings = [OWNER_SETTINGS, &[("role", target.owner.as_str())]].concat();
    Ok(log_in(target, Intent::Read, &settings, Instant::now() + wait, &EventSender::ignored()).await?)
}
