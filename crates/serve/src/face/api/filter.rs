//! Filters as JSON: `{"state": "open", "cents": {"gte": 5}, "or": [{…}, {…}]}`. The operators are those of the URL.

use serde_json::Value;

use super::body::wrong;
use crate::error::HttpResult;
use crate::face::rest::{json_filter, json_path};
use crate::request::{ColumnFilter, FilterOperation, FilterTree};

/// Deepest nesting of trees.
const MAX_DEPTH: usize = 32;

/// Parses a tree; all keys of an object have to hold.
pub(super) fn parse_filter(value: &Value) -> HttpResult<FilterTree> {
    tree(value, 0)
}

fn tree(value: &Value, depth: usize) -> HttpResult<FilterTree> {
    if depth > MAX_DEPTH {
        return Err(wrong("the filter has too many levels"));
    }
    let object = value.as_object().ok_or_else(|| wrong("a filter is an object"))?;
    let mut trees = vec![];
    for (key, value) in object {
        match key.as_str() {
            "and" | "or" => trees.push(branch(key == "and", value, depth)?),
            "not" => trees.push(negated(tree(value, depth + 1)?)),
            column => column_filters(column, value, &mut trees)?,
        }
    }
    match trees.len() {
        0 => Err(wrong("a filter without conditions")),
        1 => Ok(trees.remove(0)),
        _ => Ok(FilterTree::Branch { negated: false, all: true, trees }),
    }
}

fn branch(all: bool, value: &Value, depth: usize) -> HttpResult<FilterTree> {
    let list = value.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| wrong("\"and\" and \"or\" need a list of filters"))?;
    let trees = list.iter().map(|one| tree(one, depth + 1)).collect::<HttpResult<_>>()?;
    Ok(FilterTree::Branch { negated: false, all, trees })
}

fn negated(tree: FilterTree) -> FilterTree {
    FilterTree::Branch { negated: true, all: true, trees: vec![tree] }
}

fn column_filters(column: &str, value: &Value, trees: &mut Vec<FilterTree>) -> HttpResult<()> {
    let field = json_path(column)?;
    let leaf = |operation| FilterTree::Leaf(ColumnFilter { field: field.clone(), negated: false, operation });
    match value {
        Value::Object(operations) => {
            if operations.is_empty() {
                return Err(wrong(format!("the filter on \"{column}\" has no operator")));
            }
            for (operator, operand) in operations {
                trees.push(leaf(operation(operator, operand)?));
            }
        }
        operand => trees.push(leaf(operation("eq", operand)?)),
    }
    Ok(())
}

fn operation(operator: &str, operand: &Value) -> HttpResult<FilterOperation> {
    match (operator, operand) {
        ("in", Value::Array(list)) => {
            list.iter().map(scalar).collect::<HttpResult<_>>().map(FilterOperation::In)
        }
        ("in", _) => Err(wrong("\"in\" needs a list of values")),
        ("eq" | "is", Value::Null) => Ok(FilterOperation::Is("NULL")),
        ("neq", Value::Null) => Ok(FilterOperation::Is("NOT NULL")),
        (name, operand) => {
            let text = text(operand);
            json_filter(name, &text).ok_or_else(|| wrong(format!("unknown operator \"{name}\"")))
        }
    }
}

/// Returns a value as its text; lists and objects are JSON.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the text of a value that is neither a list nor an object.
pub(super) fn scalar(value: &Value) -> HttpResult<String> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => Err(wrong(format!("{value} is not one value"))),
        value => Ok(text(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filter_is_the_tree_of_the_url() {
        let tree =
            parse_filter(&json!({"or": [{"a": 1}, {"not": {"b->>c": {"like": "x%"}}}], "d": null})).unwrap();
        let FilterTree::Branch { all: true, negated: false, trees } = tree else { panic!("{tree:?}") };
        assert_eq!(trees.len(), 2);
        for wrong in [
            json!([]),
            json!({}),
            json!({"a": {}}),
            json!({"a": {"$where": "1"}}),
            json!({"a": {"in": 1}}),
            json!({"a": {"in": [[1]]}}),
            json!({"a": {"is": "1; DROP TABLE x"}}),
            json!({"or": []}),
            json!({"": 1}),
        ] {
            assert!(parse_filter(&wrong).is_err(), "{wrong}");
        }
    }
}
