//! The migration engine. refinery's file names, checksums and table; what refinery lacks is added around it:
//! one run per database, the owner's role checked, a history that tells who and how long, refusals before
//! connecting, and errors with their place.
//!
//! The data flow: [`folder`] (files) and `history` (rows) → [`compare`] (pure) → a list of migrations →
//! refinery's `Runner` over the `adapter` → one message to the server for each (`envelope`).

mod adapter;
pub mod checksum;
pub mod compare;
pub mod directive;
mod envelope;
mod failure;
pub mod folder;
mod lexer;
pub mod name;
pub mod outcome;
mod outside;
pub mod place;
pub mod revision;
mod rules;
mod script;
mod session;
pub mod source;
mod status;
mod tables;
mod target;
mod upgrade;

pub use compare::Order;
pub use outcome::{Applied, Ended, Event, HistoryEvent, Item, OnEvent, Outcome, ServiceStatus, State};
pub use status::{current, history, status};
pub use target::{Operator, Options, Presence, Run, Target};
pub use upgrade::upgrade;
