//! Rules about the rows of a table: those that a statement changes, hides or locks.

use squawk_syntax::SyntaxKind::{self, *};
use squawk_syntax::SyntaxNode;

use super::case::DangerCase;
use crate::check::lint::objects::written_name;
use crate::files::Mode;
use martydb_sql::{Lexer, TokenKind};

/// Statements that run the UPDATE and DELETE inside them: a function, a rule or a cursor does not.
const RUNNING: &[SyntaxKind] =
    &[UPDATE, DELETE, INSERT, MERGE, SELECT, COMPOUND_SELECT, CREATE_TABLE_AS, SELECT_INTO, EXPLAIN];

/// Conditions that every row fulfils.
const ALWAYS_TRUE: &[&str] = &["true", "1=1", "'t'", "notfalse", "'true'", "true::boolean", "0=0"];

/// Returns the table of which a statement of this kind changes all rows.
pub(crate) fn of_all(case: &DangerCase<'_>, kind: SyntaxKind) -> Option<String> {
    if !RUNNING.contains(&case.node.kind()) {
        return None;
    }
    let found = case.node.descendants().find(|node| node.kind() == kind && has_no_condition(node))?;
    let table = found.children().find(|node| node.kind() == RELATION_NAME)?;
    Some(written_name(&table)?.name)
}

/// Returns the table with forced row security of which a statement changes rows.
pub(crate) fn of_forced(case: &DangerCase<'_>) -> Option<String> {
    if !RUNNING.contains(&case.node.kind()) {
        return None;
    }
    let changes = case.node.descendants().filter(|node| matches!(node.kind(), UPDATE | DELETE | MERGE));
    let mut tables = changes.flat_map(|node| node.children()).filter(|node| node.kind() == RELATION_NAME);
    let name = tables
        .find_map(|table| Some(written_name(&table)?.name).filter(|name| case.facts.is_forced(name)))?;
    Some(format!(
        "{name} has FORCE ROW LEVEL SECURITY: rows that its policies hide from the owner stay as they are"
    ))
}

fn has_no_condition(node: &SyntaxNode) -> bool {
    let condition = node.children().find_map(|child| match child.kind() {
        WHERE_CLAUSE => {
            Some(child.children().next().map_or_else(String::new, |inner| inner.text().to_string()))
        }
        WHERE_CURRENT_OF => Some("current".into()),
        _ => None,
    });
    let Some(condition) = condition else { return true };
    let plain: String = condition.chars().filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')')).collect();
    ALWAYS_TRUE.contains(&plain.to_ascii_lowercase().as_str())
}

/// Returns the lock of a statement that blocks readers or writers.
pub(crate) fn blocking_lock(case: &DangerCase<'_>) -> Option<String> {
    if !case.is(LOCK) {
        return None;
    }
    let clause = case.node.children().find(|node| node.kind() == LOCK_MODE_CLAUSE);
    let mode =
        clause.and_then(|clause| clause.children().next()).map_or(ACCESS_EXCLUSIVE, |mode| mode.kind());
    let (mode, blocked) = match mode {
        ACCESS_EXCLUSIVE => ("ACCESS EXCLUSIVE", "readers and writers"),
        EXCLUSIVE => ("EXCLUSIVE", "writers"),
        SHARE_ROW_EXCLUSIVE => ("SHARE ROW EXCLUSIVE", "writers"),
        SHARE => ("SHARE", "writers"),
        _ => return None,
    };
    Some(format!("LOCK in {mode} MODE blocks {blocked} of {} until the file ends", case.names()))
}

/// Returns `true` for VACUUM FULL in either form.
pub(crate) fn is_full(node: &SyntaxNode) -> bool {
    use squawk_syntax::ast::{AstNode, Vacuum};
    Vacuum::cast(node.clone()).is_some_and(|vacuum| vacuum.is_full())
}

/// Returns the columns that a statement adds to a table.
fn added_columns<'a>(case: &'a DangerCase<'_>) -> impl Iterator<Item = SyntaxNode> + 'a {
    case.node.children().filter(|node| case.is(ALTER_TABLE) && node.kind() == ADD_COLUMN)
}

/// Returns the type of a column as it is written, in lower case.
fn type_of(column: &SyntaxNode) -> Option<String> {
    let written = column.children().find(|node| node.kind() == PATH_TYPE)?;
    Some(written.text().to_string().trim().to_ascii_lowercase())
}

/// Returns the column of type json that a statement adds.
pub(crate) fn json_column(case: &DangerCase<'_>) -> Option<String> {
    added_columns(case).find(|column| type_of(column).as_deref() == Some("json"))?;
    let names = case.names();
    Some(format!(
        "a column of type json has no equality: SELECT DISTINCT and GROUP BY over {names} fail (42883)"
    ))
}

/// Types that are an integer with a sequence
/// (<https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL>).
const SERIAL: &[&str] = &["serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"];

/// Returns the column with a sequence that a statement adds: each row gets a number.
pub(crate) fn numbered_column(case: &DangerCase<'_>) -> Option<String> {
    let is_numbered = |column: &SyntaxNode| {
        type_of(column).is_some_and(|name| SERIAL.contains(&name.as_str()))
            || column.descendants_with_tokens().any(|part| part.kind() == IDENTITY_KW)
    };
    added_columns(case).find(is_numbered)?;
    Some(case.rewrites("ADD COLUMN with a serial type or an identity"))
}

/// Returns the value that a statement adds to an enum and a later one of the same transaction uses.
pub(crate) fn early_label(case: &DangerCase<'_>) -> Option<String> {
    if !case.is(ALTER_TYPE) || case.mode != Mode::Transaction || !case.says(&["add", "value"]) {
        return None;
    }
    let text = &case.part.text;
    let range = case.statement.range.clone();
    let label = Lexer::new(&text[range.clone()]).find(|token| token.kind == TokenKind::Text)?;
    let label = &text[range.start + label.start..range.start + label.end];
    let rest = &text[range.end..];
    let is_used = Lexer::new(rest).any(|token| rest[token.start..token.end] == *label);
    is_used
        .then(|| format!("{label} is used in the transaction that adds it, which PostgreSQL refuses (55P04)"))
}

/// Returns the column with a check that a statement adds, its own or that of its domain.
pub(crate) fn checked_column(case: &DangerCase<'_>) -> Option<String> {
    if added_columns(case).any(|column| case.facts.has_checked_type(&column)) {
        return Some(case.rewrites("ADD COLUMN of a domain with a constraint"));
    }
    added_columns(case).find(|column| column.descendants().any(|part| part.kind() == CHECK_CONSTRAINT))?;
    Some(format!(
        "ADD COLUMN with a CHECK reads all rows of {} under an ACCESS EXCLUSIVE lock, which blocks readers and writers",
        case.names()
    ))
}

/// Returns the table whose rows vanish: row security begins, and the file creates no policy.
pub(crate) fn row_security(case: &DangerCase<'_>) -> Option<String> {
    let of_table = |kind: SyntaxKind| {
        let others = case.part.statements.iter();
        others.filter(move |one| squawk_syntax::ast::AstNode::syntax(&one.statement).kind() == kind)
    };
    let policies = of_table(CREATE_POLICY).flat_map(|one| &one.targets);
    let has_policy = policies.into_iter().any(|table| case.statement.targets.contains(table));
    let begins = case.is(ALTER_TABLE) && case.has(ENABLE_RLS) && !has_policy;
    begins.then(|| {
        format!("ROW LEVEL SECURITY without a policy hides all rows of {} from the application", case.names())
    })
}
