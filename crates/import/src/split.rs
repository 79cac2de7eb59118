//! Markers of each tool inside one file, for up, down and non-transactional migrations.

use super::kinds::SqlText;

/// Both directions of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct UpDown {
    pub up: SqlText,
    pub down: Option<SqlText>,
}

/// A part that cannot be imported: its byte offset, the problem and the fix.
pub(crate) type SplitProblem = (usize, String, String);

#[derive(Clone, Copy, PartialEq, Eq)]
enum ScriptSide {
    Before,
    Up,
    Down,
}

/// Meaning of a line for its tool.
enum Marker {
    Up {
        alone: bool,
    },
    Down {
        alone: bool,
    },
    /// The whole file is non-transactional.
    Alone,
    /// It only marks the end of a statement for the tool.
    Dropped,
    Unknown(String, String),
}

/// Returns a file whose text is one direction.
pub(crate) fn plain(text: &str) -> Result<UpDown, SplitProblem> {
    Ok(UpDown { up: SqlText { text: text.into(), alone: false }, down: None })
}

/// Splits a file of sqlx, which reads only the first bytes for a marker.
pub(crate) fn sqlx(text: &str) -> Result<UpDown, SplitProblem> {
    const MARKER: &str = "-- no-transaction";
    let Some(rest) = text.strip_prefix(MARKER) else { return plain(text) };
    let text = rest.split_once('\n').map_or("", |lines| lines.1);
    Ok(UpDown { up: SqlText { text: text.into(), alone: true }, down: None })
}

/// Splits a text at markers on lines of their own.
fn cut(
    text: &str,
    first: ScriptSide,
    marker: impl Fn(&str) -> Option<Marker>,
) -> Result<UpDown, SplitProblem> {
    let (mut side, mut at, mut alone) = (first, 0, false);
    let (mut up, mut down) = (SqlText::default(), None::<SqlText>);
    let mut comments = Comments::default();
    for line in text.split_inclusive('\n') {
        match marker(line.trim()) {
            Some(Marker::Up { alone }) => (side, up.alone) = (ScriptSide::Up, alone),
            Some(Marker::Down { alone }) => {
                side = ScriptSide::Down;
                down.get_or_insert_default().alone = alone;
            }
            Some(Marker::Alone) => alone = true,
            Some(Marker::Dropped) => {}
            Some(Marker::Unknown(what, fix)) => return Err((at, what, fix)),
            None if side == ScriptSide::Down => down.get_or_insert_default().text += line,
            None if side == ScriptSide::Up => up.text += line,
            None if comments.hold(line) => {}
            None => {
                return Err((at, "is before the up marker".into(), "move it below the marker".into()));
            }
        }
        at += line.len();
    }
    if side == ScriptSide::Before {
        let what = "has no up marker";
        return Err((0, what.into(), "write the marker, or pass --skip".into()));
    }
    up.alone |= alone;
    down.iter_mut().for_each(|down| down.alone |= alone);
    Ok(UpDown { up, down })
}

/// Comments between slash and asterisk that are open at the end of a line; they nest.
#[derive(Default)]
struct Comments(usize);

impl Comments {
    /// Returns `true` if the line contains nothing but blanks and comments.
    fn hold(&mut self, line: &str) -> bool {
        let mut rest = line.trim();
        while !rest.is_empty() {
            if self.0 == 0 && rest.starts_with("--") {
                return true;
            }
            let step = match &rest.as_bytes()[..rest.len().min(2)] {
                b"/*" => {
                    self.0 += 1;
                    2
                }
                b"*/" if self.0 > 0 => {
                    self.0 -= 1;
                    2
                }
                _ if self.0 > 0 => rest.chars().next().map_or(1, char::len_utf8),
                _ => return false,
            };
            rest = &rest[step..];
            if self.0 == 0 {
                rest = rest.trim_start();
            }
        }
        true
    }
}

/// Returns the text after `--`, trimmed.
fn comment(line: &str) -> Option<&str> {
    line.strip_prefix("--").map(str::trim_start)
}

