//! Execution of migrations on a server: the session with its lock, the checks before the first file, and the
//! executor.

pub mod batch;
mod contents;
pub mod executor;
pub mod failure;
pub mod non_transactional;
pub mod pipeline;
pub mod preflight;
pub mod rehearsal;
pub mod session;
mod watch;

pub use batch::MigrationStep;
pub use executor::StepRun;
pub use preflight::Preflight;
pub use session::{Intent, MigrationSession};
pub use watch::{Watcher, statement_count};
