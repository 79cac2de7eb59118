//! Reader of a statement's effects on objects: what it creates, changes, renames, moves and drops, as it is written.

use squawk_syntax::SyntaxKind::{self, *};
use squawk_syntax::SyntaxNode;

use super::kinds::{self, LintedKind, NameSpace, ObjectKindRow, StatementVerb};
use martydb_sql::{TokenKind, bare, tokens};

/// A name as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenName {
    pub schema: Option<String>,
    pub name: String,
}

/// An object as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenObject {
    pub kind: LintedKind,
    pub name: WrittenName,
    /// Table of a trigger, policy or rule.
    pub table: Option<WrittenName>,
    /// Types of a routine's input arguments, if they are given.
    pub signature: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ObjectEffect {
    Created {
        /// Set if the object did not exist before: neither IF NOT EXISTS nor OR REPLACE.
        certain: bool,
        temporary: bool,
    },
    Dropped,
    Renamed(String),
    Moved(String),
    Changed,
}

/// Returns the effects of a statement, in order.
pub(crate) fn effects(statement: &SyntaxNode) -> Vec<(WrittenObject, ObjectEffect)> {
    let Some((row, verb)) = kinds::row_and_verb(statement.kind()) else { return special(statement) };
    match verb {
        StatementVerb::Create => created(statement, row).into_iter().collect(),
        StatementVerb::Drop => {
            named(statement).iter().filter_map(|node| object(statement, node, row)).map(dropped).collect()
        }
        StatementVerb::Alter => altered(statement, row),
        StatementVerb::Use => used(statement, row),
    }
}

fn dropped(object: WrittenObject) -> (WrittenObject, ObjectEffect) {
    (object, ObjectEffect::Dropped)
}

/// Returns the table of an index, or of another object that a statement changes beside its own.
pub(crate) fn table_of_index(statement: &SyntaxNode) -> Option<WrittenName> {
    name(&statement.children().find(|node| node.kind() == TABLE_RELATION_NAME)?)
}

/// Returns the table after PARTITION OF, or the partition that is attached or detached.
pub(crate) fn other_table(statement: &SyntaxNode, clause: &[SyntaxKind]) -> Option<WrittenName> {
    name(&statement.children().find(|node| clause.contains(&node.kind()))?)
}

/// Statements with several objects, or with one of several kinds.
fn special(statement: &SyntaxNode) -> Vec<(WrittenObject, ObjectEffect)> {
    if statement.kind() != REINDEX {
        return vec![];
    }
    let target = statement.children().find_map(|node| {
        let kind = match node.kind() {
            REINDEX_TARGET_INDEX => LintedKind::Index,
            REINDEX_TARGET_TABLE => LintedKind::Table,
            REINDEX_TARGET_SCHEMA => LintedKind::Schema,
            _ => return None,
        };
        Some((plain(kind, name(&node)?), ObjectEffect::Changed))
    });
    target.into_iter().collect()
}

fn plain(kind: LintedKind, name: WrittenName) -> WrittenObject {
    WrittenObject { kind, name, table: None, signature: None }
}

fn created(statement: &SyntaxNode, row: &ObjectKindRow) -> Option<(WrittenObject, ObjectEffect)> {
    let inside = match statement.kind() {
        SELECT_INTO => statement.children().find(|node| node.kind() == INTO_CLAUSE)?,
        _ => statement.clone(),
    };
    let has = |kind: SyntaxKind| inside.children().any(|node| node.kind() == kind);
    let node = named(&inside).into_iter().next()?;
    let mut object = object(statement, &node, row)?;
    let temporary = has(TEMP) || object.name.schema.as_deref() == Some("pg_temp");
    if temporary {
        object.name.schema = Some("pg_temp".into());
    }
    let certain = !has(IF_NOT_EXISTS) && !has(OR_REPLACE);
    Some((object, ObjectEffect::Created { certain, temporary }))
}

fn altered(statement: &SyntaxNode, row: &ObjectKindRow) -> Vec<(WrittenObject, ObjectEffect)> {
    let Some(object) = named(statement).first().and_then(|node| object(statement, node, row)) else {
        return vec![];
    };
    let effect = statement.children().find_map(|node| match node.kind() {
        SET_SCHEMA => Some(ObjectEffect::Moved(name(&node)?.name)),
        kind if format!("{kind:?}").ends_with("_RENAME_TO") => Some(ObjectEffect::Renamed(name(&node)?.name)),
        _ => None,
    });
    vec![(object, effect.unwrap_or(ObjectEffect::Changed))]
}

fn used(statement: &SyntaxNode, row: &ObjectKindRow) -> Vec<(WrittenObject, ObjectEffect)> {
    const LISTS: &[SyntaxKind] = &[TABLE_LIST, RELATION_LIST, TABLE_AND_COLUMNS_LIST];
    const NAMES: &[SyntaxKind] = &[
        TABLE_RELATION_NAME, RELATION_NAME, TABLE_NAME_REF, VIEW_REF, TABLE_AND_COLUMNS, COPY_TABLE,
        CLUSTER_LEGACY,
    ];
    let inside =
        statement.children().find(|node| LISTS.contains(&node.kind())).unwrap_or_else(|| statement.clone());
    let nodes = inside.children().filter(|node| NAMES.contains(&node.kind()));
    let named = nodes.filter_map(|node| match node.kind() {
        // CLUSTER index ON table
        CLUSTER_LEGACY => name(&node.children().last()?),
        _ => name(&node),
    });
    named.map(|name| (plain(row.kind, name), ObjectEffect::Changed)).collect()
}

