//! Passwords of the logins: where they are kept, how new ones are made, and never where they can be seen.
//!
//! The store is written before the server is: a password that only the server knows is lost, one that only the
//! store knows is set by the next run.

mod absent;
mod answers;
mod command;
mod entries;
mod file;
mod generate;
mod guard;
mod key;
mod place;
mod program;
mod rotation;
mod store;
mod transfer;
mod values;
mod variable;

pub use entries::{KeptEntries, KeptLogin};
pub use generate::{password, verifier};
pub use key::CredentialKey;
pub use place::PrivateFile;
pub use store::{LockedStore, Store};
pub use transfer::Receipt;
pub use values::Secrets;
pub use variable::name as variable_name;

#[cfg(test)]
mod tests;
