//! What has to change on a server, decided and not yet done.
//!
//! A [`Plan`] is a list of typed steps in the order they must run in. `diff` makes it, `ddl` turns each step into
//! SQL, and `converge::apply` runs it; a dry run and a real one differ in that last call only.

mod action;
pub mod admin_capabilities;
mod copy;
mod database_option;
mod ddl;
pub mod diff;
pub mod grouping;
mod loss;
mod object;
pub mod orphan_role;
mod parameters;
mod privilege_gaps;
pub mod rotate;
mod stage;
mod step;
mod takeover;
pub mod teardown;

pub use action::{Action, Attribute, SettingValue, Verb};
pub use copy::copy;
pub use database_option::DatabaseOption;
pub use ddl::{NewPasswords, PASSWORDLESS, script};
pub use diff::{Selection, StoredLogins, declared_settings, diff, left_over, same_setting};
pub use loss::{LOGINS_NAMED, Loss, LostOn};
pub use object::Object;
pub use parameters::impossible;
pub use stage::{Risk, Stage, StepOutcome};
pub use step::{CopyOrigin, DbaRequest, Plan, PrivilegeGap, Step};
pub use takeover::{locked, ranges, transactions};
