//! Adoption of an existing database: the manifest's keys for the service, and one role under `access:` for each
//! role that uses the database. Everything here is derived from the catalogs; only [`survey`] connects to a server.

mod consequences;
mod entry;
mod holders;
mod levels;
mod manifest_keys;
mod roles;
mod survey;

pub use consequences::{Consequences, consequences};
pub use entry::{AccessEntries, ServiceEntry};
pub use holders::ScanContext;
pub use manifest_keys::{ServiceKeys, declare};
pub use roles::{AdoptedRole, Declarations, adopted_roles};
pub use survey::{Survey, candidates, survey};
