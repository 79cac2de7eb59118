//! Login attempts, and the evidence that each of them gives.
//!
//! `task` lists logins and databases, `attempts` makes the attempts, `verdict` judges one answer of the server,
//! and `matrix` judges all of them. `isolation` builds its proof on this module; `apply`, `rotate` and
//! `test-connections` use it to test stored passwords.

mod attempts;
mod connections;
mod matrix;
mod others;
mod task;
mod verdict;

pub(crate) use attempts::attempt_patiently;
pub(crate) use attempts::quickest;
pub use attempts::{LoginAttempts, try_all, try_own, verifiers};
pub use connections::{ConnectionRow, Connections, LoginResult, connections};
pub use matrix::{Probe, ProbeCoverage, ProbeExtent, ProbeLocation, ProbeSummary, judge};
pub use others::OtherDatabases;
pub use task::{ProbeDatabase, ProbeLogin, ProbeSelection, Task};
pub use verdict::{AccessPolicy, Control, Judgement, Verdict, judge_foreign, judge_own};