/// Nodes before the names of a statement's objects, and after them.
const OTHERS: &[SyntaxKind] = &[
    OR_REPLACE, IF_NOT_EXISTS, IF_EXISTS, TEMP, UNLOGGED, CASCADE, RESTRICT, ON_TABLE, ON_RELATION,
    USING_METHOD, SERVER_CLAUSE, PARAM_LIST, COMMENT,
];

/// Returns the nodes with the names: of DROP all, of others the first is the object's.
fn named(statement: &SyntaxNode) -> Vec<SyntaxNode> {
    let nodes = statement.children().filter(|node| !OTHERS.contains(&node.kind()));
    let list = |node: SyntaxNode| match node.kind() {
        FUNCTION_SIG_LIST | PROCEDURE_SIG_LIST | ROUTINE_SIG_LIST | OP_SIG_LIST => node.children().collect(),
        _ => vec![node],
    };
    nodes.flat_map(list).collect()
}

fn object(statement: &SyntaxNode, node: &SyntaxNode, row: &ObjectKindRow) -> Option<WrittenObject> {
    let table = match row.names {
        NameSpace::Table => {
            let on =
                statement.children().find(|node| matches!(node.kind(), ON_TABLE | ON_RELATION | RULE_ON));
            Some(on.and_then(|on| relation_after(&on))?)
        }
        _ => None,
    };
    let has_arguments = row.kind == LintedKind::Routine;
    let parameters = |node: &SyntaxNode| node.children().find(|node| node.kind() == PARAM_LIST);
    let arguments = has_arguments.then(|| parameters(node).or_else(|| parameters(statement))).flatten();
    let signature = arguments.map(|list| signature(&list));
    Some(WrittenObject { kind: row.kind, name: name(node)?, table, signature })
}

/// Returns the relation after ON, or after TO in a rule.
fn relation_after(on: &SyntaxNode) -> Option<WrittenName> {
    name(&on.children().find(|node| matches!(node.kind(), TABLE_NAME_REF | RELATION_NAME_REF))?)
}

/// Returns the first name in a node, or its text, such as that of an operator.
pub(crate) fn name(node: &SyntaxNode) -> Option<WrittenName> {
    let is_path = |node: &SyntaxNode| matches!(node.kind(), PATH | PATH_REF);
    let path = node.descendants().find(is_path).unwrap_or_else(|| node.clone());
    let text = path.text().to_string();
    let words =
        tokens(&text).into_iter().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted));
    let mut parts: Vec<String> = words.map(|token| bare(&text[token.start..token.end])).collect();
    if is_path(&path) {
        let name = parts.pop()?;
        return Some(WrittenName { schema: parts.pop(), name });
    }
    // The last word of RENAME TO name; an operator has none.
    let name = parts.pop().unwrap_or_else(|| text.split_whitespace().collect());
    Some(WrittenName { schema: None, name })
}

/// Returns the types of the input arguments, by their present names.
fn signature(list: &SyntaxNode) -> String {
    let inputs = list.children().filter(|node| node.kind() == PARAM);
    let inputs = inputs.filter(|node| !node.children().any(|part| part.kind() == PARAM_OUT));
    let types = inputs.filter_map(|parameter| {
        const OTHERS: &[SyntaxKind] = &[PARAM_NAME, PARAM_DEFAULT, PARAM_IN, PARAM_IN_OUT, PARAM_VARIADIC];
        let ty = parameter.children().find(|part| !OTHERS.contains(&part.kind()))?;
        Some(same_type(&ty.text().to_string()))
    });
    types.collect::<Vec<_>>().join(",")
}

/// Names of types that stand for others, `src/backend/parser/gram.y`.
const ALIASES: &[(&str, &str)] = &[
    ("int", "integer"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("int2", "smallint"),
    ("bool", "boolean"),
    ("float8", "double precision"),
    ("float", "double precision"),
    ("float4", "real"),
    ("decimal", "numeric"),
    ("varchar", "character varying"),
    ("char", "character"),
    ("bpchar", "character"),
    ("timestamptz", "timestamp with time zone"),
    ("timestamp without time zone", "timestamp"),
    ("timetz", "time with time zone"),
    ("time without time zone", "time"),
];

/// Returns a type's name without its schema and its modifier.
fn same_type(text: &str) -> String {
    let mut depth = 0usize;
    let outside = text.chars().filter(|c| {
        depth += usize::from(*c == '(');
        let keep = depth == 0;
        depth = depth.saturating_sub(usize::from(*c == ')'));
        keep
    });
    let outside: String = outside.collect::<String>().to_ascii_lowercase();
    let words = outside.split_whitespace().collect::<Vec<_>>().join(" ");
    let (name, array) = words.split_once('[').map_or((words.as_str(), ""), |(name, _)| (name.trim(), "[]"));
    let name = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
    let same = ALIASES.iter().find(|row| row.0 == name).map_or(name, |row| row.1);
    format!("{same}{array}")
}
