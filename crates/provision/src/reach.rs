//! What every login can reach: facts of the catalogues, the rules of PostgreSQL's privilege system, and what follows.
//!
//! A list of leaks finds those that its author thought of. Here each rule of the server stands once, with the page
//! that it comes from, and a Datalog engine combines them: whatever they allow together is found, with the path that
//! shows how. Pure: [`crate::catalog`] has read everything, and `audit::reach` turns it into facts and findings.

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
pub use path::{Conclusions, Path, conclude};
pub use state::{Conclusion, Target};
pub use step::PathStep;
