//! End delimiters of statements, as semicolons.

use martydb_sql::{TokenKind, tokens};

/// An end delimiter: its text, and whether it counts only on a line of its own.
struct EndDelimiter {
    text: String,
    alone: bool,
}

/// Returns a delimiter as written in an attribute. It is a regular expression for Liquibase; `None` if it is more than a text
/// on a line of its own, or a part of PostgreSQL's syntax.
fn parse(written: &str) -> Option<EndDelimiter> {
    let mut text = written;
    for start in ["^", "\\r", "\\n", "\\s*"] {
        text = text.strip_prefix(start).unwrap_or(text);
    }
    for end in ["$", "\\n", "\\r", "\\s*"] {
        text = text.strip_suffix(end).filter(|rest| !rest.is_empty()).unwrap_or(text);
    }
    let is_word = text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_pattern = text.chars().count() > 1
        && text.contains(['\\', '[', ']', '(', ')', '*', '+', '?', '|', '.', '{', '^']);
    let is_syntax = text.is_empty() || text.contains(['$', '\'', '"']);
    let alone = is_word || text == "/" || text.len() < written.len();
    (!is_pattern && !is_syntax).then(|| EndDelimiter { text: text.to_lowercase(), alone })
}

/// Puts a semicolon in the place of each delimiter; `None` if the delimiter cannot be replaced. Without one, Liquibase takes `;`, and
/// `/` or `GO` on lines of their own.
pub(super) fn replaced(text: &str, written: Option<&str>) -> Option<String> {
    let delimiters = match written {
        Some(";") => return Some(text.into()),
        Some(written) => vec![parse(written)?],
        None => ["/", "go"].map(|text| EndDelimiter { text: text.into(), alone: true }).into(),
    };
    let quoted: Vec<_> = tokens(text)
        .into_iter()
        .filter(|token| matches!(token.kind, TokenKind::Text | TokenKind::Quoted))
        .collect();
    let is_quoted = |at: usize| {
        let next = quoted.partition_point(|token| token.end <= at);
        quoted.get(next).is_some_and(|token| token.start < at)
    };
    let (mut out, mut start) = (String::new(), 0);
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let trimmed = line.trim();
        let ends = delimiters.iter().any(|one| one.alone && trimmed.to_lowercase() == one.text);
        let inner = delimiters.iter().find(|one| !one.alone);
        if ends && !is_quoted(at + line.len() - line.trim_start().len()) {
            end_statement(&mut out);
            out += &line[line.trim_end().len()..];
        } else if let Some(one) =
            inner.filter(|one| line.to_lowercase().contains(&one.text) && !trimmed.starts_with("--"))
        {
            inline(&mut out, line, &one.text, |offset| is_quoted(at + offset));
        } else {
            out += line;
        }
    }
    Some(out)
}

fn inline(out: &mut String, line: &str, delimiter: &str, is_quoted: impl Fn(usize) -> bool) {
    let mut from = 0;
    // Delimiters that are no words are the same in lower case.
    for (at, found) in line.match_indices(delimiter) {
        if !is_quoted(at) {
            *out += &line[from..at];
            end_statement(out);
            from = at + found.len();
        }
    }
    *out += &line[from..];
}

/// Ends a statement that no semicolon has ended. The lines keep their numbers.
fn end_statement(out: &mut String) {
    let end = out.trim_end().len();
    if end > 0 && !out[..end].ends_with(';') {
        out.insert(end, ';');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_become_semicolons() {
        for (text, written, expected) in [
            ("a\n/\nb / c\nGO\n", None, Some("a;\n\nb / c;\n\n")),
            ("a;\n/\n", None, Some("a;\n\n")),
            ("a //\nb; c;\n//", Some("//"), Some("a; \nb; c;\n")),
            (
                "SELECT '//' // SELECT $$ // $$ //\n-- //\n",
                Some("//"),
                Some("SELECT '//';  SELECT $$ // $$; \n-- //\n"),
            ),
            ("a\nGo\ngoto\n", Some("GO"), Some("a;\n\ngoto\n")),
            ("a\n/\n1 / 2", Some("\\n/\\s*$"), Some("a;\n\n1 / 2")),
            ("a\n@@\n", Some("@@"), Some("a;\n\n")),
            ("a\n/\nb;\n", Some(";"), Some("a\n/\nb;\n")),
            ("a", Some("$$"), None),
            ("a", Some("\\n(/|GO)"), None),
        ] {
            assert_eq!(replaced(text, written).as_deref(), expected, "{text} {written:?}");
        }
    }
}
