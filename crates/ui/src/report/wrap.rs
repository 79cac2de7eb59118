//! Wrapping of lines to a terminal's width.

use super::Style;

/// Wraps a line between words; continued lines are indented. `\u{a0}` keeps two words together.
pub fn wrapped(text: &str, indent: &str, style: &Style) -> String {
    let width = style.width.unwrap_or(usize::MAX);
    let (mut out, mut line) = (String::new(), String::new());
    for word in text.split(' ') {
        if !line.trim().is_empty() && line.chars().count() + word.chars().count() > width {
            out += line.trim_end();
            out.push('\n');
            line = indent.to_owned();
        }
        line += word;
        line.push(' ');
    }
    (out + line.trim_end() + "\n").replace('\u{a0}', " ")
}
