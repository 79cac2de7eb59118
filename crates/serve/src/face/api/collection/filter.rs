//! Filters of documents: `{"addr.city": "Bonn", "age": {"$gte": 18}, "$or": [{…}, {…}]}`. All keys of an object have to hold.

use serde_json::Value;

use super::path::{MAX_DEPTH, document_path, unknown};
use crate::error::HttpResult;
use crate::face::api::body::wrong;
use crate::request::DocumentFilter;

/// Operators that compare values of one type, with those of SQL.
const COMPARISONS: [(&str, &str); 4] = [("$gt", ">"), ("$gte", ">="), ("$lt", "<"), ("$lte", "<=")];

/// Operators of one value; others join filters.
const OPERATORS: [&str; 10] =
    ["$eq", "$ne", "$in", "$gt", "$gte", "$lt", "$lte", "$exists", "$elemMatch", "$regex"];

/// Parses a filter.
pub(crate) fn parse_document_filter(value: &Value) -> HttpResult<DocumentFilter> {
    tree(value, 0)
}

fn tree(value: &Value, depth: usize) -> HttpResult<DocumentFilter> {
    if depth > MAX_DEPTH {
        return Err(wrong("the filter has too many levels"));
    }
    let object = value.as_object().ok_or_else(|| wrong("a filter is an object"))?;
    let one = |(key, value): (&String, &Value)| match key.as_str() {
        "$and" => list(value, depth).map(DocumentFilter::All),
        "$or" => list(value, depth).map(DocumentFilter::Any),
        "$not" => tree(value, depth + 1).map(not),
        key if key.starts_with('$') => Err(unknown(key)),
        path => place(&document_path(path)?, value, depth + 1),
    };
    all_of(object.iter().map(one).collect::<HttpResult<_>>()?)
}

fn list(value: &Value, depth: usize) -> HttpResult<Vec<DocumentFilter>> {
    let list = value.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| wrong("\"$and\" and \"$or\" need a list of filters"))?;
    list.iter().map(|one| tree(one, depth + 1)).collect()
}

fn all_of(mut filters: Vec<DocumentFilter>) -> HttpResult<DocumentFilter> {
    match filters.len() {
        0 => Err(wrong("a filter without conditions")),
        1 => Ok(filters.remove(0)),
        _ => Ok(DocumentFilter::All(filters)),
    }
}

fn not(filter: DocumentFilter) -> DocumentFilter {
    DocumentFilter::Not(Box::new(filter))
}

/// Parses the condition on the value at a path: operators, or the value that it has to be.
fn place(path: &[String], value: &Value, depth: usize) -> HttpResult<DocumentFilter> {
    if depth > MAX_DEPTH {
        return Err(wrong("the filter has too many levels"));
    }
    match value {
        Value::Object(operators) if operators.keys().any(|key| key.starts_with('$')) => {
            let all = operators.iter().map(|(name, operand)| operator(path, name, operand, depth));
            all_of(all.collect::<HttpResult<_>>()?)
        }
        value => Ok(equal(path, value)),
    }
}

fn operator(path: &[String], name: &str, operand: &Value, depth: usize) -> HttpResult<DocumentFilter> {
    match (name, operand) {
        ("$eq", value) => Ok(equal(path, value)),
        ("$ne", value) => Ok(not(equal(path, value))),
        ("$in", Value::Array(all)) => Ok(one_of(path, all)),
        ("$in", _) => Err(wrong("\"$in\" needs a list of values")),
        ("$exists", Value::Bool(true)) => Ok(DocumentFilter::Exists(path.to_vec())),
        ("$exists", Value::Bool(false)) => Ok(not(DocumentFilter::Exists(path.to_vec()))),
        ("$exists", _) => Err(wrong("\"$exists\" is true or false")),
        ("$not", Value::Object(all)) if all.keys().any(|key| key.starts_with('$')) => {
            place(path, operand, depth + 1).map(not)
        }
        ("$not", _) => Err(wrong("\"$not\" needs an object of operators")),
        ("$elemMatch", Value::Object(object)) => {
            let filter =
                if is_of_value(object) { place(&[], operand, depth + 1)? } else { tree(operand, depth + 1)? };
            Ok(DocumentFilter::Element { path: path.to_vec(), filter: Box::new(filter) })
        }
        ("$elemMatch", _) => Err(wrong("\"$elemMatch\" needs a filter")),
        ("$regex", Value::String(pattern)) => {
            Ok(DocumentFilter::Matches { path: path.to_vec(), pattern: pattern.clone() })
        }
        ("$regex", _) => Err(wrong("\"$regex\" is a text")),
        (name, value) => compared(path, name, value),
    }
}

