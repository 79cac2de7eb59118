//! One file's text, checked: its directives, its statements, and its problems.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::directive::{Directives, Mode};
use super::own_transaction::{OwnTransaction, Paired, Pairing, control};
use super::problem::{FileProblem, Position, Positions, ProblemSeverity};
use super::replaced::Replaced;
use super::rules::{BACKSLASH, CONTROL, MOVE_OUT, RESTRICT, RULES, RuleScope, SEVERAL, copies_from_client};
use martydb_sql::{ScriptItem, StatementHead, walk};

#[derive(Debug, Clone, Default)]
pub struct MigrationFile {
    pub path: PathBuf,
    /// Text, byte for byte.
    pub text: Arc<str>,
    /// Ranges of its statements in bytes, without semicolons.
    pub statements: Vec<Range<usize>>,
    /// Ranges of statements that are not sent: comments on extensions, which the admin owns. A dump writes them.
    pub left_out: Vec<Range<usize>>,
    /// The file's own transactions. Their BEGIN and COMMIT are not among the statements.
    pub own: Vec<OwnTransaction>,
    pub directives: Directives,
}

#[derive(Debug, Clone)]
pub struct Migration {
    /// The number after the V; unique in the folder.
    pub version: i64,
    /// The text after the two underscores.
    pub name: String,
    pub up: MigrationFile,
    pub down: Option<PathBuf>,
    /// Violated rules, if they are waived because it is already applied.
    pub waived: Vec<FileProblem>,
    /// The migrations that it replaces, itself the last, if it is a checkpoint.
    pub replaces: Vec<Replaced>,
}

impl Migration {
    /// Returns its entry in a checkpoint.
    pub fn as_replaced(&self) -> Replaced {
        Replaced::new(self.version, &self.name, &self.up.text)
    }
}

impl MigrationFile {
    /// Returns `true` if it is still as `revision` wrote it.
    pub(crate) fn is_unwritten(&self) -> bool {
        self.directives.unwritten && self.statements.is_empty()
    }

    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().map(|span| &self.text[span.clone()])
    }

    /// Returns the file's own transaction if it encloses the whole file.
    pub fn whole(&self) -> Option<&OwnTransaction> {
        self.own.first().filter(|_| self.directives.mode == Mode::Transaction)
    }

    /// Returns the text to send: blanks replace the file's own BEGIN and COMMIT, which keeps positions.
    pub fn sent(&self) -> Cow<'_, str> {
        let own = self.whole().into_iter().flat_map(|own| [&own.begin, &own.commit]);
        let mut blanks: Vec<&Range<usize>> = own.chain(&self.left_out).collect();
        blanks.sort_by_key(|span| span.start);
        self.blanked(0..self.text.len(), &blanks)
    }

    /// Returns a part of the text to send, without the statements that are left out.
    pub(crate) fn sent_part(&self, part: Range<usize>) -> Cow<'_, str> {
        let inside = self.left_out.iter().filter(|span| part.contains(&span.start));
        self.blanked(part.clone(), &inside.collect::<Vec<_>>())
    }

    /// Returns a part of the text with blanks in place of spans inside, in their order. Positions in characters stay.
    fn blanked(&self, part: Range<usize>, spans: &[&Range<usize>]) -> Cow<'_, str> {
        if spans.is_empty() {
            return Cow::Borrowed(&self.text[part]);
        }
        let (mut text, mut from) = (String::with_capacity(part.len()), part.start);
        for span in spans {
            text.push_str(&self.text[from..span.start]);
            text.extend(self.text[(*span).clone()].chars().map(|c| if c == '\n' { c } else { ' ' }));
            from = span.end;
        }
        text.push_str(&self.text[from..part.end]);
        Cow::Owned(text)
    }

    /// Returns a note for each statement that is left out.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        self.left_out.iter().map(|span| {
            let what = first_words(&self.text[span.clone()]);
            format!("{what} is left out: the extension is the admin's, and its control file has a comment")
        })
    }

    /// Returns the units that a non-transactional run sends one by one: statements, and the file's own
    /// transactions as a whole.
    pub fn units(&self) -> Vec<(Range<usize>, Option<&OwnTransaction>)> {
        let (mut all, mut at) = (vec![], 0);
        for own in self.own.iter().filter(|own| !own.statements.is_empty()) {
            all.extend((at..own.statements.start).map(|single| (single..single + 1, None)));
            all.push((own.statements.clone(), Some(own)));
            at = own.statements.end;
        }
        all.extend((at..self.statements.len()).map(|single| (single..single + 1, None)));
        all
    }
}

