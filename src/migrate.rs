//! The migration engine. refinery's file names, checksums and table; what refinery lacks is added around it:
//! one run per database, the owner's role checked, a history that tells who and how long, refusals before
//! connecting, and errors with their place.
//!
//! The data flow: [`folder`] (files) and `history` (rows) → [`compare`] (pure) → a list of migrations →
//! refinery's `Runner` over the `adapter` → one message to the server for each (`envelope`).

pub mod checksum;
pub mod compare;
pub mod directive;
pub mod folder;
mod lexer;
pub mod name;
pub mod place;
mod rules;
mod script;
pub mod source;
