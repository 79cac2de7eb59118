//! What a command returns: one value that is rendered as text or as JSON.

use serde::Serialize;

use super::style::Style;
use crate::flags::Format;
use martydb_model::error::ExitStatus;

/// What it serialises to are the document's own keys; the envelope (`format_version`, `command`) is added by the printer.
pub trait Report {
    /// The same for people. Outside text goes through `Cell`, `error_text`, `printable` or `indented`.
    fn text(&self, style: &Style) -> String;

    /// What went wrong in parts of the work, for people: it stands on stderr, below the text.
    fn messages(&self, _style: &Style) -> String {
        String::new()
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::Success
    }

    /// Whether the text is for programs, and reaches them byte by byte.
    fn verbatim(&self) -> bool {
        false
    }

    /// The format, where a flag of the command chooses another than `--output`.
    fn format(&self) -> Option<Format> {
        None
    }
}

/// Text that is a document of its own and all ours: completions, schema, man page.
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