/// A problem at a position in a text, in bytes.
struct TextProblem {
    offset: usize,
    severity: ProblemSeverity,
    what: String,
    fix: String,
}

impl TextProblem {
    fn refused(offset: usize, what: impl Into<String>, fix: impl Into<String>) -> TextProblem {
        TextProblem { offset, severity: ProblemSeverity::Refused, what: what.into(), fix: fix.into() }
    }
}

#[derive(Default)]
struct Reader {
    file: MigrationFile,
    pairing: Pairing,
    wrong: Vec<TextProblem>,
    /// Set behind a COPY whose data follow: they are no SQL, and may open a quote.
    in_data: bool,
}

impl Reader {
    /// Handles the next item of the text.
    fn read(&mut self, seen: ScriptItem) {
        if self.in_data {
            return;
        }
        let found = match seen {
            ScriptItem::Statement(statement) => self.statement(&statement),
            ScriptItem::Open(offset, what) => {
                Some(TextProblem::refused(offset, format!("this {what} is never closed"), "close it"))
            }
            ScriptItem::Backslash(offset) => {
                let command = self.file.text[offset..].chars().take_while(|c| !c.is_whitespace()).take(20);
                let what = format!("{} {}", command.collect::<String>(), BACKSLASH.0);
                let is_of_dump = ["\\restrict", "\\unrestrict"].iter().any(|word| what.starts_with(word));
                Some(TextProblem::refused(offset, what, if is_of_dump { RESTRICT } else { BACKSLASH.1 }))
            }
            ScriptItem::Directive { start, above: false, .. } => {
                let what = "this directive is below the first statement, where it has no effect";
                Some(TextProblem::refused(start, what, "move it to the top of the file"))
            }
            ScriptItem::Directive { start, text, above: true } => {
                let followed = self.file.directives.follow(text);
                followed.err().map(|(what, fix)| TextProblem::refused(start, what, fix))
            }
        };
        self.wrong.extend(found);
    }

    fn statement(&mut self, statement: &StatementHead) -> Option<TextProblem> {
        if let Some(control) = control(statement) {
            self.pairing.add(control, statement.span.clone(), self.file.statements.len());
            return None;
        }
        if statement.begins(&["comment", "on", "extension"]) {
            self.file.left_out.push(statement.span.clone());
            return None;
        }
        self.file.statements.push(statement.span.clone());
        let in_own = self.pairing.is_open();
        let in_transaction = in_own || self.file.directives.mode == Mode::Transaction;
        let holds = |scope: RuleScope| scope == RuleScope::Everywhere || in_transaction;
        let rule = RULES.iter().find(|rule| holds(rule.scope) && (rule.applies)(statement))?;
        let mut what = format!("{} {}", first_words(statement.text), rule.what);
        if copies_from_client(statement) && self.file.text[statement.span.end..].contains("\n\\.") {
            self.in_data = true;
            what += "; the file is not checked from here on";
        }
        let wrong = TextProblem::refused(statement.span.start, what, rule.fix);
        Some(match (rule.scope, in_own) {
            (RuleScope::Transaction, true) => TextProblem { fix: MOVE_OUT.into(), ..wrong },
            _ => TextProblem { severity: rule.severity, ..wrong },
        })
    }