/// Splits a file of goose. <https://pressly.github.io/goose/documentation/annotations/>
pub(crate) fn goose(text: &str) -> Result<UpDown, SplitProblem> {
    cut(text, ScriptSide::Before, |line| {
        let words = comment(line)?.strip_prefix("+goose")?.trim().to_ascii_lowercase();
        Some(match words.as_str() {
            "up" => Marker::Up { alone: false },
            "down" => Marker::Down { alone: false },
            "no transaction" => Marker::Alone,
            "statementbegin" | "statementend" | "envsub off" => Marker::Dropped,
            "envsub on" => Marker::Unknown(
                "takes values from the environment".into(),
                "write the values into the file, or pass --skip".into(),
            ),
            other => Marker::Unknown(
                format!("\"+goose {other}\" is not a known marker"),
                "remove it, or pass --skip".into(),
            ),
        })
    })
}

/// Splits a file of sql-migrate. <https://github.com/rubenv/sql-migrate#writing-migrations>
pub(crate) fn sql_migrate(text: &str) -> Result<UpDown, SplitProblem> {
    cut(text, ScriptSide::Before, |line| {
        let words = comment(line)?.strip_prefix("+migrate")?.trim().to_ascii_lowercase();
        let mut words = words.split_whitespace();
        let (side, alone) = (words.next().unwrap_or_default(), words.next() == Some("notransaction"));
        Some(match side {
            "up" => Marker::Up { alone },
            "down" => Marker::Down { alone },
            "statementbegin" | "statementend" => Marker::Dropped,
            other => Marker::Unknown(
                format!("\"+migrate {other}\" is not a known marker"),
                "remove it, or pass --skip".into(),
            ),
        })
    })
}

/// First words of the comments at which tools divide their files.
const MARKERS: &[(&[&str], &str)] = &[
    (&["+goose"], "goose"),
    (&["+migrate"], "sql-migrate"),
    (&["migrate:up"], "dbmate"),
    (&["migrate:down"], "dbmate"),
    (&["liquibase", "formatted"], "liquibase"),
];

/// Returns the byte offset of the first marker of another tool, and that tool. Taken whole, its file would undo at its end what it
/// does.
pub(crate) fn foreign_marker(tool: &str, text: &str) -> Option<(usize, &'static str)> {
    let mut at = 0;
    text.split_inclusive('\n').find_map(|line| {
        let start = at;
        at += line.len();
        let comment = comment(line.trim())?;
        let begins = |marker: &[&str]| {
            let mut words = comment.split_whitespace();
            marker.iter().all(|word| words.next().is_some_and(|found| found.eq_ignore_ascii_case(word)))
        };
        let (_, of) = MARKERS.iter().find(|(marker, _)| begins(marker))?;
        (*of != tool).then_some((start, *of))
    })
}

/// Splits a file of dbmate. <https://github.com/amacneil/dbmate#migration-options>
pub(crate) fn dbmate(text: &str) -> Result<UpDown, SplitProblem> {
    cut(text, ScriptSide::Before, |line| {
        let words = comment(line)?.strip_prefix("migrate:")?;
        let (side, options) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let alone = options.split_whitespace().any(|option| option == "transaction:false");
        match side {
            "up" => Some(Marker::Up { alone }),
            "down" => Some(Marker::Down { alone }),
            _ => None,
        }
    })
}

/// Splits a file of node-pg-migrate; a file without markers is an up file.
/// <https://salsita.github.io/node-pg-migrate/migrations/>
pub(crate) fn node_pg_migrate(text: &str) -> Result<UpDown, SplitProblem> {
    cut(text, ScriptSide::Up, |line| {
        let words = comment(line)?.trim_start_matches(['-', ' ', '\t']).to_ascii_lowercase();
        let mut words = words.split_whitespace();
        match (words.next(), words.next()) {
            (Some("up"), Some("migration")) => Some(Marker::Up { alone: false }),
            (Some("down"), Some("migration")) => Some(Marker::Down { alone: false }),
            _ => None,
        }
    })
}

