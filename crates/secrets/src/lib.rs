//! Passwords of the logins: storing, generating and reading them without exposing them.
//!
//! The store is written before the server: a password that only the server has is lost; one that only the store has is
//! set by the next run.
//!
//! - [`credentials`]: passwords of admins, and other secrets in variables
//! - `pgpass`: libpq's password file

mod absent;
mod answers;
mod command;
pub mod credentials;
mod entries;
mod file;
mod guard;
mod key;
pub(crate) mod pgpass;
mod private_file;
mod rotation;
mod store;
mod transfer;
mod values;
mod variable;

pub use entries::{StoredEntries, StoredLogin};
pub use key::CredentialKey;
pub use martydb_pg::password::{password, sha256, verifier};
pub use private_file::PrivateFile;
pub use store::{LockedStore, Store};
pub use transfer::TransferOutcome;
pub use values::Secrets;
pub use variable::name as variable_name;

#[cfg(test)]
mod tests;
