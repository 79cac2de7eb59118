//! Terminal side of martydb: reports as tables or JSON, progress, prompts, the flags that commands share.
//!
//! - [`annotation`]: findings at their lines, as GitHub shows them
//! - [`report`]: the only room that prints: documents, tables, progress
//! - [`flags`]: the flags that commands share
//! - [`prompt`]: questions on a terminal
//! - [`logging`]: the log of `-v` and `-vv`
//! - [`reload`]: requests of SIGHUP to reload the manifest

pub mod annotation;
pub mod flags;
pub mod logging;
pub mod prompt;
pub mod reload;
pub mod report;
