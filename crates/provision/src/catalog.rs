//! Reads a server's catalogs: the queries, their rows and the values made of them. Read-only; it makes no decisions.
//!
//! [`inspect`] reads what a plan needs. [`snapshot`] reads in more detail, for the audit only.

mod census;
mod collect;
mod database;
pub mod dependencies;
pub mod inspect;
mod objects;
mod owner_code;
pub mod rows;
mod snapshot;
mod texts;

pub use collect::snapshot;
pub use database::{
    CheckedDomain, DatabaseCatalog, PrivilegedCatalog, PrivilegedRelation, PrivilegedRoutine,
    RewrittenRoutine, RoutineBody, SchemaAccess,
};
pub use objects::{CatalogObject, EventTrigger, Extension, ExtensionAccess, ForeignServer, Job, Language};
pub use snapshot::{
    ConfigFile, FileSetting, HbaLine, IdentLine, LineMatch, NotExamined, ServerSession, Snapshot, Tablespace,
    Unread,
};
pub use texts::{KnownPasswords, Leak, LeakedSecret, StoredPasswords};

#[cfg(test)]
mod tests;
