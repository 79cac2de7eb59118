//! A database that people live in, as the manifest would declare it: the service's keys, and a role under `access:` for each of
//! those who use it. What is decided here is decided from the catalogues alone; only [`survey`] asks a server.

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