/// Returns `true` for operators of one value, also behind `$not`.
fn is_of_value(object: &serde_json::Map<String, Value>) -> bool {
    object.iter().any(|(key, value)| match key.as_str() {
        "$not" => value.as_object().is_some_and(is_of_value),
        key => OPERATORS.contains(&key),
    })
}

fn compared(path: &[String], name: &str, value: &Value) -> HttpResult<DocumentFilter> {
    let (_, operator) = COMPARISONS.iter().find(|(known, _)| *known == name).ok_or_else(|| unknown(name))?;
    let r#type = match value {
        Value::Number(_) => "number",
        Value::String(_) => "string",
        _ => return Err(wrong(format!("\"{name}\" compares numbers, or texts"))),
    };
    Ok(DocumentFilter::Compared { path: path.to_vec(), operator, r#type, value: value.to_string() })
}

/// Returns the condition that a value is there, or in the list there; `null` holds too where nothing is.
fn equal(path: &[String], value: &Value) -> DocumentFilter {
    one_of(path, std::slice::from_ref(value))
}

fn one_of(path: &[String], all: &[Value]) -> DocumentFilter {
    let values = all.iter().map(Value::to_string).collect();
    let contained = DocumentFilter::Contains { path: path.to_vec(), values };
    match all.iter().any(Value::is_null) && !path.is_empty() {
        true => DocumentFilter::Any(vec![contained, not(DocumentFilter::Exists(path.to_vec()))]),
        false => contained,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_there_alone_or_in_a_list() {
        let parsed = |value: Value| parse_document_filter(&value).unwrap();
        let contains = |path: &str, value: &str| DocumentFilter::Contains {
            path: path.split('.').map(str::to_owned).collect(),
            values: vec![value.to_owned()],
        };
        assert_eq!(parsed(json!({"a.b\"": "x'"})), contains("a.b\"", "\"x'\""));
        assert_eq!(parsed(json!({"a": [1]})), contains("a", "[1]"));
        assert_eq!(parsed(json!({"a": {"b": 1}})), contains("a", r#"{"b":1}"#));
        let missing = not(DocumentFilter::Exists(vec!["a".into()]));
        let null = contains("a", "null");
        assert_eq!(parsed(json!({"a": null})), DocumentFilter::Any(vec![null, missing]));
        let DocumentFilter::Element { filter, .. } =
            parsed(json!({"a": {"$elemMatch": {"$gt": 1, "$lt": 5}}}))
        else {
            panic!()
        };
        assert_eq!(filter.conditions(), 2);
        let DocumentFilter::Element { filter, .. } =
            parsed(json!({"a": {"$elemMatch": {"b": {"$in": [1, 2]}}}}))
        else {
            panic!()
        };
        assert_eq!((filter.conditions(), filter.values()), (1, 2));
    }

    #[test]
    fn an_invalid_filter_is_refused() {
        let mut deep = json!({"a": 1});
        for _ in 0..40 {
            deep = json!({"$not": deep});
        }
        for wrong in [
            json!({"a": {"$not": {"b": 1}}}),
            json!([]),
            json!({}),
            json!({"$where": "sleep(1)"}),
            json!({"$expr": {"$gt": ["$a", 1]}}),
            json!({"a": {"$function": {"body": "x"}}}),
            json!({"a": {"$gt": true}}),
            json!({"a": {"$gt": null}}),
            json!({"a": {"$gt": 1, "b": 2}}),
            json!({"a": {"$in": 1}}),
            json!({"a": {"$exists": 1}}),
            json!({"a": {"$elemMatch": {}}}),
            json!({"a": {"$elemMatch": 1}}),
            json!({"a": {"$not": 1}}),
            json!({"a": {"$regex": 1}}),
            json!({"a": {"$regex": "x", "$options": "i"}}),
            json!({"a..b": 1}),
            json!({"a.$b": 1}),
            json!({"": 1}),
            json!({"$or": []}),
            json!({"$or": {"a": 1}}),
            json!({"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a": 1}),
            deep,
        ] {
            assert!(parse_document_filter(&wrong).is_err(), "{wrong}");
        }
    }
}
