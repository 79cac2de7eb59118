//! Decisions based on the files and the history, made before anything is written. Pure.

pub mod compare;
pub mod lint;
pub mod other_tools;
pub mod plan;
pub mod repeatables;
pub mod squawk_rules;
pub mod syntax;

pub use compare::{Comparison, Divergence, Edit, compare};
pub use lint::{LintFinding, LintSeverity, TableSize, TableSizes, lint};
pub use other_tools::OtherTool;
pub use plan::{DowngradeTo, PlanRefusal, plan_downgrade, plan_upgrade};
pub use syntax::syntax_errors;
