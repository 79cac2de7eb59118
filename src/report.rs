//! What a command has to say, and the only module that prints it.
//!
//! A command returns a [`Report`]: one value that is rendered either as text or as JSON, so that the two cannot
//! disagree. Data goes to stdout; messages and progress go to stderr and obey `--quiet`.

mod grid;
mod out;
mod progress;
mod safe;
mod table;

use serde_json::{Map, Value};

pub use grid::{Grid, Mark, paint};
pub use out::{ErrorBody, Out, error_json, error_text, serialize_error};
pub use progress::Progress;
pub use safe::{indented, printable, without_colours};
pub use table::{Cell, Paint, Table};

use crate::error::ExitStatus;

/// How text is to look on the stream it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Escape codes allowed?
    pub colour: bool,
    /// Columns to fit in; `None` off a terminal, where lines may be as long as they are.
    pub width: Option<usize>,
}

impl Look {
    /// A pipe or a file: no colour, no limit.
    pub const PLAIN: Look = Look { colour: false, width: None };
}

/// A finished result.
pub trait Report: Send {
    /// The document's own keys; the envelope (`format_version`, `command`) is added by the printer.
    fn json(&self) -> Map<String, Value>;
    /// The same as text, for a document so large that a tree of it would be felt.
    fn json_text(&self) -> String {
        serde_json::to_string_pretty(&self.json()).expect("a map of values is JSON")
    }
    /// The same for people. What others chose goes through a [`Cell`], [`error_text`], [`printable`] or [`indented`].
    fn text(&self, look: &Look) -> String;
    /// How the run ends.
    fn status(&self) -> ExitStatus;
    /// Whether the text is for programs, and reaches them byte by byte.
    fn verbatim(&self) -> bool {
        false
    }
    /// The format, where a flag of the command chooses another than `--output`.
    fn format(&self) -> Option<crate::flags::Format> {
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
