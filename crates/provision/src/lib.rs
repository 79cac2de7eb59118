//! Provisioning and the isolation proof: [`catalog`] reads the actual state, [`plan`] computes typed steps, [`converge`]
//! executes them, [`audit`] and [`probe`] prove that no service reaches what belongs to another.
//!
//! - [`catalog`]: the actual state, read from a server's catalogs
//! - [`plan`]: the difference between desired and actual state, as steps (pure)
//! - [`converge`]: lock, inspect, plan, apply, retry, and inspect until nothing is left
//! - [`audit`]: findings from the catalogs (pure)
//! - [`probe`]: findings from logins
//! - [`scratch`]: a throwaway database with a service's roles
//! - [`test_databases`]: migrated copies of a template, for tests
//! - [`context`]: the manifest, its secrets and servers
//! - [`run`]: a command's context, settings, prompts and output
//! - [`replicas`]: lag of a server's replicas, and the wait until they have replayed a change
//! - [`targets`]: the database and the logins for each service's migrations
//! - [`provision`]: the manifest's databases, roles and privileges on a server
//! - [`adopt`]: an existing database, as the manifest would declare it
//! - [`rotate`]: new passwords for logins
//! - [`isolation`]: observes, judges and assesses the reach of every login
//! - [`teardown`]: the steps that remove a service
//! - [`moving`]: moves a service to another server: copies, compares, and closes the former database
//! - [`backup`]: dumps one service's database, restores it, and swaps it with the existing one
//! - [`reach`]: the reach of every login, by rules (pure)

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod adopt;
pub mod audit;
pub mod backup;
pub mod catalog;
pub mod context;
pub mod converge;
pub mod isolation;
pub mod moving;
pub mod plan;
pub mod probe;
pub mod provision;
pub mod reach;
pub mod replicas;
pub mod rotate;
pub mod run;
pub mod scratch;
pub mod targets;
pub mod teardown;
pub mod test_databases;

#[cfg(test)]
mod tests;
