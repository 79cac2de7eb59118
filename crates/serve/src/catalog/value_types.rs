//! Types of values, and the shape that `to_json` gives them (<https://www.postgresql.org/docs/current/functions-json.html>).

use std::collections::BTreeMap;

use martydb_model::sql::{Statement, stmt};
use serde::Deserialize;

use super::views::CatalogOid;

/// A type, of PostgreSQL or of the database.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ValueType {
    pub oid: CatalogOid,
    pub schema: String,
    pub name: String,
    /// As in `pg_type.typtype`: `e` is an enum, `c` a composite type, `d` a domain.
    kind: String,
    /// Type of the elements of an array; else 0.
    element: CatalogOid,
    /// Type below a domain; else 0.
    base: CatalogOid,
    pub labels: Vec<String>,
    fields: Vec<(String, CatalogOid)>,
    /// `true` if a cast of the database makes its JSON.
    casts: bool,
}

/// All types by their oids.
#[derive(Debug, Clone, Default)]
pub(crate) struct ValueTypes(BTreeMap<CatalogOid, ValueType>);

/// Shape of a value in JSON. Numbers and texts have a format of JSON Schema, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueShape<'a> {
    /// Any JSON value, or one that is not known.
    Any,
    Boolean,
    Integer(&'static str),
    Number(&'static str),
    Text(&'static str),
    Enum(&'a [String]),
    List(Box<ValueShape<'a>>),
    Object(Vec<(&'a str, ValueShape<'a>)>),
}

/// Types of `pg_catalog` that are not texts in JSON, or texts with a format.
const SHAPES: [(&str, ValueShape<'static>); 13] = [
    ("bool", ValueShape::Boolean),
    ("int2", ValueShape::Integer("int32")),
    ("int4", ValueShape::Integer("int32")),
    ("int8", ValueShape::Integer("int64")),
    ("oid", ValueShape::Integer("int64")),
    ("float4", ValueShape::Number("float")),
    ("float8", ValueShape::Number("double")),
    ("numeric", ValueShape::Number("")),
    ("date", ValueShape::Text("date")),
    ("timestamptz", ValueShape::Text("date-time")),
    ("uuid", ValueShape::Text("uuid")),
    ("json", ValueShape::Any),
    ("jsonb", ValueShape::Any),
];

/// Deepest types in types that are followed.
const MAX_DEPTH: usize = 16;

impl FromIterator<ValueType> for ValueTypes {
    fn from_iter<I: IntoIterator<Item = ValueType>>(types: I) -> ValueTypes {
        ValueTypes(types.into_iter().map(|one| (one.oid, one)).collect())
    }
}

impl ValueTypes {
    /// Returns the shape of the values of a type.
    pub(crate) fn shape(&self, oid: CatalogOid) -> ValueShape<'_> {
        self.below(oid, MAX_DEPTH)
    }

    /// Returns the enums and the composite types of a schema, in the order of their names.
    pub(crate) fn of_schema(&self, schema: &str, kind: &str) -> Vec<&ValueType> {
        let mut own: Vec<&ValueType> =
            self.0.values().filter(|one| one.schema == schema && one.kind == kind).collect();
        own.sort_by(|one, other| one.name.cmp(&other.name));
        own
    }

    fn below(&self, oid: CatalogOid, depth: usize) -> ValueShape<'_> {
        let Some(found) = self.0.get(&oid).filter(|one| depth > 0 && !one.casts) else {
            return ValueShape::Any;
        };
        match found.kind.as_str() {
            "e" => ValueShape::Enum(&found.labels),
            "d" => self.below(found.base, depth - 1),
            "c" => {
                let fields = found.fields.iter();
                ValueShape::Object(
                    fields.map(|(name, kind)| (name.as_str(), self.below(*kind, depth - 1))).collect(),
                )
            }
            _ if found.element != 0 => ValueShape::List(Box::new(self.below(found.element, depth - 1))),
            _ if found.schema == "pg_catalog" => {
                let row = SHAPES.iter().find(|(name, _)| *name == found.name);
                row.map_or(ValueShape::Text(""), |(_, shape)| shape.clone())
            }
            _ => ValueShape::Text(""),
        }
    }
}

/// Returns the statement for the types, one row for each. Types of the rows of relations are left out: the privileges of their columns
/// are asked elsewhere.
pub(crate) fn value_types() -> Statement {
    stmt!(
        "SELECT pg_catalog.json_build_object('oid', t.oid::bigint, 'schema', n.nspname, 'name', t.typname, 'kind', t.typtype,
  'element', CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END::bigint, 'base', t.typbasetype::bigint,
  'labels', ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
  'fields', COALESCE((SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, a.atttypid::bigint) ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
  'casts', EXISTS (SELECT FROM pg_catalog.pg_cast c
    WHERE c.castsource = t.oid AND c.casttarget = 'json'::regtype AND c.castmethod = 'f'))::text
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype <> 'p' AND n.nspname NOT IN ('information_schema', 'pg_toast')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relkind <> 'c' AND c.oid IN (t.typrelid,
    (SELECT e.typrelid FROM pg_catalog.pg_type e WHERE e.oid = t.typelem)))"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_has_the_shape_of_its_type_below_domains_and_arrays() {
        let one = |oid: u32, schema: &str, name: &str, kind: &str, more: serde_json::Value| {
            let mut value = json!({ "oid": oid, "schema": schema, "name": name, "kind": kind, "element": 0, "base": 0, "labels": [], "fields": [], "casts": false });
            more.as_object().unwrap().iter().for_each(|(key, own)| value[key] = own.clone());
            serde_json::from_value::<ValueType>(value).unwrap()
        };
        let types: ValueTypes = [
            one(23, "pg_catalog", "int4", "b", json!({})),
            one(25, "pg_catalog", "text", "b", json!({})),
            one(1007, "pg_catalog", "_int4", "b", json!({ "element": 23 })),
            one(1, "public", "state", "e", json!({ "labels": ["open", "done"] })),
            one(2, "public", "_state", "b", json!({ "element": 1 })),
            one(3, "public", "cents", "d", json!({ "base": 23 })),
            one(4, "public", "place", "c", json!({ "fields": [["x", 3], ["states", 2]] })),
            one(5, "public", "citext", "b", json!({})),
            one(6, "public", "hstore", "b", json!({ "casts": true })),
        ]
        .into_iter()
        .collect();
        let labels = ["open".to_owned(), "done".to_owned()];
        let states = || ValueShape::List(Box::new(ValueShape::Enum(&labels)));
        for (oid, expected) in [
            (23, ValueShape::Integer("int32")),
            (25, ValueShape::Text("")),
            (1007, ValueShape::List(Box::new(ValueShape::Integer("int32")))),
            (1, ValueShape::Enum(&labels)),
            (2, states()),
            (3, ValueShape::Integer("int32")),
            (4, ValueShape::Object(vec![("x", ValueShape::Integer("int32")), ("states", states())])),
            (5, ValueShape::Text("")),
            (6, ValueShape::Any),
            (99, ValueShape::Any),
        ] {
            assert_eq!(types.shape(oid), expected, "{oid}");
        }
        assert_eq!(types.of_schema("public", "e").len(), 1);
    }
}
