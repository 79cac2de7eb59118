//! Files, accounts and child processes of the operating system.
//!
//! - [`account_trust`]: accounts whose files this process believes
//! - [`process_group`]: ends a child process with its children
//! - [`program`]: runs a program that the manifest names, within limits
//! - [`replace_file`]: replaces a file atomically
//! - [`replace_process`]: replaces this process by another program
//! - [`state_folder`]: the folder of martydb's own files beside a manifest

pub mod account_trust;
mod plain_file;
pub mod process_group;
pub mod program;
pub mod replace_file;
pub mod replace_process;
pub mod state_folder;

pub use plain_file::{UnreadFile, read_named, read_named_text, read_plain, read_text};
