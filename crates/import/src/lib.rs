//! Import of another tool's folder of migrations: its files, their meaning, order and versions. The results are
//! values; only `tree` and `alembic` read, and only `write` writes.
//!
//! - [`discovery`]: discovery of a project's existing services, which `init` proposes for a new manifest
//! - [`tool_aliases`]: words of other tools that people type, each with the command of martydb

mod alembic;
mod copy;
pub mod discovery;
mod files;
mod history_match;
mod kinds;
mod liquibase;
mod name;
mod number;
mod own_table;
mod psql;
mod recognise;
mod script;
mod split;
mod sqitch;
pub mod tool_aliases;
mod tools;
mod tree;
mod write;

pub use alembic::read as read_alembic;
pub use files::{NewFile, planned};
pub use history_match::history_match;
pub use kinds::{ImportedFolder, OmittedPart};
pub use number::normal;
use recognise::FolderContents;
pub use recognise::{FolderTool, recognise};
pub use tools::{TOOLS, Tool};
pub use tree::read;
pub use write::{WriteCount, write};
