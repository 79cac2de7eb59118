//! The migration engine. refinery's file names, checksums and table; what refinery lacks is added around it:
//! one run per database, the owner's role checked, a history that tells who and how long, refusals before
//! connecting, and errors with their place.
//!
//! The data flow: [`folder`] (files) and `history` (rows) → [`compare`] (pure) → a list of migrations →
//! refinery's `Runner` over the `adapter` → one message to the server for each (`envelope`).

mod accepted;
mod adapter;
mod authority;
mod baseline;
pub mod catalogue;
pub mod checksum;
pub mod compare;
mod course;
mod diff;
pub mod directive;
mod downgrade;
mod envelope;
mod failure;
pub mod folder;
pub mod foreign;
mod inventory;
mod lexer;
pub mod lint;
mod lock;
pub mod name;
mod nature;
pub mod outcome;
mod outside;
mod pause;
pub mod place;
mod progress;
pub mod rehearse;
mod repair;
pub mod revision;
mod rules;
mod script;
mod session;
mod shared;
pub mod source;
mod status;
mod tables;
mod target;
mod upgrade;

pub use baseline::baseline;
pub use compare::Order;
pub use course::Back;
pub use downgrade::downgrade;
pub use outcome::{
    Applied, Ended, Event, HistoryEvent, Item, OnEvent, Outcome, Planned, ServiceStatus, State,
};
pub use repair::{Repairable, Wrong, examine, repair};
pub use status::{current, history, status};
pub use target::{Operator, Options, Run, Target};
pub use upgrade::upgrade;
