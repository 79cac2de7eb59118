//! Schemas of values, by their shapes.

use serde_json::{Map, Value, json};

use super::privileges::DescribedColumn;
use crate::catalog::value_types::ValueShape;

/// Returns the schema of a column's values.
pub(super) fn of_column(shape: &ValueShape<'_>, described: &DescribedColumn) -> Value {
    let mut schema = of_shape(shape, described.nullable);
    let mut notes: Vec<&str> = vec![];
    notes.extend(described.comment.as_deref());
    if schema.get("format").is_none() {
        notes.push(&described.r#type);
    }
    if !notes.is_empty() {
        schema.insert("description".into(), Value::from(notes.join("; ")));
    }
    Value::Object(schema)
}

/// Returns the schema of values of a shape; of one that is not known it says nothing.
pub(super) fn of_shape(shape: &ValueShape<'_>, nullable: bool) -> Map<String, Value> {
    let typed = |kind: &str, further: Value| {
        let kind = if nullable { json!([kind, "null"]) } else { Value::from(kind) };
        let mut schema = Map::from_iter([("type".to_owned(), kind)]);
        schema.extend(further.as_object().cloned().unwrap_or_default());
        schema
    };
    let formatted = |kind, format: &str| {
        typed(kind, if format.is_empty() { Value::Null } else { json!({ "format": format }) })
    };
    match shape {
        ValueShape::Any => Map::new(),
        ValueShape::Boolean => typed("boolean", Value::Null),
        ValueShape::Integer(format) => formatted("integer", format),
        ValueShape::Number(format) => formatted("number", format),
        ValueShape::Text(format) => formatted("string", format),
        ValueShape::Enum(labels) => {
            let null = nullable.then_some(Value::Null);
            let values: Vec<Value> = labels.iter().map(|label| json!(label)).chain(null).collect();
            typed("string", json!({ "enum": values }))
        }
        // An array of two dimensions is a list of lists; nothing declares how many there are.
        ValueShape::List(element) => typed("array", json!({ "items": of_shape(element, false) })),
        ValueShape::Object(fields) => {
            let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
            let fields =
                fields.iter().map(|(name, shape)| ((*name).to_owned(), Value::Object(of_shape(shape, true))));
            let fields: Map<String, Value> = fields.collect();
            typed("object", json!({ "properties": fields, "required": names }))
        }
    }
}