    /// Returns the file, and its problems in the order of the text.
    fn end(mut self) -> (MigrationFile, Vec<TextProblem>) {
        let (own, paired) = self.pairing.end(self.file.directives.mode, self.file.statements.len());
        let (spans, severity, fix) = match paired {
            _ if self.in_data => (vec![], ProblemSeverity::Noted, ""),
            Paired::Fits => (vec![], ProblemSeverity::Noted, ""),
            Paired::Several(spans) => (spans, ProblemSeverity::Runnable, SEVERAL),
            Paired::Unbalanced(spans) => (spans, ProblemSeverity::Refused, CONTROL.1),
        };
        let text = self.file.text.clone();
        self.wrong.extend(spans.into_iter().map(|span| {
            let what = format!("{} {}", first_words(&text[span.clone()]), CONTROL.0);
            TextProblem { offset: span.start, severity, what, fix: fix.into() }
        }));
        self.wrong.sort_by_key(|wrong| wrong.offset);
        (MigrationFile { own, ..self.file }, self.wrong)
    }
}

fn first_words(text: &str) -> String {
    text.split_whitespace().take(4).collect::<Vec<_>>().join(" ")
}

/// Reads a file's bytes as a script that may run, or returns all its problems.
pub(crate) fn read(path: &Path, bytes: Vec<u8>) -> Result<MigrationFile, Vec<FileProblem>> {
    match judge(path, bytes) {
        Ok((source, problems)) if problems.is_empty() => Ok(source),
        Ok((_, problems)) => Err(problems),
        Err(problem) => Err(vec![problem]),
    }
}

