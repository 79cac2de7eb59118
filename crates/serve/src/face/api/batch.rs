//! Batches: several operations in one transaction, whose values may come from the results of earlier ones by
//! `{"$ref": "0.id"}`.

mod parse;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use martydb_model::ServeLimit;
use serde_json::Value;

use super::body::{BodyKeys, wrong};
use super::collection::CollectionKind;
use super::operation::ApiOperation;
use crate::error::{HttpError, HttpResult};
use crate::settings::RequestLimits;
use parse::parse_operation;

/// Isolation of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IsolationLevel {
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

const LEVELS: &[(&str, IsolationLevel)] = &[
    ("read committed", IsolationLevel::ReadCommitted),
    ("repeatable read", IsolationLevel::RepeatableRead),
    ("serializable", IsolationLevel::Serializable),
];

/// An operation whose values may still refer to results.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BatchOperation(Value);

/// Operations that happen together or not at all.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OperationBatch {
    pub isolation: Option<IsolationLevel>,
    pub operations: Vec<BatchOperation>,
}

/// Parses the isolation of a transaction.
pub(crate) fn isolation(body: &mut BodyKeys) -> HttpResult<Option<IsolationLevel>> {
    let Some(name) = body.text("isolation")? else { return Ok(None) };
    let level = LEVELS.iter().find(|(known, _)| *known == name).map(|(_, level)| *level);
    level.map(Some).ok_or_else(|| wrong(format!("unknown isolation \"{name}\"")))
}

/// Parses the body of a batch.
pub(crate) fn parse_batch(text: &str, limits: &RequestLimits) -> HttpResult<OperationBatch> {
    let mut body = BodyKeys::parse(text)?;
    let isolation = isolation(&mut body)?;
    let Some(Value::Array(operations)) = body.take("operations") else {
        return Err(wrong("\"operations\" is a list of operations"));
    };
    body.finish()?;
    if operations.is_empty() {
        return Err(wrong("a batch has at least one operation"));
    }
    limits.check(ServeLimit::Operations, operations.len())?;
    Ok(OperationBatch { isolation, operations: operations.into_iter().map(BatchOperation).collect() })
}

impl BatchOperation {
    /// Parses a single operation.
    pub(crate) fn parse(text: &str) -> HttpResult<BatchOperation> {
        super::number::check_numbers(text)?;
        let value = serde_json::from_str(text).map_err(|error| HttpError::of_json(&error))?;
        Ok(BatchOperation(value))
    }

    /// Returns `true` if it may change rows: it does not say that it only reads.
    pub(crate) fn writes(&self) -> bool {
        let name = self.0.get("op").and_then(Value::as_str).unwrap_or_default();
        !["get", "query", "count", "aggregate"].contains(&name)
    }

    /// Returns the operation with the values that it refers to.
    pub(crate) fn resolved(
        &self,
        results: &[&str],
        kinds: &dyn Fn(&str) -> CollectionKind,
    ) -> HttpResult<ApiOperation> {
        let mut value = self.0.clone();
        let mut results = ReferredResults { texts: results, parsed: BTreeMap::new(), left: MOST_REFERRED };
        for place in ["id", "version", "values", "where"] {
            if let Some(value) = value.get_mut(place) {
                resolve(value, &mut results, 0)?;
            }
        }
        parse_operation(value, kinds)
    }
}

/// Deepest nesting of values.
const MAX_DEPTH: usize = 100;

/// Puts results in the place of references.
fn resolve(value: &mut Value, results: &mut ReferredResults<'_>, depth: usize) -> HttpResult<()> {
    if depth > MAX_DEPTH {
        return Err(wrong("a value has too many levels"));
    }
    match value {
        Value::Object(object) => {
            if let (1, Some(reference)) = (object.len(), object.get("$ref")) {
                *value = results.value(reference)?;
                return Ok(());
            }
            object.values_mut().try_for_each(|value| resolve(value, results, depth + 1))
        }
        Value::Array(list) => list.iter_mut().try_for_each(|value| resolve(value, results, depth + 1)),
        _ => Ok(()),
    }
}

/// Most bytes that references put into one operation: as many as a body has.
const MOST_REFERRED: usize = 1 << 20;

