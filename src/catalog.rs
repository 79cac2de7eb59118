//! Reading a server's catalogues: the SQL, its rows, and what they mean as values. It reads and decides nothing.
//!
//! [`inspect`] reads what a plan needs; [`snapshot`] reads deeper, for the audit, and never what a plan alone needs.

mod builtins;
mod collect;
mod connection_strings;
mod database;
mod decode;
pub mod dependencies;
pub mod inspect;
mod objects;
mod privileged;
pub mod rows;
mod server_state;
mod snapshot;
mod texts;
#[cfg(test)]
mod whole_rows;

pub use builtins::RewrittenRoutine;
pub use collect::snapshot;
pub use database::DatabaseCatalog;
pub use decode::is_cut;
pub use objects::{CatalogObject, EventTrigger, Extension, ExtensionAccess, ForeignServer, Language};
pub use privileged::{PrivilegedCatalog, PrivilegedRelation, PrivilegedRoutine, SchemaAccess};
pub use server_state::{ServerSession, Tablespace};
pub use snapshot::{ConfigFile, FileSetting, HbaLine, IdentLine, LineMatch, NotExamined, Snapshot, Unread};
pub use texts::{KnownPasswords, Leak, LeakedSecret};
