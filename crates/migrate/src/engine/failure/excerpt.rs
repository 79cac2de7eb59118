//! A line of a file with a caret below one of its characters, as in psql.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::files::Position;
use martydb_model::text::printable;

/// Columns that `caused by: ` leaves of an 80-column terminal. If the terminal wraps the line, the caret is
/// misplaced.
const WIDTH: usize = 80 - "caused by: ".len();

const CUT: &str = "…";

/// Returns the line with a caret below the character at `offset`, in bytes.
pub(crate) fn excerpt(text: &str, offset: usize) -> String {
    let offset = text.floor_char_boundary(offset);
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    let (before, after) = (shown(&text[start..offset]), shown(text[offset..end].trim_end()));
    let label = format!("LINE {}: ", Position::new(text, offset).line);
    let room = WIDTH - label.len();
    let before = tail(&before, (room * 2 / 3).max(room.saturating_sub(after.width())));
    let after = head(&after, room - before.width());
    let indent = label.len() + before.width();
    format!("{}\n{}^", format!("{label}{before}{after}").trim_end(), " ".repeat(indent))
}

/// Escapes a text as it will be printed: escaping later would misplace the caret. Tabs become blanks, because
/// their width depends on the terminal.
fn shown(text: &str) -> String {
    printable(&text.replace('\t', " "))
}

/// Returns the end of a text, in at most `columns` columns.
fn tail(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.into();
    }
    let reversed: String = text.chars().rev().collect();
    let kept = truncated(&reversed, columns - CUT.width());
    CUT.chars().chain(kept.chars().rev()).collect()
}

/// Returns the beginning of a text, in at most `columns` columns.
fn head(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.into();
    }
    truncated(text, columns - CUT.width()).to_owned() + CUT
}

fn truncated(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > columns
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::error::Error;
    use martydb_ui::report::{Style, error_text};

    #[test]
    fn the_caret_is_below_its_character() {
        let text = "SELECT 1;\r\n\tSELECT é, nope;\n";
        assert_eq!(
            excerpt(text, text.find("nope").unwrap()),
            "LINE 2:  SELECT é, nope;\n                   ^"
        );
        assert_eq!(excerpt("", 0), "LINE 1:\n        ^");
        assert_eq!(excerpt("'日本', x", "'日本', ".len()), "LINE 1: '日本', x\n                ^");
        assert_eq!(
            excerpt("'\u{200b}', x", "'\u{200b}', ".len()).lines().last().unwrap(),
            format!("{}^", " ".repeat(8 + 12))
        );
    }

    /// Printed as by a command, with the label of the cause.
    #[test]
    fn the_caret_is_below_its_character_at_80_columns() {
        for (before, after) in [(500, 500), (10, 500), (500, 0), (30, 10), (0, 0)] {
            let text = format!("{}x{}", "a".repeat(before), "b".repeat(after));
            let error = Error::operation("no").cause(excerpt(&text, before));
            let printed = error_text(&error, &Style::PLAIN);
            let lines: Vec<&str> = printed.lines().skip(1).collect();
            assert!(lines.iter().all(|line| line.width() <= 80), "{printed}");
            assert_eq!(lines[0].chars().nth(lines[1].len() - 1), Some('x'), "{printed}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_offset_panics(text in "[a\n\té日]{0,200}", offset in 0..300usize) {
            let shown = excerpt(&text, offset);
            proptest::prop_assert!(shown.lines().all(|line| line.width() <= WIDTH + 1), "{}", shown);
        }
    }
}
