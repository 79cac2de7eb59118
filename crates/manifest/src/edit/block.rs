//! A YAML text as lines: finds keys and their values, and inserts below them.

use std::ops::Range;

use serde_yaml::{Mapping, Value};

use super::write;

pub(crate) struct YamlLines {
    lines: Vec<String>,
}

/// A key of a map in block form.
struct Key {
    line: usize,
    indent: usize,
    /// Text after the colon, without the comment.
    value: String,
    /// Comment, with its number sign.
    comment: String,
}

impl YamlLines {
    pub(crate) fn new(text: &str) -> YamlLines {
        YamlLines { lines: text.lines().map(String::from).collect() }
    }

    pub(crate) fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    /// Adds keys at the top level.
    pub(crate) fn merge(&mut self, keys: &Mapping) -> Option<()> {
        let end = self.trimmed(0..self.lines.len());
        self.merge_below(0..end, 0, keys)
    }

    /// Adds keys to the map in these lines, whose keys have this indent if it has any.
    fn merge_below(&mut self, mut range: Range<usize>, indent: usize, keys: &Mapping) -> Option<()> {
        let indent = self.first_indent(range.clone()).unwrap_or(indent);
        for (name, value) in keys {
            let before = self.lines.len();
            match self.find(range.clone(), name.as_str()?) {
                None => self.insert(range.end, write::entry(&write::flow(name), value, indent)),
                Some(found) => self.change(&found, range.end, value)?,
            }
            range.end += self.lines.len() - before;
        }
        Some(())
    }

    fn change(&mut self, key: &Key, end: usize, value: &Value) -> Option<()> {
        match value {
            Value::Mapping(inner) => {
                let taken = self.explode(key)?;
                let end = end + taken;
                self.merge_below(self.below(key, end), key.indent + 2, inner)
            }
            Value::Sequence(items) if key.value.is_empty() => self.append(key, end, items),
            // A value that continues in the next line is left unchanged.
            _ if self.below(key, end).is_empty() => {
                let head = self.head(key);
                let comment =
                    if key.comment.is_empty() { String::new() } else { format!(" {}", key.comment) };
                self.lines[key.line] = format!("{head} {}{comment}", write::flow(value));
                Some(())
            }
            _ => None,
        }
    }

    /// Moves a map from the key's own line to lines below it. Returns the number of new lines.
    fn explode(&mut self, key: &Key) -> Option<usize> {
        let value = key.value.as_str();
        if value.is_empty() {
            return Some(0);
        }
        let inner = value.strip_prefix('{')?.strip_suffix('}')?;
        let blanks = " ".repeat(key.indent + 2);
        let below: Vec<String> = pieces(inner)?.iter().map(|piece| format!("{blanks}{piece}")).collect();
        let comment = if key.comment.is_empty() { String::new() } else { format!(" {}", key.comment) };
        self.lines[key.line] = self.head(key) + &comment;
        let count = below.len();
        self.insert(key.line + 1, below);
        Some(count)
    }

    /// Appends the missing items to a list in block form.
    fn append(&mut self, key: &Key, end: usize, items: &[Value]) -> Option<()> {
        let below = self.below(key, end);
        let first = self.lines.get(below.start)?;
        let indent = indent_of(first)?;
        let listed: Vec<&String> = self.lines[below.clone()].iter().filter(|line| is_content(line)).collect();
        if listed.iter().any(|line| !line.trim_start().starts_with("- ")) {
            return None;
        }
        let new = items.get(listed.len()..)?;
        let lines = new.iter().map(|one| write::item(one, indent)).collect();
        self.insert(below.end, lines);
        Some(())
    }

    /// Returns the key with its colon, as written.
    fn head(&self, key: &Key) -> String {
        let line = &self.lines[key.line];
        let end = colon(line).map_or(line.len(), |at| at + 1);
        line[..end].to_owned()
    }

