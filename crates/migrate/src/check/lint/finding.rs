//! A finding of the linter.

use std::path::PathBuf;

use serde::Serialize;
use squawk_linter::Rule;

use crate::check::squawk_rules::BY_SIZE;
use crate::files::Position;
use martydb_manifest::lint_rules;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LintSeverity {
    Danger,
    /// A note, which does not stop a run.
    Note,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LintFinding {
    pub version: i64,
    pub file: PathBuf,
    #[serde(flatten)]
    pub position: Position,
    pub rule: String,
    pub severity: LintSeverity,
    pub message: String,
    pub help: Option<String>,
    /// Number of further findings of the same rule in the statement.
    pub more: usize,
    /// Set if pending migrations create the object unless it exists, and no server was asked.
    #[serde(skip)]
    pub(super) may_be_new: bool,
}

impl LintFinding {
    /// Returns `true` if the server's objects, or the size of the table, determine its severity.
    pub fn depends_on_server(&self) -> bool {
        let by_size = self.rule.parse().is_ok_and(|rule: Rule| BY_SIZE.contains(&rule));
        self.may_be_new || by_size || lint_rules::OWN_BY_SIZE.contains(&self.rule.as_str())
    }
}

impl std::fmt::Display for LintFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file.display(), self.position, self.rule, self.message)?;
        match self.more {
            0 => Ok(()),
            more => write!(f, " (and {more} more in this statement)"),
        }
    }
}