/// Rejects `${name}`, a placeholder that Flyway would replace.
pub(crate) fn flyway(text: &str) -> Result<UpDown, SplitProblem> {
    match text.find("${") {
        None => plain(text),
        Some(at) => {
            let fix = "write its value, or set placeholderReplacement=false in the script's .conf file";
            Err((at, "contains a Flyway placeholder".into(), fix.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(parts: Result<UpDown, SplitProblem>) -> String {
        let script =
            |script: &SqlText| format!("{:?}{}", script.text, if script.alone { " alone" } else { "" });
        match parts {
            Ok(parts) => {
                let down = parts.down.as_ref().map_or("none".into(), script);
                format!("{} / {down}", script(&parts.up))
            }
            Err((at, what, _)) => format!("{at}: {what}"),
        }
    }

    #[test]
    fn files_are_cut_as_their_tools_cut_them() {
        type Row = (fn(&str) -> Result<UpDown, SplitProblem>, &'static str, &'static str);
        let rows: &[Row] = &[
            (goose, "-- x\n-- +goose Up\na;\n-- +goose Down\nb;\n", r#""a;\n" / "b;\n""#),
            (
                goose,
                "-- +goose NO TRANSACTION\n-- +goose Up\na;\n-- +goose Down\n",
                r#""a;\n" alone / "" alone"#,
            ),
            (
                goose,
                "-- +goose Up\n-- +goose StatementBegin\r\na;\r\n--+goose StatementEnd\r\n",
                r#""a;\r\n" / none"#,
            ),
            (goose, "a;\n", "0: is before the up marker"),
            (goose, "-- nothing\n", "0: has no up marker"),
            (goose, "-- +goose Up\n-- +goose ENVSUB ON\n", "13: takes values from the environment"),
            (dbmate, "-- migrate:up transaction:false\na\n-- migrate:down\nb", r#""a\n" alone / "b""#),
            (dbmate, "--migrate:up\na\n-- migrate:downtown\n", r#""a\n-- migrate:downtown\n" / none"#),
            (
                sql_migrate,
                "-- x\n-- +migrate Up notransaction\na;\n-- +migrate StatementEnd\n-- +migrate Down\nb;\n",
                r#""a;\n" alone / "b;\n""#,
            ),
            (sql_migrate, "a;\n-- +migrate Up\n", "0: is before the up marker"),
            (
                sql_migrate,
                "/*\n * © Licence, /* nested */ it's\n */ -- so\n/**/ /* x */\n-- +migrate Up\na;\n",
                r#""a;\n" / none"#,
            ),
            (goose, "/* x */ a;\n-- +goose Up\n", "0: is before the up marker"),
            (sqlx, "-- no-transaction\na", r#""a" alone / none"#),
            (sqlx, "a\n-- no-transaction\n", r#""a\n-- no-transaction\n" / none"#),
            (node_pg_migrate, "a\n", r#""a\n" / none"#),
            (node_pg_migrate, "-- Up Migration\na\n--- DOWN migration\nb\n", r#""a\n" / "b\n""#),
            (flyway, "SELECT '${x}'", "8: contains a Flyway placeholder"),
            (plain, "${x}", r#""${x}" / none"#),
        ];
        for (cut, text, expected) in rows {
            assert_eq!(said(cut(text)), *expected, "{text}");
        }
    }

    #[test]
    fn a_file_of_another_tool_is_known_by_its_markers() {
        let both = "CREATE TABLE t ();\n  -- +migrate Down\nDROP TABLE t;\n";
        assert_eq!(foreign_marker("sqlx", both), Some((19, "sql-migrate")));
        assert_eq!(foreign_marker("sql-migrate", both), None);
        assert_eq!(foreign_marker("flyway", "\n--Liquibase formatted SQL\n"), Some((1, "liquibase")));
        assert_eq!(foreign_marker("flyway", "-- liquibase ran this\n"), None);
        assert_eq!(foreign_marker("sqlx", "-- migrate:upper\n-- goose\nSELECT '-- +goose'"), None);
    }
}
