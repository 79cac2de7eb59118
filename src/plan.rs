//! What has to change on a server, decided and not yet done.
//!
//! A [`Plan`] is a list of typed steps in the order they must run in. `diff` makes it, `ddl` turns each step into
//! SQL, and `converge::apply` runs it; a dry run and a real one differ in that last call only.

mod action;
pub mod admin_capabilities;
mod copy;
mod ddl;
pub mod diff;
mod object;
pub mod orphan_role;
mod privilege_gaps;
pub mod rotate;
mod stage;
mod step;
mod takeover;
pub mod teardown;

pub use action::{Action, Attribute, SettingValue, Verb};
pub use copy::copy;
pub use ddl::{passwordless, script};
pub use diff::{Lockout, Selection, StoredLogins, declared_settings, diff, left_over, locked_out};
pub use object::Object;
pub use stage::{Risk, Stage, StepOutcome};
pub use step::{Plan, PrivilegeGap, Step};
pub use takeover::{locked, ranges, transactions};
