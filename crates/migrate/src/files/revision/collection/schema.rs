//! Schema of a collection: fields, indexes, partitioning and words to search for.

use serde::Deserialize;
use serde_json::{Number, Value};

/// Schema of a collection.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CollectionSchema {
    pub name: String,
    #[serde(default)]
    pub fields: Vec<CollectionField>,
    #[serde(default)]
    pub indexes: Vec<CollectionIndex>,
    pub partitioning: Option<CollectionPartitioning>,
    pub search: Option<CollectionSearch>,
}

/// A field of the documents. Its name may be a path such as `address.city`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CollectionField {
    pub name: String,
    pub r#type: FieldType,
    #[serde(default)]
    pub required: bool,
    #[serde(alias = "default")]
    pub default_value: Option<Value>,
    #[serde(default)]
    pub constraints: Vec<FieldConstraint>,
}

/// Type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FieldType {
    String,
    Number,
    Integer,
    Boolean,
    Object,
    Array,
}

impl FieldType {
    /// Returns the type as `jsonb_typeof` names it.
    pub(crate) fn json(self) -> &'static str {
        match self {
            FieldType::String => "string",
            FieldType::Number | FieldType::Integer => "number",
            FieldType::Boolean => "boolean",
            FieldType::Object => "object",
            FieldType::Array => "array",
        }
    }

    /// Returns `true` if a value is of the type.
    pub(crate) fn has(self, value: &Value) -> bool {
        match self {
            FieldType::String => value.is_string(),
            FieldType::Number => value.is_number(),
            FieldType::Integer => value.is_i64() || value.is_u64(),
            FieldType::Boolean => value.is_boolean(),
            FieldType::Object => value.is_object(),
            FieldType::Array => value.is_array(),
        }
    }
}

/// A constraint on the values of a field; one key each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldConstraint {
    pub minimum: Option<Number>,
    pub maximum: Option<Number>,
    pub max_length: Option<u32>,
    pub pattern: Option<String>,
    pub one_of: Option<Vec<Value>>,
}

/// An index on fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CollectionIndex {
    pub name: Option<String>,
    pub fields: Vec<String>,
    #[serde(default)]
    pub unique: bool,
}

/// Partitioning of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CollectionPartitioning {
    pub strategy: PartitioningStrategy,
    /// `id` for a hash, `created` for ranges of time.
    pub key: String,
    /// Number of the partitions of a hash.
    pub partitions: Option<u32>,
}

/// Strategy of a partitioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PartitioningStrategy {
    Hash,
    Range,
}

/// Fields whose words are searched for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CollectionSearch {
    /// Text search configuration; `simple` by default.
    pub language: Option<String>,
    pub fields: Vec<String>,
}
