//! What a command returns: one value that is rendered as text or as JSON.

use serde_json::{Map, Value};

use super::style::Style;
use crate::error::ExitStatus;
use crate::flags::Format;

pub trait Report: Send {
    /// The document's own keys; the envelope (`format_version`, `command`) is added by the printer.
    fn json(&self) -> Map<String, Value>;
    /// The same as text, for a document whose tree would be large.
    fn json_text(&self) -> String {
        serde_json::to_string_pretty(&self.json()).expect("a map of values is JSON")
    }
    /// The same for people. Outside text goes through `Cell`, `error_text`, `printable` or `indented`.
    fn text(&self, style: &Style) -> String;
    fn status(&self) -> ExitStatus;
    /// Whether the text is for programs, and reaches them byte by byte.
    fn verbatim(&self) -> bool {
        false
    }
    /// The format, where a flag of the command chooses another than `--output`.
    fn format(&self) -> Option<Format> {
        None
    }
}

/// A struct that serialises to an object, as the keys of a document.
pub fn keys(value: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        other => unreachable!("reports are structs, this one became {other:?}"),
    }
}

/// Text that is a document of its own and all ours: completions, schema, man page.
pub struct Document(pub String);

impl Report for Document {
    fn json(&self) -> Map<String, Value> {
        Map::new()
    }

    fn text(&self, _: &Style) -> String {
        self.0.clone()
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::Success
    }

    fn verbatim(&self) -> bool {
        true
    }

    fn format(&self) -> Option<Format> {
        Some(Format::Table)
    }
}
