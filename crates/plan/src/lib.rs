//! Changes that a server needs, decided and not yet made.
//!
//! A [`Plan`] is a list of typed steps in their order of execution. `diff` makes it, `ddl` turns each step into
//! SQL, and `converge::apply` runs it. A dry run differs only in that last call.
//!
//! - [`admin_capabilities`]: privileges of the admin that a plan needs
//! - [`diff`](mod@diff): the difference between desired and actual state
//! - [`grouping`]: steps that people see as one
//! - [`records`]: tables of the data service's records
//! - [`rotate`]: plan of new passwords
//! - [`scratch`]: databases of a run alone

mod action;
pub mod admin_capabilities;
mod copy;
mod counters;
mod database_option;
mod ddl;
pub mod diff;
pub mod grouping;
mod loss;
mod object;
mod ownership;
mod parameters;
mod privilege_gaps;
pub mod records;
mod removal;
pub mod rotate;
mod stage;
mod step;
mod verb;

pub use action::{Action, Attribute, SettingValue, Verb};
pub use copy::copy;
pub use database_option::DatabaseOption;
pub use ddl::{NewPasswords, PASSWORDLESS, script};
pub use diff::{Selection, StoredLogins, declared_settings, diff, left_over, same_setting};
pub use loss::{LOGINS_NAMED, Loss, LostObject};
pub use object::Object;
pub use ownership::{locked, ranges, transactions};
pub use parameters::impossible;
pub use removal::{orphan_role, scratch, teardown};
pub use stage::{Risk, Stage, StepOutcome};
pub use step::{CopyOrigin, DbaRequest, Plan, PrivilegeGap, Step};
