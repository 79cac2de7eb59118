//! `martydb serve`: rows of isolated databases over HTTP, each request with a login that the database limits.
//!
//! A request is parsed by a face into one typed request, planned against the catalog, and compiled to one parametrised
//! statement; these three are pure. The database decides what the login may do.
//!
//! - [`request`]: the typed request
//! - [`face`]: parsers of what callers send
//! - [`catalog`]: exposed relations
//! - [`plan`]: tree of relations
//! - [`compile`]: compiler to one statement
//! - [`openapi`]: document of what a caller may do
//! - [`settings`]: limits and permissions
//! - [`fault`]: error answers
//! - [`callers`]: who sends a request
//! - [`token`]: signed tokens of callers
//! - [`guard`]: rates, costs and breakers
//! - [`session`]: pools of a service's logins
//! - `handlers`: from the text of a request to what is to be done
//! - `run`: the one way through a request
//! - `answer`: status, headers and body
//! - [`listener`]: routes and limits of HTTP

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod answer;
pub mod callers;
pub mod catalog;
mod closest_name;
pub mod compile;
pub mod face;
pub mod fault;
pub mod guard;
mod handlers;
pub mod listener;
pub mod openapi;
pub use openapi::page;
pub mod plan;
pub mod request;
mod run;
pub mod serving;
pub mod session;
pub mod settings;
pub mod token;
