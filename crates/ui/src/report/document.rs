//! Result of a command: one value that is rendered as text or as JSON.

use serde::Serialize;

use super::style::Style;
use crate::flags::Format;
use martydb_model::error::ExitStatus;

/// Serializes to the document's own keys; the printer adds the envelope (`format_version`, `command`).
pub trait Report {
    /// Renders the result for people. Outside text must pass through `Cell`, `error_text`, `printable` or `indented`.
    fn text(&self, style: &Style) -> String;

    /// Returns the failures of parts of the work, for people: printed on stderr, below the text.
    fn messages(&self, _style: &Style) -> String {
        String::new()
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::Success
    }

    /// Returns `true` if the text is for programs, which receive it byte by byte.
    fn verbatim(&self) -> bool {
        false
    }

    /// Returns the format, if a flag of the command overrides `--output`.
    fn format(&self) -> Option<Format> {
        None
    }
}

/// A document of our own that is only text: completions, schema, man page.
#[derive(Serialize)]
pub struct Document(pub String);

impl Report for Document {
    fn text(&self, _: &Style) -> String {
        self.0.clone()
    }

    fn verbatim(&self) -> bool {
        true
    }

    fn format(&self) -> Option<Format> {
        Some(Format::Table)
    }
}
