//! Decisions based on the files and the history, made before anything is written. Pure.

pub(crate) mod compare;
pub(crate) mod history_names;
pub(crate) mod lint;
pub mod other_tools;
pub(crate) mod plan;
pub(crate) mod repeatables;
pub mod squawk_rules;
pub(crate) mod syntax;

pub use compare::Comparison;
pub(crate) use compare::compare;
pub(crate) use compare::{Divergence, Edit};
pub(crate) use history_names::name_history;
pub(crate) use lint::TableSize;
pub use lint::{LintFinding, LintSeverity, TableSizes, lint};
pub(crate) use other_tools::OtherTool;
pub use plan::DowngradeTo;
pub(crate) use plan::{PlanRefusal, plan_downgrade, plan_upgrade};
pub use syntax::syntax_errors;
