//! Adoption of an existing database: the manifest's keys for the service, and one role under `access:` for each
//! role that uses the database. Everything here is derived from the catalogs; only [`survey`] connects to a server.

mod consequences;
mod holders;
mod keys;
mod levels;
mod people;
mod survey;

pub use consequences::{Consequences, consequences};
pub use holders::Scene;
pub use keys::{ServiceKeys, declare};
pub use people::{Declarations, Person, people};
pub use survey::{Survey, survey};
