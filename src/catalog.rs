//! Reading a server's catalogues: the SQL, its rows, and what they mean as values. It reads and decides nothing.
//!
//! [`inspect`] reads what a plan needs; [`snapshot`] reads deeper, for the audit, and never what a plan alone needs.

mod collect;
mod database;
mod decode;
pub mod dependencies;
pub mod inspect;
mod objects;
mod privileged;
pub mod rows;
mod server_state;
mod snapshot;
#[cfg(test)]
mod whole_rows;

pub use collect::snapshot;
pub use database::{DatabaseCatalog, KnownPasswords};
pub use objects::{CatalogObject, EventTrigger, ForeignServer};
pub use privileged::{PrivilegedCatalog, PrivilegedRelation, PrivilegedRoutine, SchemaAccess};
pub use server_state::{ServerSession, Tablespace};
pub use snapshot::{ConfigFile, HbaLine, IdentLine, NotExamined, Snapshot, Unread};
