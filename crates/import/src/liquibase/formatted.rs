//! Formatted SQL: changesets behind comments. <https://docs.liquibase.com/concepts/changelogs/sql-format.html>
//! The patterns are those of Liquibase's `AbstractFormattedChangeLogParser`.

use crate::split::SplitProblem;

/// A changeset of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct RawChangeset<'a> {
    pub author: String,
    pub id: String,
    /// The line that begins it.
    pub head: &'a str,
    /// Byte offset of that line.
    pub at: usize,
    /// Its lines of SQL, with their byte offsets in the file.
    pub lines: Vec<(usize, &'a str)>,
    pub rollback: Option<String>,
    /// `--preconditions` and `--precondition-…`, with their byte offsets.
    pub conditions: Vec<(usize, &'a str)>,
}

/// A formatted file.
#[derive(Debug, Default)]
pub(super) struct FormattedFile<'a> {
    /// Its first line, which can name a logical path.
    pub head: &'a str,
    /// Lines with properties.
    pub properties: Vec<&'a str>,
    pub changesets: Vec<RawChangeset<'a>>,
    /// Parts that Liquibase itself would not read, or that lead to other files.
    pub problems: Vec<SplitProblem>,
    /// Byte offset of a statement before the first changeset, which Liquibase does not run.
    pub ignored: Option<usize>,
}

/// Returns the rest of a line that begins with `--` and this word, without regard to case.
fn marker<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.trim_start().strip_prefix("--")?.trim_start();
    let (found, rest) = rest.split_at_checked(word.len())?;
    found.eq_ignore_ascii_case(word).then_some(rest)
}

/// Returns `true` for `--liquibase formatted sql`, which is the first line that is not empty.
pub(crate) fn is_formatted(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    marker(first, "liquibase")
        .is_some_and(|rest| rest.trim_start().to_ascii_lowercase().starts_with("formatted"))
}

/// Returns the value of an attribute in a line: a word, or a text in double quotes. The last of a name counts.
pub(super) fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let lower = line.to_ascii_lowercase();
    let key = format!("{}:", name.to_ascii_lowercase());
    let is_start = |at: &usize| !lower[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let at = lower.match_indices(&key).map(|(at, _)| at).filter(is_start).last()?;
    let rest = &line[at + key.len()..];
    let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    let value = quoted.map_or_else(
        || rest.split_whitespace().next().filter(|_| !rest.starts_with(' ')),
        |parts| Some(parts.0),
    );
    value.filter(|value| !value.is_empty())
}

/// Returns the lines of a text with their byte offsets.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        at += line.len();
        (at - line.len(), line)
    })
}

/// Splits a file at its markers.
pub(super) fn split(text: &str) -> FormattedFile<'_> {
    let mut file = FormattedFile::default();
    let mut lines = lines(text);
    let mut is_first = true;
    while let Some((start, line)) = lines.next() {
        let content = line.trim_end();
        if is_first && !content.is_empty() {
            (file.head, is_first) = (content, false);
        } else if let Some(count) = marker(content, "ignoreLines:") {
            let mut left = count.parse::<usize>().ok();
            while left != Some(0)
                && let Some((_, line)) = lines.next()
            {
                left = left.map(|left| left - 1);
                if left.is_none() && marker(line, "ignoreLines:").is_some_and(|word| word.trim() == "end") {
                    break;
                }
            }
        } else if content.trim_start().starts_with("/*") && is_rollback_start(content) {
            let mut sql = String::new();
            for (_, line) in lines.by_ref() {
                match line.trim_end().strip_suffix("*/") {
                    Some(last) => {
                        sql += last;
                        break;
                    }
                    None => sql += line,
                }
            }
            if let Some(changeset) = file.changesets.last_mut() {
                *changeset.rollback.get_or_insert_default() += &sql;
            }
        } else {
            file.add(start, line);
        }
    }
    file
}

fn is_rollback_start(line: &str) -> bool {
    let words: Vec<String> = line.trim_start()[2..].split_whitespace().map(str::to_lowercase).collect();
    words == ["liquibase", "rollback"]
}

