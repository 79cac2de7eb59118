//! Attempts to log in, and what each of them proves.
//!
//! `task` says which logins at which databases, `attempts` makes the attempts, `verdict` says what an answer of the
//! server proves, and `matrix` judges all of them. `isolation` builds its proof on this room; `apply`, `rotate` and
//! `test-connections` use it to learn whether a stored password works.

mod attempts;
mod connections;
mod matrix;
mod task;
mod verdict;

pub use attempts::{LoginAttempts, attempt_patiently, quickest, try_all, try_own, verifiers};
pub use connections::{ConnectionRow, Connections, LoginResult, connections};
pub use matrix::{Probe, ProbePlace, ProbeSummary, judge};
pub use task::{ATTEMPT_TIMEOUT, ProbeDatabase, ProbeLogin, Task};
pub use verdict::{AccessPolicy, Control, Judgement, Verdict, judge_foreign, judge_own};
