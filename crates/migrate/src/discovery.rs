//! What lies around where a manifest is missing: the services that are there already, as `init` proposes them.
//!
//! Finding is apart from deciding: `tree` reads the files and nothing else does; `settings` and `folders` say what they
//! mean, `proposal` decides on services and servers, and `text` writes that down as a manifest. A password never leaves
//! `url`, which reads past it.

mod folders;
mod names;
mod proposal;
mod settings;
mod text;
mod tree;
mod url;

pub use folders::MigrationsFound;
pub use names::service_name;
pub use proposal::{Proposal, ProposedService, propose};
pub use settings::{DatabaseFound, ProjectFindings, findings};
pub use text::manifest;
pub use tree::{ProjectTree, SeenFile, read};

#[cfg(test)]
mod tests;
