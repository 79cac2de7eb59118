//! Errors as text.

use super::style::Style;
use super::wrap::wrapped;
use martydb_model::error::{Error, Kind};
use martydb_model::text;

/// Formats an error for people: message, causes, hints. Further lines of each part are indented.
pub fn error_text(error: &Error, style: &Style) -> String {
    if error.kind == Kind::Interrupted {
        // An interruption is not a failure: one line is enough.
        let words = std::iter::once(&error.message).chain(&error.hints);
        return words.map(|word| text::printable(word)).collect::<Vec<_>>().join("; ");
    }
    let part = |label: &str, code: &str, text: &str| {
        let painted = if style.colour { format!("\u{1b}[{code}m{label}\u{1b}[0m") } else { label.to_owned() };
        let plain = format!("{label} {}", text::indented(text, label.len() + 1));
        format!("{painted}{}", &fitted(&plain, label.len() + 1, style)[label.len()..])
    };
    let mut lines = vec![part("error:", "1;31", &error.message)];
    lines.extend(error.causes.iter().map(|cause| part("caused by:", "31", cause)));
    lines.extend(error.hints.iter().map(|hint| part("hint:", "36", hint)));
    lines.join("\n")
}

/// Wraps the lines between words. A command stays whole, to be copied; so does text above a caret, which points into it.
fn fitted(text: &str, blanks: usize, style: &Style) -> String {
    if style.width.is_none() || text.lines().any(|line| line.trim() == "^") {
        return text.to_owned();
    }
    let indent = " ".repeat(blanks);
    let lines: String =
        text.lines().map(|line| wrapped(&with_whole_commands(line), &indent, style)).collect();
    lines.trim_end_matches('\n').to_owned()
}

/// Replaces the blanks between backquotes by such as [`wrapped`] keeps.
fn with_whole_commands(line: &str) -> String {
    let parts = line.split('`').enumerate();
    let parts =
        parts.map(|(at, part)| if at % 2 == 1 { part.replace(' ', "\u{a0}") } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`")
}

/// Returns the texts of several errors.
pub fn error_texts<'e>(errors: impl IntoIterator<Item = &'e Error>, style: &Style) -> String {
    errors.into_iter().map(|error| error_text(error, style)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_breaks_lines_between_words() {
        let error = Error::operation("the folder of the service development has no migrations")
            .cause("one\ntwo, which is longer than the others are")
            .hint("write one with `martydb revision development -m first`, or leave it out");
        let style = Style { width: Some(40), ..Style::PLAIN };
        assert_eq!(
            error_text(&error, &style),
            "error: the folder of the service\n       development has no migrations\n\
             caused by: one\n           two, which is longer than the\n           others are\n\
             hint: write one with\n      `martydb revision development -m first`,\n      or leave it out"
        );
        let pointed = Error::operation("LINE 1: SELECT nothing FROM a_table_with_a_name\n               ^");
        assert_eq!(error_text(&pointed, &style), error_text(&pointed, &Style::PLAIN));
    }
}
