//! A statement as the rules see it.

use squawk_syntax::SyntaxKind::{self, *};
use squawk_syntax::SyntaxNode;

use crate::check::lint::facts::ObjectFacts;
use crate::check::lint::objects::{LintedStatement, LintedText};
use crate::files::Mode;
use martydb_model::LintRules;

/// A statement, with what decides about it.
pub(crate) struct DangerCase<'a> {
    pub statement: &'a LintedStatement,
    pub node: &'a SyntaxNode,
    pub part: &'a LintedText,
    pub rules: &'a LintRules,
    /// Mode of the file.
    pub mode: Mode,
    /// State before the statement.
    pub facts: &'a ObjectFacts,
}

impl DangerCase<'_> {
    pub(super) fn is(&self, kind: SyntaxKind) -> bool {
        self.node.kind() == kind
    }

    pub(super) fn is_any(&self, kinds: &[SyntaxKind]) -> bool {
        kinds.contains(&self.node.kind())
    }

    /// Returns `true` if a node of the kind is a part of the statement itself.
    pub(super) fn has(&self, kind: SyntaxKind) -> bool {
        self.node.children().any(|child| child.kind() == kind)
    }

    /// Returns `true` if a node of the kind is an action of ALTER COLUMN.
    pub(super) fn in_column(&self, kind: SyntaxKind) -> bool {
        let columns = self.node.children().filter(|child| child.kind() == ALTER_COLUMN);
        columns.flat_map(|column| column.children()).any(|child| child.kind() == kind)
    }

    pub(super) fn says(&self, words: &[&str]) -> bool {
        crate::check::lint::objects::Sentence(&self.statement.words).has(words)
    }

    /// Returns the names of the changed objects.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.statement.targets.iter().map(|target| target.name.as_str()).collect();
        if names.is_empty() { "every table".into() } else { names.join(", ") }
    }

    pub(super) fn rewrites(&self, what: &str) -> String {
        format!(
            "{what} rewrites {} under an ACCESS EXCLUSIVE lock, which blocks readers and writers",
            self.names()
        )
    }
}
