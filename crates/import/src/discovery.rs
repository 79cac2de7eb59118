//! Discovery of a project's existing services, which `init` proposes for a new manifest.
//!
//! Finding is separate from deciding: only `tree` reads files; `settings` and `folders` interpret them,
//! `proposal` decides on services, `servers` on servers, and `text` and `overlays` write the proposal as a manifest. `url` never
//! returns a password.

mod environments;
mod folders;
mod kubernetes;
mod names;
pub mod not_imported;
mod overlays;
mod proposal;
mod servers;
mod settings;
mod text;
mod tree;
mod url;
mod words;

pub use names::service_name;
pub use overlays::overlays;
pub use proposal::{Proposal, ProposedService, propose};
pub use settings::findings;
pub use text::manifest;
pub use tree::read;

#[cfg(test)]
mod tests;
