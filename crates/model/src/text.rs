//! Untrusted text made safe to print: names in a server's catalog, its messages, files, output of programs.
//!
//! A terminal obeys escape sequences from any source, and a reader takes a line that begins with `hint:` for ours.
//! Untrusted text is escaped when it becomes part of a message, a cell or a label; all output also passes
//! [`finished`] or [`escaped_json`] last, in case the caller forgot.

use std::borrow::Cow;

/// Returns one line. Characters that move the cursor, end the line, change the direction of writing or are invisible
/// are escaped as in Rust.
pub fn printable(text: &str) -> String {
    escaped(text, |c| !is_risky(c), in_rust).into_owned()
}

/// Returns several lines: those after the first are indented by `blanks`, so that none begins like a line of ours.
pub fn indented(text: &str, blanks: usize) -> String {
    let indent = " ".repeat(blanks);
    let lines = text.trim_end_matches('\n').split('\n').map(|line| printable(line.trim_end_matches('\r')));
    let lines: Vec<String> = lines.collect();
    let below = lines.iter().skip(1).map(|line| format!("\n{indent}{line}"));
    let below: String = below.map(|line| line.trim_end_matches(' ').to_owned()).collect();
    lines[0].clone() + &below
}

/// Returns preformatted text: line ends and tabs are kept, and colours if allowed.
pub fn finished(text: &str, colour: bool) -> Cow<'_, str> {
    let kept = is_safe;
    if !colour || !text.contains(ESCAPE) {
        return escaped(text, kept, in_rust);
    }
    let parts = apart(text)
        .map(|(part, is_colour)| if is_colour { Cow::Borrowed(part) } else { escaped(part, kept, in_rust) });
    Cow::Owned(parts.collect())
}

pub fn without_colours(text: &str) -> String {
    apart(text).filter(|(_, is_colour)| !is_colour).map(|(part, _)| part).collect()
}

/// Returns a JSON document with the same meaning for a parser, without control characters for a terminal. serde
/// escapes only below U+0020.
pub fn escaped_json(text: &str) -> Cow<'_, str> {
    let units = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
    escaped(text, |c| !is_risky(c) || c == '\n', units)
}

const ESCAPE: char = '\u{1b}';

/// Splits the text into pieces; `true` marks a colour sequence.
fn apart(mut rest: &str) -> impl Iterator<Item = (&str, bool)> {
    std::iter::from_fn(move || {
        let colour = colour_sequence(rest);
        let next = || rest.char_indices().skip(1).find(|(at, _)| colour_sequence(&rest[*at..]).is_some());
        let end = colour.or_else(|| next().map(|(at, _)| at)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        (!part.is_empty()).then_some((part, colour.is_some()))
    })
}

/// Returns the length of a colour sequence (SGR) at the beginning of the text.
fn colour_sequence(text: &str) -> Option<usize> {
    let body = text.strip_prefix("\u{1b}[")?;
    let end = body.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    body[end..].starts_with('m').then_some(end + 3)
}

/// Returns `true` if a character may be printed unchanged in a text of several lines.
pub fn is_safe(c: char) -> bool {
    !is_risky(c) || matches!(c, '\n' | '\t')
}

fn is_risky(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Blanks without width, and characters that change the direction of writing.
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Line and paragraph separators, a byte order mark, and invisible annotations.
            | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Escapes a character as in Rust.
fn in_rust(c: char) -> String {
    c.escape_unicode().to_string()
}

fn escaped(text: &str, kept: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if text.chars().all(&kept) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if kept(c) {
            out.push(c);
        } else {
            out += &escape(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTACK: &str = "a\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J\u{7f}\u{202e}b\nhint: x\r\tc";

    fn has_no_control(text: &str) -> bool {
        text.chars().all(|c| !is_risky(c) || c == '\n')
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\\u{a}d");
        assert_eq!(printable("Größe, 日本語, a\u{a0}b"), "Größe, 日本語, a\u{a0}b");
        assert!(has_no_control(&printable(ATTACK)));
        assert_eq!(printable(&printable(ATTACK)), printable(ATTACK));
    }

    #[test]
    fn lines_below_the_first_are_indented() {
        assert_eq!(indented("one\nhint: two\r\n\nthree\n", 2), "one\n  hint: two\n\n  three");
        assert_eq!(indented("", 2), "");
        assert!(has_no_control(&indented(ATTACK, 2)));
        assert!(!indented(ATTACK, 2).contains("\nhint:"));
    }

    #[test]
    fn of_a_finished_text_only_colours_pass_and_only_where_they_are_allowed() {
        let ours = "\u{1b}[1;31merror:\u{1b}[0m x\n\ty\n";
        assert_eq!(finished(ours, true), ours);
        assert_eq!(finished(ours, false), "\\u{1b}[1;31merror:\\u{1b}[0m x\n\ty\n");
        assert_eq!(
            finished("\u{1b}[2J\u{1b}]0;x\u{7}\u{1b}[1", true),
            "\\u{1b}[2J\\u{1b}]0;x\\u{7}\\u{1b}[1"
        );
    }

    #[test]
    fn json_means_the_same_and_has_no_control_characters() {
        let text = format!("{ATTACK}\u{e0041}");
        let document = serde_json::to_string_pretty(&serde_json::json!({ &text: [&text] })).unwrap();
        let safe = escaped_json(&document);
        assert!(has_no_control(&safe), "{safe:?}");
        let read: serde_json::Value = serde_json::from_str(&safe).unwrap();
        assert_eq!(read[&text][0], text);
    }

    proptest::proptest! {
        #[test]
        fn nothing_gets_through(text in "(\u{1b}\\[[0-9;]{0,4}[a-zA-Z]|\\PC|\\p{C}|\n){0,40}") {
            proptest::prop_assert!(has_no_control(&printable(&text)));
            proptest::prop_assert!(has_no_control(&indented(&text, 2)));
            proptest::prop_assert!(has_no_control(&finished(&text, false).replace('\t', "")));
            let once = finished(&text, true).into_owned();
            proptest::prop_assert_eq!(&*finished(&once, true), once.as_str());
        }
    }
}
