//! Schema of a service beside what its runs left, and words about it.

use serde::Serialize;

use martydb_model::text::printable;
use martydb_model::units::first_of;

/// Most objects that a sentence names.
const MAX_NAMED: usize = 5;

/// Change of an object by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SchemaChange {
    Added,
    Changed,
    Removed,
}

/// An object that was changed by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaDrift {
    /// Kind and name, such as `column public.orders.note`.
    pub object: String,
    pub change: SchemaChange,
    /// Time of the last run that found it as expected, in UTC (RFC 3339); `None` if that is not known.
    pub since: Option<String>,
    /// Definitions before and after, for messages.
    #[serde(skip)]
    pub definitions: (Option<String>, Option<String>),
}

/// Schema of a service beside what its runs left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    Same,
    Drifted(Vec<SchemaDrift>),
    Unknown(UnknownSchema),
}

impl UnknownSchema {
    /// Returns `true` if a comparison with the files shows what was changed by hand.
    pub fn is_settled_by_files(self) -> bool {
        self != UnknownSchema::Split
    }
}

/// Reason why it is not known if a schema was changed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownSchema {
    /// No run has kept the definitions.
    NotKept,
    /// Another version of martydb kept them.
    Reader,
    /// They were kept on this major version of PostgreSQL.
    Major(u32),
    /// A run was interrupted, or refinery or an earlier martydb ran.
    Position,
    /// A split is under way in the database.
    Split,
}

impl std::fmt::Display for UnknownSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            UnknownSchema::NotKept => f.write_str("no run has kept its definitions yet"),
            UnknownSchema::Reader => f.write_str("another version of martydb kept its definitions"),
            UnknownSchema::Major(major) => write!(f, "its definitions were kept on PostgreSQL {major}"),
            UnknownSchema::Position => {
                f.write_str("a run was interrupted, or another program ran migrations")
            }
            UnknownSchema::Split => f.write_str("a split is under way in its database"),
        }
    }
}

impl SchemaState {
    /// Returns the word of the state in documents.
    pub fn word(&self) -> &'static str {
        match self {
            SchemaState::Same => "same",
            SchemaState::Drifted(_) => "drifted",
            SchemaState::Unknown(_) => "unknown",
        }
    }
}

impl SchemaDrift {
    /// Returns the object with its change, such as `column public.orders.note (added)`.
    pub fn label(&self) -> String {
        let change = match self.change {
            SchemaChange::Added => "added",
            SchemaChange::Changed => "changed",
            SchemaChange::Removed => "removed",
        };
        format!("{} ({change})", printable(&self.object))
    }
}

/// Returns the sentence about the changes of a service.
pub fn drift_in_words(all: &[SchemaDrift]) -> String {
    let names: Vec<String> = all.iter().map(SchemaDrift::label).collect();
    format!("its schema was changed by hand: {}", first_of(&names, MAX_NAMED))
}

/// Returns the ways out.
pub fn drift_hint(service: &str) -> String {
    format!(
        "write a migration that makes the same change, and undo it by hand; or accept it with \
         `martydb repair --service {service} --schema --reason …`"
    )
}
