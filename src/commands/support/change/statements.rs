//! Statements of a change, in the language of its server.

use serde::{Serialize, Serializer};

use martydb_model::sql::{Script, Statement};

/// Statements of a change in the language of its server, with secrets redacted. JSON has them as one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statements(pub Vec<String>);

impl Statements {
    pub(crate) fn on_one_line(&self) -> String {
        self.0.join("; ")
    }
}

impl From<&Script> for Statements {
    fn from(script: &Script) -> Statements {
        Statements(script.statements().iter().map(|one: &Statement| one.shown().to_owned()).collect())
    }
}

impl Serialize for Statements {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.join(";\n"))
    }
}
