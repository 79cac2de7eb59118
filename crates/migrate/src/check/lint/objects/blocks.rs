//! Statements inside DO blocks: those of PL/pgSQL, and those that EXECUTE builds from literals.

use squawk_syntax::SyntaxKind::{self, *};
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxNode};

use martydb_sql::too_deep;

/// A statement inside a block.
pub(crate) struct InnerStatement {
    /// Its text without the semicolon.
    pub text: String,
    /// Byte of the file at which it begins.
    pub at: usize,
    /// Set if the block runs it in any case: neither in a branch or a loop, nor where an error is caught.
    pub is_certain: bool,
}

/// Nodes whose statements may not run, or may be undone.
const BRANCHES: &[SyntaxKind] = &[
    PLPGSQL_IF_STMT, PLPGSQL_CASE_STMT, PLPGSQL_LOOP_STMT, PLPGSQL_WHILE_STMT, PLPGSQL_FOR_I_STMT,
    PLPGSQL_FOR_DYN_STMT, PLPGSQL_FOR_EACH_STMT, PLPGSQL_FOR_QUERY_STMT, PLPGSQL_FOR_CURSOR_STMT,
    PLPGSQL_EXCEPTION_HANDLER,
];

/// Placeholder for a part of a statement that only the server can compute.
const UNKNOWN: &str = "martydb_unknown";

/// Returns the statements of a DO block, in the order of its text.
pub(crate) fn inner_statements(statement: &ast::Do) -> Vec<InnerStatement> {
    let mut found = vec![];
    collect(statement, 0, true, 4, &mut found);
    found
}

/// `base` is the file's byte at which the text of the block's node begins.
fn collect(
    statement: &ast::Do,
    base: usize,
    is_certain: bool,
    depth: usize,
    found: &mut Vec<InnerStatement>,
) {
    let too_long = statement.body().is_none_or(|body| too_deep(&body.syntax().text().to_string()).is_some());
    let Some(body) = Some(statement).filter(|_| depth > 0 && !too_long).and_then(ast::Do::plpgsql) else {
        return;
    };
    for node in body.syntax().descendants() {
        let text = match node.kind() {
            PLPGSQL_EXEC_SQL_STMT | PLPGSQL_PERFORM_STMT | PLPGSQL_CALL_STMT => Some(node.text().to_string()),
            PLPGSQL_DYN_EXECUTE_STMT => query(&node).and_then(|query| built(&query)),
            PLPGSQL_DO_STMT => None,
            _ => continue,
        };
        let at = base + usize::from(body.source_range(node.text_range()).start());
        let is_certain = is_certain && !is_branch(&node);
        let inner = node.children().find_map(ast::Do::cast);
        match (text, inner) {
            (Some(text), _) => {
                let text = text.trim().trim_end_matches(';').to_owned();
                found.push(InnerStatement { text, at, is_certain });
            }
            (None, Some(inner)) => {
                let text = inner.syntax().text().to_string();
                let parsed = SourceFile::parse(&text);
                let alone = parsed.tree().stmts().find_map(|one| match one {
                    ast::Stmt::Do(one) => Some(one),
                    _ => None,
                });
                if let Some(alone) = alone {
                    collect(&alone, at, is_certain, depth - 1, found);
                }
            }
            (None, None) => {}
        }
    }
}

fn is_branch(node: &SyntaxNode) -> bool {
    node.ancestors().skip(1).any(|parent| {
        let catches = parent.children().any(|child| child.kind() == PLPGSQL_EXCEPTION_SECTION);
        BRANCHES.contains(&parent.kind()) || parent.kind() == PLPGSQL_BLOCK && catches
    })
}

/// Returns the expression of EXECUTE.
pub(crate) fn query(node: &SyntaxNode) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == PLPGSQL_EXPR)
}

/// Returns the text that an expression builds: its literals, and placeholders for what lies between them; `None` without a
/// literal.
fn built(expression: &SyntaxNode) -> Option<String> {
    let expression = expression.descendants().find_map(ast::Expr::cast)?;
    parts(&expression).filter(|text| text.trim() != UNKNOWN)
}

fn parts(expression: &ast::Expr) -> Option<String> {
    match expression {
        ast::Expr::Literal(literal) => literal.string_value(),
        ast::Expr::ParenExpr(inner) => parts(&inner.expr()?),
        ast::Expr::BinExpr(both) => {
            let side =
                |side: Option<ast::Expr>| side.as_ref().and_then(parts).unwrap_or_else(|| UNKNOWN.into());
            Some(side(both.lhs()) + &side(both.rhs()))
        }
        ast::Expr::CallExpr(call) => match formatted(call) {
            Some(text) => Some(text),
            None => Some(UNKNOWN.into()),
        },
        _ => Some(UNKNOWN.into()),
    }
}

/// Returns the text of `format`, with placeholders for its arguments.
fn formatted(call: &ast::CallExpr) -> Option<String> {
    let node = call.syntax();
    let name = node.children().next()?.text().to_string().to_ascii_lowercase();
    if name.rsplit('.').next()?.trim() != "format" {
        return None;
    }
    let list = node.children().find(|child| child.kind() == ARG_LIST)?;
    let literal = list.descendants().find_map(ast::Literal::cast)?;
    let (text, mut result) = (literal.string_value()?, String::new());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        result += before;
        // %[position][flags][width]type
        let end = after.find(|c: char| c.is_ascii_alphabetic() || c == '%')?;
        result += match &after[end..=end] {
            "I" | "s" => UNKNOWN,
            "L" => "'martydb_unknown'",
            other => other,
        };
        rest = &after[end + 1..];
    }
    Some(result + rest)
}
