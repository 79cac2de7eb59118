//! Values of actions, and the words for what they change.

use martydb_model::{CACHE_TRIGGER, SERVE_SCHEMA, SchemaName, WriteCounter};

/// Value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// A literal.
    Text(String),
    /// A list of names, as in `search_path`.
    Schemas(Vec<SchemaName>),
}

impl std::fmt::Display for SettingValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SettingValue::Text(text) => f.write_str(text),
            SettingValue::Schemas(names) => {
                let names: Vec<_> = names.iter().map(SchemaName::as_str).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// Change of a table in a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicationChange {
    Add,
    Drop,
}

impl PublicationChange {
    pub fn words(self) -> &'static str {
        match self {
            PublicationChange::Add => "ADD TABLE",
            PublicationChange::Drop => "DROP TABLE",
        }
    }
}

/// Describes the trigger that counts the writes of a table.
pub(crate) fn trigger(schema: &SchemaName, table: &str) -> String {
    format!("trigger {CACHE_TRIGGER} on {schema}.{table}")
}

/// Describes the function of a counter.
pub(crate) fn function(counter: &WriteCounter) -> String {
    format!("function {SERVE_SCHEMA}.{}", counter.function())
}
