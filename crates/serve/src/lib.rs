//! `martydb serve`: rows of isolated databases over HTTP, each request with a login that the database limits.
//!
//! A request is parsed by a face into one typed request, planned against the catalog, and compiled to one parametrised
//! statement; these three are pure. The database decides what the login may do.
//!
//! - `request`: the typed request
//! - `face`: parsers of what callers send
//! - `catalog`: exposed relations
//! - `plan`: tree of relations
//! - `compile`: compiler to one statement
//! - `openapi`: document of what a caller may do
//! - `typescript`: types of the same for programs
//! - `settings`: limits and permissions
//! - `error`: error answers
//! - `callers`: who sends a request
//! - `token`: signed tokens of callers
//! - `guard`: rates, costs and breakers
//! - `session`: pools of a service's logins
//! - `handlers`: from the text of a request to its statements
//! - `run`: the one way through a request
//! - `answer`: status, headers and body
//! - `listener`: routes and limits of HTTP

#![deny(unreachable_pub)]

mod answer;
mod callers;
mod catalog;
mod closest_name;
mod compile;
mod error;
mod face;
#[cfg(test)]
mod generated;
mod guard;
mod handlers;
mod listener;
mod openapi;
mod plan;
mod request;
mod run;
mod session;
mod settings;
mod token;
mod typescript;

pub use callers::{CallerRight, CallerShare, Callers, KeyDigest, ServeCaller, digest};
pub use catalog::{ExposedFunction, ExposedRelation};
pub use error::HttpError;
pub use face::api::is_reserved;
pub use face::http_request::RestRequest;
pub use guard::ServerBreaker;
pub use handlers::rest::respond;
pub use listener::drain::{EndedRequests, ProcessDrain};
pub use listener::{ServedProcess, bind, is_version};
pub use openapi::page::ApiPage;
pub use run::replicas::ReplicaTargets;
pub use run::service::{ServedDatabase, ServedService};
pub use session::{LoginPool, LoginTarget, ServerConnector};
pub use settings::{ExposedFunctions, RecordOptions, RequestLimits, ServedExposure};
pub use token::{TokenKey, TokenRules, parse_keys};
