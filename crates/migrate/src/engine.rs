//! Execution of migrations on a server: the session with its lock, the checks before the first file, and the
//! executor.

pub(crate) mod batch;
mod contents;
pub(crate) mod executor;
pub(crate) mod failure;
pub(crate) mod non_transactional;
pub(crate) mod other_roles;
pub(crate) mod pipeline;
pub(crate) mod preflight;
pub(crate) mod rehearsal;
pub(crate) mod seed;
pub(crate) mod server_parse;
pub(crate) mod session;
mod watch;

pub(crate) use batch::MigrationStep;
pub(crate) use executor::StepRun;
pub(crate) use preflight::Preflight;
pub(crate) use session::{Intent, MigrationSession};
pub use watch::watched;
pub(crate) use watch::{Watcher, statement_count};