/// Results of earlier operations, each parsed once.
struct ReferredResults<'a> {
    texts: &'a [&'a str],
    parsed: BTreeMap<usize, Value>,
    /// Bytes that references may still put into the operation.
    left: usize,
}

impl ReferredResults<'_> {
    /// Returns the value that a reference such as `0.id` or `2.items.0.name` means.
    fn value(&mut self, reference: &Value) -> HttpResult<Value> {
        let text = reference.as_str().unwrap_or_default();
        let nothing = || wrong(format!("the reference {reference} names no value of an earlier operation"));
        let mut words = text.split('.');
        let number: usize = words.next().and_then(|word| word.parse().ok()).ok_or_else(nothing)?;
        let result = match self.parsed.entry(number) {
            Entry::Occupied(parsed) => parsed.into_mut(),
            Entry::Vacant(place) => {
                let result = self.texts.get(number).ok_or_else(nothing)?;
                super::number::check_numbers(result)?;
                place.insert(serde_json::from_str(result).map_err(|_| nothing())?)
            }
        };
        let found = words.try_fold(&*result, |value, word| match value {
            Value::Array(list) => list.get(word.parse::<usize>().ok()?),
            value => value.get(word),
        });
        let found = found.filter(|value| !value.is_object() && !value.is_array()).ok_or_else(nothing)?;
        let left = self.left.checked_sub(found.as_str().map_or(32, str::len));
        self.left = left.ok_or_else(|| {
            HttpError::limit(format!("references put more than {MOST_REFERRED} bytes into an operation"))
        })?;
        Ok(found.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::api::ApiAction;
    use serde_json::json;

    #[test]
    fn references_put_no_more_than_a_body_into_an_operation() {
        let result = json!({ "text": "x".repeat(600_000) }).to_string();
        let resolved = |times: usize| {
            let values: Vec<Value> = (0..times).map(|_| json!({"a": {"$ref": "0.text"}})).collect();
            BatchOperation(json!({"op":"insert","collection":"t","values":values}))
                .resolved(&[&result], &|_| CollectionKind::Rows)
        };
        assert!(resolved(1).is_ok() && resolved(2).is_err());
    }

    #[test]
    fn a_reference_is_a_value_and_never_a_name() {
        let results = ["{\"id\":7}", "{\"items\":[{\"a\":\"x\"}]}"];
        let resolved = |value: Value| BatchOperation(value).resolved(&results, &|_| CollectionKind::Rows);
        let found = resolved(
            json!({"op":"insert","collection":"t","values":{"a":{"$ref":"0.id"},"b":{"$ref":"1.items.0.a"}}}),
        );
        let ApiAction::Insert { rows, .. } = found.unwrap().action else { panic!() };
        assert_eq!(rows.json, r#"{"a":7,"b":"x"}"#);
        assert!(resolved(json!({"op":"get","collection":"t","id":{"$ref":"0.id"}})).is_ok());
        for wrong in [
            json!({"op":"insert","collection":{"$ref":"0.id"},"values":{}}),
            json!({"op":{"$ref":"0.id"},"collection":"t","values":{}}),
            json!({"op":"get","collection":"t","id":{"$ref":"2.id"}}),
            json!({"op":"get","collection":"t","id":{"$ref":"0"}}),
            json!({"op":"get","collection":"t","id":{"$ref":"0.none"}}),
            json!({"op":"get","collection":"t","id":{"$ref":7}}),
            json!({"op":"update","collection":"t","values":{"a":1}}),
            json!({"op":"delete","collection":"t"}),
            json!({"op":"delete","collection":"t","where":{}}),
            json!({"op":"truncate","collection":"t"}),
            json!({"op":"insert","collection":"t","values":[1]}),
            json!({"op":"insert","collection":"t","values":{"a":1},"sql":"x"}),
        ] {
            assert!(resolved(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_batch_has_an_operation_and_at_most_those_of_the_limit() {
        let mut limits = RequestLimits::default();
        limits.most.set(ServeLimit::Operations, 37);
        for (number, allowed) in [(0, false), (1, true), (37, true), (38, false)] {
            let text = json!({"operations": vec![json!({"op":"get"}); number]}).to_string();
            assert_eq!(parse_batch(&text, &limits).is_ok(), allowed, "{number}");
        }
        assert!(parse_batch(r#"{"operations":[{}],"isolation":"chaos"}"#, &limits).is_err());
    }
}
