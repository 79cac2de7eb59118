//! One file's text, judged: what it says to the runner, where its statements are, and what cannot run.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::directive::{Directives, Mode};
use super::problem::{FileProblem, Position, Positions};
use super::rules::{BACKSLASH, RULES, Scope};
use super::script::{ScriptItem, walk};

#[derive(Debug, Clone, Default)]
pub struct MigrationFile {
    pub path: PathBuf,
    /// Its text, byte for byte.
    pub text: Arc<str>,
    /// Where its statements are, in bytes, without semicolons.
    pub statements: Vec<Range<usize>>,
    pub directives: Directives,
}

#[derive(Debug, Clone)]
pub struct Migration {
    /// The number after the V; unique in the folder.
    pub version: i64,
    /// What stands after the two underscores.
    pub name: String,
    pub up: MigrationFile,
    pub down: Option<PathBuf>,
    /// What the rules have against it, if that was waived because it is applied already.
    pub waived: Vec<FileProblem>,
}

impl MigrationFile {
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().map(|span| &self.text[span.clone()])
    }

    /// Takes in what stands next in the text. What is wrong with it: where, what, and what to do.
    fn take(&mut self, seen: ScriptItem) -> Option<(usize, String, String)> {
        match seen {
            ScriptItem::Statement(statement) => {
                self.statements.push(statement.span.clone());
                let in_transaction = self.directives.mode == Mode::Transaction;
                let holds = |scope: Scope| scope == Scope::Everywhere || in_transaction;
                let rule = RULES.iter().find(|rule| holds(rule.scope) && (rule.applies)(&statement))?;
                let words: Vec<_> = statement.text.split_whitespace().take(4).collect();
                Some((statement.span.start, format!("{} {}", words.join(" "), rule.what), rule.fix.into()))
            }
            ScriptItem::Open(offset, what) => {
                Some((offset, format!("this {what} is never closed"), "close it".into()))
            }
            ScriptItem::Backslash(offset) => {
                let command = self.text[offset..].chars().take_while(|c| !c.is_whitespace()).take(20);
                let what = format!("{} {}", command.collect::<String>(), BACKSLASH.0);
                Some((offset, what, BACKSLASH.1.into()))
            }
            ScriptItem::Directive { start, above: false, .. } => {
                let what = "this directive stands below the first statement, where it has no effect";
                Some((start, what.into(), "move it to the top of the file".into()))
            }
            ScriptItem::Directive { start, text, above: true } => {
                self.directives.follow(text).err().map(|(what, fix)| (start, what, fix))
            }
        }
    }
}

/// Reads a file's bytes as a script that may be run, or says everything that is wrong with them.
pub fn read(path: &Path, bytes: Vec<u8>) -> Result<MigrationFile, Vec<FileProblem>> {
    match judge(path, bytes) {
        Ok((source, problems)) if problems.is_empty() => Ok(source),
        Ok((_, problems)) => Err(problems),
        Err(problem) => Err(vec![problem]),
    }
}

