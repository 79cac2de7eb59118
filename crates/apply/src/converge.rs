//! Makes a server match the desired state, and proves that it does.
//!
//! Every command that changes a server is a [`Planner`] in the one loop of [`converge`]: lock, inspect, plan,
//! agree, execute, and inspect again until no step is left. Running it again completes a run that was killed.

mod database_errors;
mod engine;
mod execute;
mod lock_queue;
mod transaction;

pub use engine::{Converged, Planner, Policy, Remaining, converge};
pub use transaction::{AdminSide, Passwords, statements};
