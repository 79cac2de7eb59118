//! Schemas of values, by the types of columns: what `to_json` makes of them.

use serde_json::{Map, Value, json};

use super::privileges::DescribedColumn;
use crate::catalog::ExposedColumn;

/// Types of `pg_catalog`, with their type and format in JSON Schema; the others are texts
/// (<https://www.postgresql.org/docs/current/functions-json.html>, `to_json`).
const TYPES: [(&str, &str, &str); 11] = [
    ("bool", "boolean", ""),
    ("int2", "integer", "int32"),
    ("int4", "integer", "int32"),
    ("int8", "integer", "int64"),
    ("oid", "integer", "int64"),
    ("float4", "number", "float"),
    ("float8", "number", "double"),
    ("numeric", "number", ""),
    ("date", "string", "date"),
    ("timestamptz", "string", "date-time"),
    ("uuid", "string", "uuid"),
];

/// Returns the schema of a column's values.
pub(super) fn of_column(known: Option<&ExposedColumn>, described: &DescribedColumn) -> Value {
    let mut schema = known.map(|known| of_type(known, described.nullable)).unwrap_or_default();
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

/// Returns the schema of values of a column's type; of one that is not PostgreSQL's own it says nothing.
pub(super) fn of_type(column: &ExposedColumn, nullable: bool) -> Map<String, Value> {
    let any = !column.builtin || column.to_json.is_some() || ["json", "jsonb"].contains(&&*column.base);
    let mut schema = Map::new();
    if any {
        return schema;
    }
    // A type's own name of an array begins with an underscore.
    let (base, is_array) = match column.base.strip_prefix('_') {
        Some(base) => (base, true),
        None => (column.base.as_str(), false),
    };
    let row = TYPES.iter().find(|(name, ..)| *name == base);
    let (kind, format) = row.map_or(("string", ""), |(_, kind, format)| (*kind, *format));
    if is_array {
        // Its values may be arrays again.
        schema.insert("type".into(), typed("array", nullable));
        schema.insert("items".into(), json!({ "type": [kind, "array", "object", "null"] }));
        return schema;
    }
    schema.insert("type".into(), typed(kind, nullable));
    if !format.is_empty() {
        schema.insert("format".into(), Value::from(format));
    }
    schema
}

fn typed(kind: &str, nullable: bool) -> Value {
    if nullable { json!([kind, "null"]) } else { Value::from(kind) }
}