/// Reads a file's bytes as a script, with what the rules have against it. `Err` is that it is not text.
pub fn judge(path: &Path, bytes: Vec<u8>) -> Result<(MigrationFile, Vec<FileProblem>), FileProblem> {
    let text: Arc<str> = decode(path, bytes)?.into();
    let mut file = MigrationFile { path: path.into(), text: text.clone(), ..MigrationFile::default() };
    let (mut positions, mut problems) = (Positions::new(&text), vec![]);
    walk(&text, |seen| {
        if let Some((offset, what, fix)) = file.take(seen) {
            problems.push(FileProblem::refused(path, what, fix).at(positions.at(offset)));
        }
    });
    Ok((file, problems))
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, FileProblem> {
    const BOM: &str = "\u{feff}";
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..good]);
        FileProblem::refused(path, "the bytes here are not UTF-8", "save the file as UTF-8")
            .at(Position::of(&before, good))
    })?;
    if text.starts_with(BOM) {
        let fix = "save the file without it (\"UTF-8\", not \"UTF-8 with BOM\")";
        return Err(FileProblem::refused(path, "the file begins with a byte order mark", fix)
            .at(Position { line: 1, column: 1 }));
    }
    match text.find('\0') {
        Some(offset) => {
            Err(FileProblem::refused(path, "a NUL byte, which PostgreSQL cannot take", "remove it")
                .at(Position::of(&text, offset)))
        }
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(bytes: &[u8]) -> Vec<String> {
        let found = read(Path::new("V1__x.sql"), bytes.to_vec()).err().unwrap_or_default();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn bytes_that_are_no_script_are_refused_with_their_place() {
        for (bytes, expected) in [
            (&b"SELECT\n 'a\xff'"[..], "V1__x.sql:2:4: the bytes here are not UTF-8"),
            (b"\xef\xbb\xbfSELECT 1", "V1__x.sql:1:1: the file begins with a byte order mark"),
            (b"SELECT 1;\n\0", "V1__x.sql:2:1: a NUL byte, which PostgreSQL cannot take"),
        ] {
            assert_eq!(problems(bytes), [expected]);
        }
    }

    #[test]
    fn every_problem_is_found_with_its_place() {
        let sql = "CREATE TABLE t (a int);\nCOMMIT;\n  SET ROLE x;\n\\copy t from 'x'\n;\n-- martydb: no-transaction\nSELECT 'a";
        assert_eq!(
            problems(sql.as_bytes()),
            [
                "V1__x.sql:2:1: COMMIT is not allowed: martydb runs the file in one transaction",
                "V1__x.sql:3:3: SET ROLE x would change the role, and everything a migration makes must belong to the owner",
                "V1__x.sql:4:1: \\copy is a command of psql, which the server does not know",
                "V1__x.sql:6:1: this directive stands below the first statement, where it has no effect",
                "V1__x.sql:7:8: this string is never closed",
            ]
        );
    }

    #[test]
    fn the_directive_lets_a_concurrent_index_through() {
        let sql = "-- first line\n-- martydb: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);";
        let source = read(Path::new("x"), sql.into()).unwrap();
        assert_eq!(source.directives.mode, Mode::NoTransaction);
        assert_eq!(&source.text[source.statements[0].clone()], "CREATE INDEX CONCURRENTLY i ON t (a)");
        assert!(
            problems(b"CREATE INDEX CONCURRENTLY i ON t (a);")[0].contains("cannot run in a transaction")
        );
        assert!(problems(b"-- martydb: no-transacton\nSELECT 1")[0].contains("not a directive"));
    }

    #[test]
    fn quotes_and_comments_hide_what_they_hold() {
        let sql = "DO $$ BEGIN COMMIT; END $$; /* COMMIT; /* ROLLBACK; */ \\copy */ SELECT ';COMMIT;', \"BEGIN;\" -- RESET ROLE;\n\
                   , '-- martydb: no-transaction'";
        assert_eq!(problems(sql.as_bytes()), Vec::<String>::new());
    }

    /// Two hundred times as much text may not take twenty thousand times as long.
    #[test]
    fn a_large_file_is_judged_in_linear_time() {
        let judged = |lines: usize| {
            let text = "INSERT INTO t VALUES (1, 'a''b', $$c$$); -- x\nCOMMIT; ".repeat(lines);
            let started = std::time::Instant::now();
            let found = read(Path::new("x"), text.into_bytes()).unwrap_err();
            assert_eq!(found.len(), lines);
            assert_eq!(found.last().unwrap().position, Some(Position { line: lines + 1, column: 1 }));
            started.elapsed()
        };
        let (small, large) = (judged(20_000), judged(100_000));
        // Five times the text takes five times as long, and would take 25 times as long if the time were quadratic.
        assert!(large < 15 * small, "{small:?}, {large:?}");
    }
}
