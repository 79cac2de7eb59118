//! martydb: one database per service on PostgreSQL.
//!
//! The data flow is the layout: `manifest` → desired state (`model`), `server::inspect` → actual state,
//! `plan::diff` → a plan of typed steps, `server::apply` acts on it, and a second inspection must find nothing
//! left. Deciding is pure, acting is thin, and only `report` prints.

pub mod error;
pub mod manifest;
pub mod migrate;
pub mod model;
pub mod report;
pub mod server;
pub mod sql;
pub mod suggest;
pub mod units;

/// The schema that holds martydb's own history in each service's database.
pub const HISTORY_SCHEMA: &str = "martydb";

/// Ends the name of a login's twin during a rotation.
pub const TWIN_SUFFIX: &str = "_b";
