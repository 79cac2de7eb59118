//! What follows from the files and the history: decisions, made before anything is written. Pure.

pub mod compare;
pub mod downgrade_plan;
pub mod lint;
pub mod other_tools;
pub mod refusal;
pub mod upgrade_plan;

pub use compare::{Comparison, Divergence, Edit, compare};
pub use downgrade_plan::{DowngradeTo, plan_downgrade};
pub use lint::{LintFinding, lint};
pub use other_tools::OtherTool;
pub use refusal::PlanRefusal;
pub use upgrade_plan::plan_upgrade;
