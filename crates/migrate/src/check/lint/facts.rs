//! Properties of domains and tables that decide what later statements do to rows.

use std::collections::BTreeSet;

use squawk_syntax::SyntaxKind::{
    ALTER_DOMAIN, ALTER_TABLE, CHECK_CONSTRAINT, CREATE_DOMAIN, NOT_NULL_CONSTRAINT, PATH_TYPE,
};
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::AstNode;

use super::objects::{LintedStatement, Sentence, written_name};

/// Objects by their names without schemas.
#[derive(Debug, Default)]
pub(crate) struct ObjectFacts {
    /// Domains with a constraint, of their own or of the domain below them: PostgreSQL checks all rows of a table for a new column of
    /// such a type.
    checked_domains: BTreeSet<String>,
    /// Tables whose row security applies to their owner too.
    forced_tables: BTreeSet<String>,
}

impl ObjectFacts {
    pub(crate) fn follow(&mut self, statement: &LintedStatement) {
        let words = Sentence(&statement.words);
        let node = statement.statement.syntax();
        let Some(name) = statement.targets.first().map(|target| target.name.clone()) else { return };
        match node.kind() {
            CREATE_DOMAIN if has_constraint(node) || self.has_checked_type(node) => {
                self.checked_domains.insert(name);
            }
            ALTER_DOMAIN if words.has(&["add"]) || words.has(&["set", "not", "null"]) => {
                self.checked_domains.insert(name);
            }
            ALTER_TABLE if words.has(&["no", "force", "row"]) => {
                self.forced_tables.remove(&name);
            }
            ALTER_TABLE if words.has(&["force", "row"]) => {
                self.forced_tables.insert(name);
            }
            _ if words.begins(&["drop", "domain"]) || words.begins(&["drop", "table"]) => {
                for target in &statement.targets {
                    self.checked_domains.remove(&target.name);
                    self.forced_tables.remove(&target.name);
                }
            }
            _ => {}
        }
    }

    /// Returns `true` if the type of a column, or the type below a domain, is a domain with a constraint: an array is none.
    pub(crate) fn has_checked_type(&self, node: &SyntaxNode) -> bool {
        let mut types = node.children().filter(|child| child.kind() == PATH_TYPE);
        types.any(|ty| written_name(&ty).is_some_and(|name| self.checked_domains.contains(&name.name)))
    }

    pub(crate) fn is_forced(&self, table: &str) -> bool {
        self.forced_tables.contains(table)
    }
}

fn has_constraint(domain: &SyntaxNode) -> bool {
    domain.descendants().any(|part| matches!(part.kind(), CHECK_CONSTRAINT | NOT_NULL_CONSTRAINT))
}
