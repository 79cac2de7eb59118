//! Test databases: migrated databases of a service that are kept for one day, copied from a template. There is one
//! template per content of the migration files.
//!
//! A template begins as a scratch database, in which the migrator runs the migrations as in the service's own
//! database. One transaction then renames it, marks it and closes it to connections, so a template with the final
//! name is complete and no session connects to it afterwards. The admin copies, marks and drops databases from
//! outside; code that a service creates in one never runs with the admin's privileges.
//!
//! The admin owns templates and test databases, so no login of a service can write their mark.

mod content;
mod context;
mod list;
mod make;
mod old;
mod template;

pub use context::CopyContext;
pub use list::ListedTestDatabase;
pub use make::CreatedTestDatabase;
pub use old::{BusyTestDatabase, ClearedDatabases, LIFETIME};
pub use template::Template;
