//! Domains with constraints: PostgreSQL checks all rows of a table for a new column of such a type.

use std::collections::BTreeSet;

use squawk_syntax::SyntaxKind::{CHECK_CONSTRAINT, CREATE_DOMAIN, NOT_NULL_CONSTRAINT, PATH_TYPE};
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::AstNode;

use super::objects::{LintedStatement, Sentence, written_name};

/// Names of the domains that have a constraint, of their own or of the domain below them.
#[derive(Debug, Default)]
pub(crate) struct CheckedDomains(BTreeSet<String>);

impl CheckedDomains {
    pub(crate) fn follow(&mut self, statement: &LintedStatement) {
        let words = Sentence(&statement.words);
        let node = statement.statement.syntax();
        let Some(name) = statement.targets.first().map(|domain| domain.name.clone()) else { return };
        let is_made = node.kind() == CREATE_DOMAIN && (has_constraint(node) || self.is_type_of(node));
        let is_altered =
            words.begins(&["alter", "domain"]) && (words.has(&["add"]) || words.has(&["set", "not", "null"]));
        if is_made || is_altered {
            self.0.insert(name);
        } else if words.begins(&["drop", "domain"]) {
            self.0.retain(|name| statement.targets.iter().all(|domain| domain.name != *name));
        }
    }

    /// Returns `true` if the type of a column, or the type below a domain, is one of these: an array is none.
    pub(crate) fn is_type_of(&self, node: &SyntaxNode) -> bool {
        let mut types = node.children().filter(|child| child.kind() == PATH_TYPE);
        types.any(|ty| written_name(&ty).is_some_and(|name| self.0.contains(&name.name)))
    }
}

fn has_constraint(domain: &SyntaxNode) -> bool {
    domain.descendants().any(|part| matches!(part.kind(), CHECK_CONSTRAINT | NOT_NULL_CONSTRAINT))
}
