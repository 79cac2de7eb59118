//! Reach of every login: facts of the catalogs, the rules of PostgreSQL's privilege system, and the conclusions.
//!
//! A list of leaks contains those that its author thought of. Here each rule of the server is stated once, with the
//! page of the manual that it comes from, and a Datalog engine combines them: it finds everything that they allow
//! together, with the path that shows how. Pure: [`martydb_catalog`] has read everything, and `audit::reach` turns it
//! into facts and findings.

mod actor;
mod captured;
mod facts;
mod graph;
mod ids;
mod path;
mod rules;
mod state;
mod step;
#[cfg(test)]
mod tests;

pub use facts::{Facts, Member, Object};
pub use graph::{AccessGraph, GraphEdge, GraphNode, NodeKind};
pub use ids::{DatabaseId, ObjectId, PUBLIC, RoleId, ServiceId};
pub(crate) use path::Conclusions;
pub use path::Path;
pub(crate) use path::conclude;
pub(crate) use state::Conclusion;
pub use state::Target;
pub use step::PathStep;
