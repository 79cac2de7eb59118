//! Provisioning: what a server lacks of a manifest's databases, roles, grants and settings, and adding it.

mod apply;
mod compare_passwords;
mod plan;
mod scope;
mod verify_passwords;

pub use apply::{apply, makes_passwords};
pub use plan::{PlannedServer, plan};
pub use scope::{PlanOptions, PlanScope};
