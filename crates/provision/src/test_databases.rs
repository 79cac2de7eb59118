//! Test databases: migrated databases of a service that live for a day, copied from a template that is made once for
//! each content of the migration files.
//!
//! A template begins as a scratch database, in which the migrator runs the migrations as in the service's own database. It
//! gets its name, its mark and the end of all connections in one transaction, so that a template with the name is
//! complete. No session enters it afterwards. The admin copies, marks and drops databases from outside; what a service has
//! made in one never runs with the admin's rights.
//!
//! The owner of both kinds is the admin, so that no login of a service can write their mark.

mod content;
mod list;
mod make;
mod old;
mod template;
mod workshop;

pub use list::ListedTestDatabase;
pub use make::MadeTestDatabase;
pub use old::{Cleared, InUse, LIFETIME};
pub use template::Template;
pub use workshop::Workshop;
