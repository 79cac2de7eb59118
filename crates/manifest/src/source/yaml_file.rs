//! A YAML file of a manifest: its text, its tree, and the locations in it.

use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use serde_yaml::Value;

use crate::source::locate::{duplicate, locate};
use martydb_model::error::{Error, Result};
use martydb_model::yaml;
use martydb_os::read_named;

/// Returns the error of a file with another encoding, with the place of the first byte that UTF-8 does not have there.
fn not_utf8(path: &Path, error: &FromUtf8Error) -> Error {
    let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let before = String::from_utf8_lossy(before);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Error::manifest(format!("{}:{line}:{column}: these bytes are not UTF-8", path.display()))
        .hint("save the file as UTF-8")
}

pub(crate) struct YamlFile {
    pub path: PathBuf,
    pub text: String,
    /// The content, a mapping.
    pub value: Value,
}

impl YamlFile {
    /// Reads and parses a file; `hint` describes the content that an empty one lacks.
    pub(crate) fn read(path: &Path, hint: &str) -> Result<YamlFile> {
        let shown = path.display();
        let bytes = read_named(path)
            .map_err(|error| Error::manifest(format!("cannot read the manifest {shown}")).cause(error))?;
        YamlFile::decode(path, bytes, hint)
    }

    /// Decodes and parses the bytes of a file.
    pub(crate) fn decode(path: &Path, bytes: Vec<u8>, hint: &str) -> Result<YamlFile> {
        let text = String::from_utf8(bytes).map_err(|error| not_utf8(path, &error))?;
        YamlFile::parse(path, text, hint)
    }

    /// Parses a text, which may not be in the file yet.
    pub(crate) fn parse(path: &Path, text: String, hint: &str) -> Result<YamlFile> {
        let shown = path.display();
        yaml::check(&text, path)?;
        let value: Value = serde_yaml::from_str(&text).map_err(|error| unreadable(path, &text, &error))?;
        let unusable = |what| Err(Error::manifest(format!("{shown}:1:1: {what}")).hint(hint));
        match value {
            Value::Mapping(_) => Ok(YamlFile { path: path.to_owned(), text, value }),
            Value::Null => unusable("the file is empty"),
            _ => unusable("expected keys and values"),
        }
    }

    /// Returns `true` if the file has a value at the path.
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        path.iter().try_fold(&self.value, |value, key| value.get(key)).is_some()
    }

    /// Returns `file:line:column` of a path; `None` if the file does not have it.
    pub(crate) fn place(&self, path: &[&str]) -> Option<String> {
        let (line, column) = locate(&self.text, path)?;
        Some(format!("{}:{line}:{column}", self.path.display()))
    }

    /// Returns an error at a path, with the location of the path or of its nearest parent.
    pub(crate) fn error_at(&self, path: &[&str], message: impl std::fmt::Display) -> Error {
        let place = (1..=path.len()).rev().find_map(|length| self.place(&path[..length]));
        let place = place.unwrap_or_else(|| self.path.display().to_string());
        Error::manifest(format!("{place}: {}", without_passwords(&message.to_string())))
    }

    /// Returns the file's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }
}

/// Returns the library's message without its location, and a hint.
fn explained(text: &str, line: Option<usize>, message: &str) -> (String, &'static str) {
    let indented_by_tab = |line: &str| line[..line.len() - line.trim_start().len()].contains('\t');
    let at = line.and_then(|line| text.lines().nth(line.saturating_sub(1)));
    if at.is_some_and(indented_by_tab) {
        return ("the indentation contains a tab".into(), "indent with spaces: YAML allows no tabs there");
    }
    match message.split_once("duplicate entry with key ") {
        Some((_, key)) => (format!("the key {key} is repeated"), "remove or rename one of the two"),
        None => (message.to_owned(), "this is not valid YAML"),
    }
}

fn unreadable(path: &Path, text: &str, error: &serde_yaml::Error) -> Error {
    // For a duplicate key the library reports the start of the map; the second key is reported instead.
    let place = duplicate(text).or(error.location().map(|at| (at.line(), at.column())));
    let line = place.map(|(line, _)| line);
    let place = place.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
    let message = error.to_string();
    // The location is given once, in martydb's form.
    let (message, hint) = explained(text, line, message.split(" at line ").next().unwrap_or(&message));
    Error::manifest(format!("{}{place}: {}", path.display(), without_passwords(&message))).hint(hint)
}

/// Removes passwords. A message may quote a value, and a URL in the wrong key still contains its password.
pub(crate) fn without_passwords(message: &str) -> String {
    match message.split_once("://") {
        Some((before, url)) if !url.is_empty() => {
            // The value ends with the quote with which it began, and may contain the other one.
            let quotes = ['"', '`'].into_iter().filter(|quote| before.contains(*quote));
            let end = quotes.map(|quote| url.rfind(quote).unwrap_or(url.len())).max();
            format!("{before}://…{}", &url[end.unwrap_or(url.len())..])
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_quote_within_a_url_ends_it_for_the_message() {
        for (message, shown) in [
            (
                r#"invalid type: string "sql://u:p@h", expected a map"#,
                r#"invalid type: string "sql://…", expected a map"#,
            ),
            (
                r#"unknown variant `sql://a "b":p@h`, expected one of `file`, `env`"#,
                "unknown variant `sql://…`",
            ),
            (r#"unknown variant `c "sql://a "b":p@h`, expected `d`"#, r#"unknown variant `c "sql://…`"#),
            (r#"unknown field `x"sql://a`b:p@h`"#, r#"unknown field `x"sql://…"#),
            ("sql://u:p@h", "sql://…"),
            ("nothing is ://", "nothing is ://"),
        ] {
            assert_eq!(without_passwords(message), shown);
        }
    }
}
