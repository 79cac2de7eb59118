//! martydb: one database per service on PostgreSQL.
//!
//! The data flow is the layout: `manifest` → desired state (`model`), `server::inspect` → actual state,
//! `plan::diff` → a plan of typed steps, `server::apply` acts on it, and a second inspection must find nothing
//! left. Deciding is pure, acting is thin, and only `report` prints.

pub mod embedded;
pub mod error;
pub mod model;
pub mod report;
pub mod server;
pub mod sql;
