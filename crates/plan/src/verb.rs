//! Verbs of a plan's actions.

/// Kind of change; its words are part of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Creates an object.
    Create,
    /// Changes an object.
    Alter,
    /// Grants a privilege.
    Grant,
    /// Revokes a privilege.
    Revoke,
    /// Drops an object.
    Drop,
    /// Copies an object from another server.
    Copy,
}

impl Verb {
    /// Returns the word for JSON.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Alter => "alter",
            Verb::Grant => "grant",
            Verb::Revoke => "revoke",
            Verb::Drop => "drop",
            Verb::Copy => "copy",
        }
    }
}
