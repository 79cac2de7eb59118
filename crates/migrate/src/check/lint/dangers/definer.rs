//! Rule about functions that execute the text of an argument with the privileges of their owner.

use std::collections::BTreeSet;

use squawk_syntax::SyntaxKind::{self, *};
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxNode, SyntaxToken};

use crate::check::lint::objects::{executed_query, written_name};

/// Types whose text is not part of a statement.
const HARMLESS: &[&str] = &[
    "int", "integer", "int2", "int4", "int8", "smallint", "bigint", "bool", "boolean", "uuid", "date",
    "numeric", "decimal", "real", "float4", "float8", "oid", "regclass", "regtype", "regproc",
    "regprocedure", "regrole", "regnamespace", "timestamptz", "timestamp", "interval", "time", "double",
];

/// Functions that quote their argument.
const QUOTING: &[&str] = &["quote_ident", "quote_literal", "quote_nullable"];

/// Functions that execute their argument.
const EXECUTING: &[&str] = &["query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema"];

/// Statements of PL/pgSQL that execute a text.
const DYNAMIC: &[SyntaxKind] = &[
    PLPGSQL_DYN_EXECUTE_STMT,
    PLPGSQL_RETURN_QUERY_EXECUTE_STMT,
    PLPGSQL_FOR_DYN_STMT,
    PLPGSQL_OPEN_EXECUTE,
];

/// Returns what a SECURITY DEFINER function executes, if that is a text of its caller.
pub(crate) fn executes_argument(node: &SyntaxNode) -> Option<String> {
    let is_definer = node.descendants().any(|part| part.kind() == SECURITY_DEFINER_FUNC_OPTION);
    if !is_definer || !matches!(node.kind(), CREATE_FUNCTION | CREATE_PROCEDURE) {
        return None;
    }
    let mut texts = parameters(node);
    let function = ast::CreateFunction::cast(node.clone());
    let procedure = ast::CreateProcedure::cast(node.clone());
    let plpgsql = function.as_ref().and_then(ast::CreateFunction::plpgsql);
    let plpgsql = plpgsql.or_else(|| procedure.as_ref().and_then(ast::CreateProcedure::plpgsql));
    let sql = function.as_ref().and_then(ast::CreateFunction::sql_body);
    let body = plpgsql.map(|body| body.syntax()).or_else(|| sql.map(|body| body.syntax()))?;
    follow_assignments(&body, &mut texts);
    let dynamic = body
        .descendants()
        .filter(|part| DYNAMIC.contains(&part.kind()))
        .filter_map(|part| executed_query(&part));
    let calls = body.descendants().filter(|part| part.kind() == CALL_EXPR && calls(part, EXECUTING));
    let argument = dynamic.chain(calls).find_map(|expression| exposed(&expression, &texts))?;
    Some(format!(
        "the SECURITY DEFINER function executes the text of {argument} with the privileges of its owner"
    ))
}

/// Returns the names of parameters whose text a statement can contain, and their numbers.
fn parameters(node: &SyntaxNode) -> BTreeSet<String> {
    let list = node.children().find(|child| child.kind() == PARAM_LIST);
    let all = list.into_iter().flat_map(|list| list.children()).filter(|child| child.kind() == PARAM);
    let inputs = all.filter(|parameter| !parameter.children().any(|part| part.kind() == PARAM_OUT));
    let mut names = BTreeSet::new();
    for (number, parameter) in (1..).zip(inputs) {
        let part = |kinds: &[SyntaxKind]| parameter.children().find(|part| kinds.contains(&part.kind()));
        let others = [PARAM_NAME, PARAM_DEFAULT, PARAM_IN, PARAM_IN_OUT, PARAM_VARIADIC];
        let ty = parameter.children().find(|part| !others.contains(&part.kind()));
        let ty = ty.map_or_else(String::new, |ty| ty.text().to_string().to_ascii_lowercase());
        let word =
            ty.split(['(', ' ', '[']).next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
        if HARMLESS.contains(&word) {
            continue;
        }
        names.insert(format!("${number}"));
        names.extend(part(&[PARAM_NAME]).and_then(|name| written_name(&name)).map(|name| name.name));
    }
    names
}

