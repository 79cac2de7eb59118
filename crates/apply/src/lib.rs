//! Changes of a server by plans: [`converge`] executes the steps, and the use cases build on it.
//!
//! - [`converge`]: lock, inspect, plan, apply, retry, and inspect until nothing is left
//! - [`scratch`]: a throwaway database with a service's roles
//! - [`test_databases`]: migrated copies of a template, for tests
//! - [`rotate`]: new passwords for logins
//! - [`adopt`]: an existing database, as the manifest would declare it
//! - [`teardown`]: the steps that remove a service
//! - [`run_record`]: a row for each run that changes something, in the maintenance database
//! - [`replicas`]: lag of a server's replicas, and the wait until they have replayed a change

pub mod adopt;
pub mod converge;
pub mod replicas;
pub mod rotate;
pub mod run_record;
pub mod scratch;
pub mod teardown;
pub mod test_databases;