impl<'a> FormattedFile<'a> {
    fn add(&mut self, at: usize, line: &'a str) {
        let content = line.trim_end();
        if let Some(rest) = marker(content, "property").filter(|rest| rest.starts_with(char::is_whitespace)) {
            self.properties.push(rest);
            return;
        }
        if let Some(rest) = marker(content, "changeset") {
            match identity(rest) {
                Some((author, id)) => {
                    self.changesets.push(RawChangeset {
                        author,
                        id,
                        head: content,
                        at,
                        ..RawChangeset::default()
                    });
                }
                None => self.problems.push((
                    at,
                    "has a changeset without author:id".into(),
                    "write `--changeset author:id`, or pass --skip".into(),
                )),
            }
            return;
        }
        let Some(changeset) = self.changesets.last_mut() else {
            return self.add_outside(at, content);
        };
        if let Some(sql) = marker(content, "rollback ") {
            let rollback = changeset.rollback.get_or_insert_default();
            *rollback += sql;
            rollback.push('\n');
        } else if marker(content, "precondition").is_some() {
            changeset.conditions.push((at, content.trim()));
        } else if marker(content, "validCheckSum").is_none() {
            changeset.lines.push((at, line));
        }
    }

    fn add_outside(&mut self, at: usize, line: &str) {
        let is_include = ["include ", "includeAll "].iter().any(|word| marker(line, word).is_some());
        if is_include {
            let fix = "include the file from a changelog in XML, YAML or JSON, or pass --skip";
            self.problems.push((at, "includes a file, which only Liquibase Pro reads".into(), fix.into()));
        }
        if !line.trim().is_empty() && !line.trim_start().starts_with("--") {
            self.ignored.get_or_insert(at);
        }
    }
}

/// Parses `author:id …`; both can be in double quotes.
fn identity(rest: &str) -> Option<(String, String)> {
    let rest = rest.strip_prefix(char::is_whitespace)?.trim_start();
    let (author, rest) = match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((author, rest)) => (author, rest.strip_prefix(':')?),
        None => rest.split_once(':')?,
    };
    let rest = rest.trim_start();
    let id = match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((id, _)) => id,
        None => rest.split_whitespace().next()?,
    };
    (!author.is_empty() && !id.is_empty()).then(|| (author.into(), id.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\n-- Liquibase Formatted SQL logicalFilePath:x.sql\n--property name:a value:b\n\nSELECT 0;\n\
        --changeset bob:1 runInTransaction:false context:\"a and b\"\n--comment: so\n--preconditions onFail:HALT\n\
        --precondition-sql-check expectedResult:0 SELECT 0\nCREATE TABLE t ();\n--validCheckSum: any\n--rollback DROP\n--rollback TABLE t;\n\
        --ignoreLines:2\nx\ny\n-- changeSet \"Ann B\":\"two three\" \n--ignoreLines:start\nz\n--ignoreLines:end\nb;\n/* liquibase rollback\nc;\n  d; */\n\
        --changeset bob\n";

    #[test]
    fn a_file_is_split_at_its_markers() {
        let file = split(TEXT);
        assert!(is_formatted(TEXT) && !is_formatted("-- x\n--liquibase formatted sql\n"));
        assert_eq!(attribute(file.head, "logicalFilePath"), Some("x.sql"));
        assert_eq!(
            (file.properties, file.ignored.map(|at| &TEXT[at..at + 6])),
            (vec![" name:a value:b"], Some("SELECT"))
        );
        let said: Vec<_> = file
            .changesets
            .iter()
            .map(|one| {
                let sql: String = one.lines.iter().map(|(_, line)| *line).collect();
                (one.author.as_str(), one.id.as_str(), sql, one.rollback.clone(), one.conditions.len())
            })
            .collect();
        assert_eq!(
            said,
            [
                (
                    "bob",
                    "1",
                    "--comment: so\nCREATE TABLE t ();\n".into(),
                    Some("DROP\nTABLE t;\n".into()),
                    2
                ),
                ("Ann B", "two three", "b;\n".into(), Some("c;\n  d; ".into()), 0),
            ]
        );
        assert_eq!(file.problems.len(), 1);
    }

    #[test]
    fn an_attribute_is_a_word_or_quoted() {
        let line = "--changeset a:1 rollbackEndDelimiter:// endDelimiter:GO Context:\"a and b\" labels: x dbms:postgresql";
        for (name, expected) in [
            ("endDelimiter", Some("GO")),
            ("rollbackEndDelimiter", Some("//")),
            ("context", Some("a and b")),
            ("labels", None),
            ("dbms", Some("postgresql")),
            ("ignore", None),
        ] {
            assert_eq!(attribute(line, name), expected, "{name}");
        }
    }
}