/// Adds the variables that hold the text of a parameter.
fn follow_assignments(body: &SyntaxNode, texts: &mut BTreeSet<String>) {
    loop {
        let before = texts.len();
        for node in body.descendants() {
            let (target, value) = match node.kind() {
                PLPGSQL_ASSIGN_STMT => (PLPGSQL_ASSIGN_TARGET, PLPGSQL_EXPR),
                PLPGSQL_VAR_DECL => (PLPGSQL_VAR_NAME, PLPGSQL_VAR_INIT),
                PLPGSQL_ALIAS_DECL => (PLPGSQL_VAR_NAME, PLPGSQL_ALIAS_TARGET),
                _ => continue,
            };
            let child = |kind: SyntaxKind| node.children().find(|child| child.kind() == kind);
            let holds = child(value).is_some_and(|value| exposed(&value, texts).is_some());
            let name = child(target).and_then(|target| written_name(&target));
            texts.extend(name.filter(|_| holds).map(|name| name.name));
        }
        if texts.len() == before {
            return;
        }
    }
}

/// Returns one of these names whose text an expression contains unquoted.
fn exposed(expression: &SyntaxNode, texts: &BTreeSet<String>) -> Option<String> {
    let tokens = expression.descendants_with_tokens().filter_map(squawk_syntax::SyntaxElement::into_token);
    let mut names = tokens.filter(|token| !is_field(token)).filter_map(|token| {
        let name = martydb_sql::bare(token.text());
        texts.contains(&name).then_some((token, name))
    });
    names.find(|(token, _)| !is_protected(token, expression)).map(|(_, name)| name)
}

/// Returns `true` for a name after a dot, which is a column of something else.
fn is_field(token: &SyntaxToken) -> bool {
    token.prev_token().is_some_and(|before| before.kind() == DOT)
}

/// Returns `true` if the value of a name cannot leave its place in the statement.
fn is_protected(token: &SyntaxToken, expression: &SyntaxNode) -> bool {
    let within = |node: &SyntaxNode| expression.text_range().contains_range(node.text_range());
    token.parent_ancestors().take_while(within).any(|node| match node.kind() {
        CALL_EXPR => calls(&node, QUOTING) || calls(&node, &["format"]) && is_quoted_by_format(token, &node),
        // Only a concatenation keeps the text.
        BIN_EXPR => !node.children_with_tokens().any(|part| part.as_node().is_some_and(is_concatenation)),
        CAST_EXPR => node.children().last().is_some_and(|ty| {
            let name = ty.text().to_string().to_ascii_lowercase();
            HARMLESS.contains(&name.trim().rsplit('.').next().unwrap_or_default())
        }),
        _ => false,
    })
}

fn is_concatenation(operator: &SyntaxNode) -> bool {
    operator.text().to_string().trim() == "||"
}

fn calls(call: &SyntaxNode, functions: &[&str]) -> bool {
    let name =
        call.children().next().map_or_else(String::new, |name| name.text().to_string().to_ascii_lowercase());
    functions.contains(&name.rsplit('.').next().unwrap_or_default().trim())
}

/// Returns `true` if `format` writes the argument that contains the token by %I or %L.
fn is_quoted_by_format(token: &SyntaxToken, call: &SyntaxNode) -> bool {
    let Some(list) = call.children().find(|child| child.kind() == ARG_LIST) else { return false };
    let arguments: Vec<SyntaxNode> = list.children().filter(|child| child.kind() == ARG).collect();
    let Some(template) = arguments.first().and_then(|first| first.descendants().find_map(ast::Literal::cast))
    else {
        return false;
    };
    let Some(at) = arguments.iter().position(|one| one.text_range().contains_range(token.text_range()))
    else {
        return false;
    };
    let types = conversions(&template.string_value().unwrap_or_default());
    let of_argument: Vec<char> =
        types.iter().filter(|(number, _)| *number == at).map(|(_, ty)| *ty).collect();
    at > 0 && of_argument.iter().all(|ty| matches!(ty, 'I' | 'L'))
}

/// Returns the conversions of a template of `format`: number of the argument, and type.
fn conversions(template: &str) -> Vec<(usize, char)> {
    let (mut all, mut next) = (vec![], 1);
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('%') {
        let Some(end) = after.find(|c: char| c.is_ascii_alphabetic() || c == '%') else { break };
        let ty = after[end..].chars().next().unwrap_or('%');
        if ty != '%' {
            let number = after[..end].split_once('$').and_then(|(number, _)| number.parse().ok());
            let number = number.unwrap_or(next);
            all.push((number, ty));
            next = number + 1;
        }
        rest = &after[end + 1..];
    }
    all
}
