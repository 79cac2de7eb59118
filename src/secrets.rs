//! Passwords of the logins: where they are kept, how new ones are made, and never where they can be seen.
//!
//! The store is written before the server is: a password that only the server knows is lost, one that only the
//! store knows is set by the next run.

mod absent;
mod command;
mod file;
mod generate;
mod guard;
mod key;
mod place;
mod program;
mod rotation;
mod store;
mod values;
mod variable;

pub use generate::{password, verifier};
pub use key::CredentialKey;
pub use store::{LockedStore, Store};
pub use values::Secrets;

#[cfg(test)]
mod tests;