    fn insert(&mut self, at: usize, lines: Vec<String>) {
        self.lines.splice(at..at, lines);
    }

    fn find(&self, range: Range<usize>, name: &str) -> Option<Key> {
        let indent = self.first_indent(range.clone())?;
        range.filter(|at| indent_of(&self.lines[*at]) == Some(indent)).find_map(|line| {
            let text = &self.lines[line];
            let at = colon(text)?;
            let key: Value = serde_yaml::from_str(&text[..at]).ok()?;
            let (value, comment) = without_comment(&text[at + 1..]);
            (key.as_str() == Some(name)).then_some(Key { line, indent, value, comment })
        })
    }

    /// Returns the lines of a key's value, up to `end` at most.
    fn below(&self, key: &Key, end: usize) -> Range<usize> {
        let start = key.line + 1;
        let outside = |line: &String| {
            let indent = indent_of(line);
            let is_item = indent == Some(key.indent) && line.trim_start().starts_with("- ");
            indent.is_some_and(|indent| indent <= key.indent) && !is_item
        };
        let end = self.lines[start..end].iter().position(outside).map_or(end, |count| start + count);
        start..self.trimmed(start..end)
    }

    /// Returns the end of the lines without closing blanks and comments, which belong to the next key.
    fn trimmed(&self, range: Range<usize>) -> usize {
        let last = self.lines[range.clone()].iter().rposition(is_content);
        last.map_or(range.start, |last| range.start + last + 1)
    }

    fn first_indent(&self, range: Range<usize>) -> Option<usize> {
        self.lines[range].iter().find_map(indent_of)
    }
}

#[allow(clippy::ptr_arg, reason = "passed as a function over lines")]
fn is_content(line: &String) -> bool {
    indent_of(line).is_some()
}

/// Returns the number of blanks before the text; `None` for a blank line, a comment and a document marker.
#[allow(clippy::ptr_arg, reason = "passed as a function over lines")]
fn indent_of(line: &String) -> Option<usize> {
    let text = line.trim_start_matches(' ');
    let none = text.trim().is_empty() || text.starts_with('#') || text.starts_with("---");
    (!none).then(|| line.len() - text.len())
}

/// Returns the position of the colon after a line's key.
fn colon(line: &str) -> Option<usize> {
    let ends = |at: usize| line[at + 1..].starts_with([' ', '\t']) || line.len() == at + 1;
    outside_quotes(line).find(|(at, c)| *c == ':' && ends(*at)).map(|(at, _)| at)
}

/// Splits a value from the comment after it.
fn without_comment(text: &str) -> (String, String) {
    let is_sign = |(at, c): &(usize, char)| *c == '#' && (*at == 0 || text[..*at].ends_with([' ', '\t']));
    let at = outside_quotes(text).find(is_sign).map_or(text.len(), |(at, _)| at);
    (text[..at].trim().to_owned(), text[at..].trim_end().to_owned())
}

/// Splits a map on one line at its commas. Returns `None` if a bracket is not closed.
fn pieces(inner: &str) -> Option<Vec<&str>> {
    let (mut depth, mut from, mut all) = (0_u32, 0, vec![]);
    for (at, c) in outside_quotes(inner) {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                all.push(inner[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    all.push(inner[from..].trim());
    all.retain(|piece| !piece.is_empty());
    (depth == 0).then_some(all)
}

/// Returns the characters outside of quoted text. A quote within plain text means itself.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quote, mut escaped, mut begins) = (None, false, true);
    text.char_indices().filter(move |(_, c)| {
        let was = quote;
        match quote {
            _ if escaped => escaped = false,
            Some('"') if *c == '\\' => escaped = true,
            Some(open) if open == *c => quote = None,
            Some(_) => {}
            None if begins && matches!(c, '"' | '\'') => quote = Some(*c),
            None => {}
        }
        begins = was.is_none() && (c.is_whitespace() || "[{,:-".contains(*c));
        was.is_none() && quote.is_none()
    })
}
