//! An error for people and for scripts.

use serde_json::Value;

use super::safe;
use super::style::Style;
use crate::error::{Error, Kind};

/// An error as scripts see it.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct ErrorBody {
    /// What kind of failure it is, one word.
    pub kind: &'static str,
    /// What failed.
    pub message: String,
    /// Why, the nearest first.
    pub causes: Vec<String>,
    /// What to do.
    pub hints: Vec<String>,
    /// What the server called it.
    pub sqlstate: Option<String>,
}

impl From<&Error> for ErrorBody {
    fn from(error: &Error) -> ErrorBody {
        ErrorBody {
            kind: error.kind.name(),
            message: error.message.clone(),
            causes: error.causes.clone(),
            hints: error.hints.clone(),
            sqlstate: error.sqlstate.clone(),
        }
    }
}

pub fn error_json(error: &Error) -> Value {
    serde_json::to_value(ErrorBody::from(error)).expect("plain data")
}

pub fn serialize_error<S: serde::Serializer>(
    error: &Option<Error>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&error.as_ref().map(error_json), serializer)
}

/// An error for people: what, why, what to do. Lines below the first of each part are indented to stand below it.
pub fn error_text(error: &Error, style: &Style) -> String {
    if error.kind == Kind::Interrupted {
        // Nothing failed: one line is enough.
        let words = std::iter::once(&error.message).chain(&error.hints);
        return words.map(|text| safe::printable(text)).collect::<Vec<_>>().join("; ");
    }
    let part = |label: &str, code: &str, text: &str| {
        let painted = if style.colour { format!("\u{1b}[{code}m{label}\u{1b}[0m") } else { label.to_owned() };
        format!("{painted} {}", safe::indented(text, label.len() + 1))
    };
    let mut lines = vec![part("error:", "1;31", &error.message)];
    lines.extend(error.causes.iter().map(|cause| part("caused by:", "31", cause)));
    lines.extend(error.hints.iter().map(|hint| part("hint:", "36", hint)));
    lines.join("\n")
}
