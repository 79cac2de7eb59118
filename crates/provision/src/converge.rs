//! Makes a server match what is wanted of it, and proves that it does.
//!
//! Every command that changes a server is a [`Planner`] on the one loop of [`converge`]: lock, inspect, plan, agree,
//! execute, and inspect again until no step is left. A run that was killed is finished by running it again.

mod database_errors;
mod engine;
mod execute;
mod lock_queue;
mod transaction;

pub use engine::{Converged, Planner, Policy, Remaining, converge};
pub use execute::Jobs;
pub use transaction::Passwords;
