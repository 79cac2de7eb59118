//! Reads a server's catalogs: the queries, their rows and the values made of them. Read-only; it makes no decisions.
//!
//! [`inspect`] reads what a plan needs. [`snapshot`] reads in more detail, for the audit only.
//!
//! - [`dependencies`]: what depends on the roles of a service
//! - [`inspect`]: state of a server as a plan needs it
//! - [`rows`]: rows of the catalog queries

mod builtins;
mod census;
mod collect;
mod connection_strings;
mod database;
pub mod dependencies;
mod host_files;
pub mod inspect;
mod jobs;
mod large_objects;
mod login_files;
mod objects;
mod owner_code;
mod pristine;
pub mod rows;
mod snapshot;
mod texts;
mod token_shapes;

pub use builtins::{BuiltinChange, BuiltinDifference};
pub use collect::snapshot;
pub use connection_strings::users_with_passwords;
pub use database::{
    CheckedDomain, DatabaseCatalog, PrivilegedCatalog, PrivilegedRelation, PrivilegedRoutine, RoutineBody,
    RowPolicy, RowSecurity, SchemaAccess,
};
pub use host_files::OpenFile;
pub use jobs::Job;
pub use login_files::{Lines, QuotedWord, Quoting, quoting};
pub use objects::{
    CatalogObject, EventTrigger, Extension, ExtensionAccess, ForeignServer, Language, Mapping, ReadRelation,
};
pub use snapshot::{
    ConfigFile, FileSetting, HbaLine, IdentLine, LineMatch, NotExamined, PreparedTransaction, ServerSession,
    Snapshot, Tablespace, Unread,
};
pub use texts::{KnownPasswords, Leak, LeakedSecret, StoredPasswords, VerifierCopy};
pub use token_shapes::{VERIFIER, secret_of_known_shape};

#[cfg(test)]
mod tests;
