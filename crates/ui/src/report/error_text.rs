//! Errors as text.

use super::safe;
use super::style::Style;
use martydb_model::error::{Error, Kind};

/// Formats an error for people: message, causes, hints. Further lines of each part are indented.
pub fn error_text(error: &Error, style: &Style) -> String {
    if error.kind == Kind::Interrupted {
        // An interruption is not a failure: one line is enough.
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

/// Returns the texts of several errors.
pub fn error_texts<'e>(errors: impl IntoIterator<Item = &'e Error>, style: &Style) -> String {
    errors.into_iter().map(|error| error_text(error, style)).collect()
}
