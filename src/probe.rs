//! Proving isolation by logging in.
//!
//! `wire` makes attempts, `verdict` says what each proves, `run` tries every login at every database, and
//! `matrix` puts the pieces together for people and scripts. `listeners` and `trials` go beyond the manifest's address
//! and the right password, `inside` past the door of a login's own database. Every decision is a pure function over what was seen.

mod connections;
mod finding;
mod guess;
mod hba;
mod inside;
mod listeners;
mod matrix;
mod offline;
mod render;
mod run;
mod simulated;
mod task;
mod trials;
mod verdict;
mod ways;

pub use connections::{Connection, Connections, Reached, connections};
pub use finding::{Finding, Key, Severity, Source, findings, listed};
pub use inside::{Inside, try_inside};
pub use listeners::{Listener, Says, Side, listeners};
pub use matrix::{Matrix, Place, Probe, Skipped, Summary, judge, summarise};
pub use offline::known_elsewhere;
pub use render::{fix_lines, numbers, subject, text, title, wrapped};
pub use run::{Progress, Seen, try_all, try_own, try_sample, unwatched};
pub use simulated::{Known, simulate};
pub use task::{ATTEMPT_TIMEOUT, DatabaseKind, ProbeDatabase, ProbeLogin, Task, within_limits};
pub use trials::{Extent, Scene, Tried, try_trials};
pub use verdict::{Control, Door, Judgement, Verdict, judge_foreign, judge_own};
pub use ways::{Way, ways_in};
