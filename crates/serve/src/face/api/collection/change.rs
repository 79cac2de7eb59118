//! Changes of documents: `{"$set": {"addr.city": "Bonn"}, "$unset": {"old": true}, "$inc": {"visits": 1}, "$push": {"tags": "new"}}`.

use serde_json::{Map, Value};

use super::path::{document_path, unknown};
use crate::error::{HttpError, HttpResult};
use crate::face::api::body::wrong;
use crate::request::{DocumentChange, DocumentStep, MOST_STEPS};

/// Parses a change.
pub(crate) fn parse_change(value: &Value) -> HttpResult<DocumentChange> {
    let object = value.as_object().filter(|object| !object.is_empty());
    let object = object.ok_or_else(|| wrong("a change is an object of operators"))?;
    let mut change = vec![];
    for (operator, operands) in object {
        if !operator.starts_with('$') {
            let hint = "{\"$set\": {\"KEY\": VALUE}} changes a key, and PUT replaces the document";
            return Err(wrong(format!("unknown change operator \"{operator}\"")).hint(hint));
        }
        let operands = operands.as_object().filter(|operands| !operands.is_empty());
        let operands =
            operands.ok_or_else(|| wrong(format!("\"{operator}\" needs an object of paths and values")))?;
        steps(operator, operands, &mut change)?;
    }
    if change.len() > MOST_STEPS {
        return Err(HttpError::limit(format!("the change has more than {MOST_STEPS} steps")));
    }
    check_apart(&change)?;
    Ok(change)
}

fn steps(operator: &str, operands: &Map<String, Value>, change: &mut DocumentChange) -> HttpResult<()> {
    for (path, value) in operands {
        let path = document_path(path)?;
        change.push(match (operator, value) {
            ("$set", value) => DocumentStep::Set(path, value.to_string()),
            ("$unset", _) => DocumentStep::Remove(path),
            ("$inc", Value::Number(number)) => DocumentStep::Increase(path, number.to_string()),
            ("$inc", _) => return Err(wrong("\"$inc\" adds a number")),
            ("$push", value) => DocumentStep::Append(path, pushed(value)?.to_string()),
            (operator, _) => return Err(unknown(operator)),
        });
    }
    Ok(())
}

/// Returns the list of the values that are appended.
fn pushed(value: &Value) -> HttpResult<Value> {
    let Some(object) = value.as_object().filter(|all| all.keys().any(|key| key.starts_with('$'))) else {
        return Ok(Value::Array(vec![value.clone()]));
    };
    if let Some(other) = object.keys().find(|key| *key != "$each") {
        return Err(unknown(other));
    }
    let all = object.get("$each").filter(|all| all.is_array());
    all.cloned().ok_or_else(|| wrong("\"$each\" needs a list of values"))
}

/// Rejects steps of which one would change what the other one sets.
fn check_apart(change: &DocumentChange) -> HttpResult<()> {
    for (number, one) in change.iter().enumerate() {
        let meets = |other: &DocumentStep| {
            one.path().starts_with(other.path()) || other.path().starts_with(one.path())
        };
        if let Some(other) = change[number + 1..].iter().find(|other| meets(other)) {
            let message =
                format!("both \"{}\" and \"{}\" are changed", one.path().join("."), other.path().join("."));
            return Err(wrong(message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_is_a_list_of_steps_that_do_not_meet() {
        let change = json!({"$inc": {"n": -1.5}, "$push": {"t": {"$each": [1, 2]}, "u": [3]}, "$set": {"a.b": 1}, "$unset": {"c": ""}});
        let path = |text: &str| text.split('.').map(str::to_owned).collect();
        assert_eq!(
            parse_change(&change).unwrap(),
            [
                DocumentStep::Increase(path("n"), "-1.5".into()),
                DocumentStep::Append(path("t"), "[1,2]".into()),
                DocumentStep::Append(path("u"), "[[3]]".into()),
                DocumentStep::Set(path("a.b"), "1".into()),
                DocumentStep::Remove(path("c")),
            ]
        );
        for wrong in [
            json!({}),
            json!([]),
            json!({"a": 1}),
            json!({"$set": {}}),
            json!({"$set": 1}),
            json!({"$rename": {"a": "b"}}),
            json!({"$where": {"a": "b"}}),
            json!({"$inc": {"a": "1"}}),
            json!({"$push": {"a": {"$slice": 1}}}),
            json!({"$push": {"a": {"$each": [1], "$slice": 1}}}),
            json!({"$push": {"a": {"$each": [1], "x": 1}}}),
            json!({"$push": {"a": {"$each": 1}}}),
            json!({"$set": {"": 1}}),
            json!({"$set": {"a": 1, "a.b": 2}}),
            json!({"$set": {"a": 1}, "$inc": {"a": 2}}),
        ] {
            assert!(parse_change(&wrong).is_err(), "{wrong}");
        }
    }
}