/// Reads a file's bytes as a script, with its violations of the rules. `Err` if it is not text.
pub fn judge(path: &Path, bytes: Vec<u8>) -> Result<(MigrationFile, Vec<FileProblem>), FileProblem> {
    let text: Arc<str> = decode(path, bytes)?.into();
    let file = MigrationFile { path: path.into(), text: text.clone(), ..MigrationFile::default() };
    let mut reader = Reader { file, ..Reader::default() };
    walk(&text, |seen| reader.read(seen));
    let (file, wrong) = reader.end();
    let mut positions = Positions::new(&text);
    let mut problems: Vec<_> = wrong
        .into_iter()
        .map(|TextProblem { offset, severity, what, fix }| {
            let problem = FileProblem::refused(path, what, fix).at(positions.at(offset));
            FileProblem { severity, ..problem }
        })
        .collect();
    if file.is_unwritten() {
        let fix = "write it, and remove the line `-- martydb: unwritten`; or remove the file";
        problems.push(FileProblem::refused(path, "comes from a template and is not written yet", fix));
    }
    Ok((file, problems))
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, FileProblem> {
    const BOM: &str = "\u{feff}";
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..good]);
        FileProblem::refused(path, "these bytes are not UTF-8", "save the file as UTF-8")
            .at(Position::new(&before, good))
    })?;
    if text.starts_with(BOM) {
        let fix = "save the file without it (\"UTF-8\", not \"UTF-8 with BOM\")";
        return Err(FileProblem::refused(path, "the file begins with a byte order mark", fix)
            .at(Position { line: 1, column: 1 }));
    }
    match text.find('\0') {
        Some(offset) => {
            Err(FileProblem::refused(path, "a NUL byte, which PostgreSQL does not accept", "remove it")
                .at(Position::new(&text, offset)))
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
    fn bytes_that_are_not_a_script_are_refused_with_their_position() {
        for (bytes, expected) in [
            (&b"SELECT\n 'a\xff'"[..], "V1__x.sql:2:4: these bytes are not UTF-8"),
            (b"\xef\xbb\xbfSELECT 1", "V1__x.sql:1:1: the file begins with a byte order mark"),
            (b"SELECT 1;\n\0", "V1__x.sql:2:1: a NUL byte, which PostgreSQL does not accept"),
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
                "V1__x.sql:3:3: SET ROLE x would change the role, but the owner must own all objects of a migration",
                "V1__x.sql:4:1: \\copy is a psql command, which the server does not know",
                "V1__x.sql:6:1: this directive is below the first statement, where it has no effect",
                "V1__x.sql:7:8: this string is never closed",
            ]
        );
    }

    #[test]
    fn the_data_of_a_copy_are_no_statements() {
        let sql = "BEGIN;\nCOPY t (a) FROM stdin;\nit's \\N\nCOMMIT;\n\\.\nCOMMIT;\n";
        assert_eq!(
            problems(sql.as_bytes()),
            [
                "V1__x.sql:2:1: COPY t (a) FROM needs psql to send or receive the data; the file is not checked from here on"
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
    fn a_transaction_around_the_whole_file_is_left_out_of_what_is_sent() {
        let text = "-- é\nBEGIN -- é\n WORK; SELECT 'é'; COMMIT;\n";
        let file = read(Path::new("x"), text.into()).unwrap();
        let sent = file.sent();
        assert_eq!(sent, "-- é\n          \n     ; SELECT 'é';       ;\n");
        assert_eq!(sent.chars().count(), text.chars().count());
        assert_eq!((file.statements.len(), &*file.text), (1, text));
        let several = "-- martydb: no-transaction\nSELECT 0; BEGIN; SELECT 1; SELECT 2; COMMIT; SELECT 3;";
        let file = read(Path::new("x"), several.into()).unwrap();
        assert_eq!(file.sent(), several);
        let units: Vec<_> = file.units().into_iter().map(|(unit, own)| (unit, own.is_some())).collect();
        assert_eq!(units, [(0..1, false), (1..3, true), (3..4, false)]);
        let inside = problems(b"-- martydb: no-transaction\nBEGIN; VACUUM; COMMIT;");
        assert_eq!(inside, ["V1__x.sql:2:8: VACUUM cannot run in a transaction"]);
    }

    #[test]
    fn a_comment_on_an_extension_is_left_out_of_what_is_sent() {
        let text = "SELECT 1;\nCOMMENT ON EXTENSION x IS 'é;\n';SELECT 2;";
        let file = read(Path::new("V1__x.sql"), text.as_bytes().to_vec()).unwrap();
        assert_eq!(file.sent().split_whitespace().collect::<Vec<_>>().join(" "), "SELECT 1; ;SELECT 2;");
        assert_eq!(file.sent().chars().count(), text.chars().count());
        assert_eq!((file.statements.len(), file.notes().count()), (2, 1));
        assert_eq!(file.sent_part(0..9), "SELECT 1;");
    }

    #[test]
    fn a_template_counts_as_written_once_it_holds_a_statement() {
        let unwritten = "-- martydb: unwritten\n";
        assert_eq!(
            problems(unwritten.as_bytes()),
            ["V1__x.sql: comes from a template and is not written yet"]
        );
        assert!(problems(format!("{unwritten}SELECT 1;").as_bytes()).is_empty());
        assert!(problems(b"-- nothing to do\n").is_empty());
    }

    #[test]
    fn quotes_and_comments_hide_what_they_hold() {
        let sql = "DO $$ BEGIN COMMIT; END $$; /* COMMIT; /* ROLLBACK; */ \\copy */ SELECT ';COMMIT;', \"BEGIN;\" -- RESET ROLE;\n\
                   , '-- martydb: no-transaction'";
        assert_eq!(problems(sql.as_bytes()), Vec::<String>::new());
    }

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
        // The minimum of several: other load on the machine only adds time.
        let least = |lines: usize| (0..5).map(|_| judged(lines)).min().unwrap();
        let (small, large) = (least(5_000), least(25_000));
        // Five times the text takes five times as long; it would take 25 times as long if the time were quadratic.
        assert!(large < 15 * small, "{small:?}, {large:?}");
    }
}
