//! Redis: users and keys of services, provisioned and proven like a database.
//!
//! A user may run the commands of the contract, on keys and channels that begin with its service's prefix. The server
//! rewrites rules, so users are compared by effect: `ACL DRYRUN` of every command that the server has.
//!
//! - [`contract`]: commands of each user, and the danger of the others (pure)
//! - [`session`]: one connection
//! - [`desired`]: declared users, with the hashes of their passwords
//! - [`actual`]: state of a server, as values
//! - [`admin`]: login of the admin
//! - [`discovery`]: clients and prefixes of a server that is in use
//! - [`inspect`]: actual state of a server
//! - [`reach`]: address of a server, which may be embedded
//! - [`plan`]: difference between desired and actual state, as steps (pure)
//! - [`apply`]: executes steps, and saves the users
//! - [`rotate`]: new passwords, the former ones valid until the end
//! - [`statistics`]: memory, clients and refusals for the monitor
//! - [`teardown`]: removes a service's users and keys
//! - [`proof`]: findings from the users and settings, and by logging in

pub mod actual;
pub mod admin;
pub mod apply;
mod command;
pub mod contract;
pub mod desired;
pub mod discovery;
pub mod inspect;
mod pattern;
pub mod plan;
pub mod proof;
pub mod reach;
pub mod rotate;
pub mod session;
pub mod statistics;
pub mod teardown;
