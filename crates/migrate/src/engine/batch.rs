//! One migration in one direction as one message, from BEGIN to COMMIT in a single round trip, and the mapping
//! from the server's answer to a position in the file.
//!
//! Checks before the COMMIT guarantee, whatever the file does, that its transaction is still open and that the
//! owner owns everything it created. A check fails by casting its finding to a number: plain SQL has no other
//! way to stop a transaction, and plpgsql may be missing.

mod markers;
mod notes;
mod part;

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use markers::MarkedText;
pub(crate) use part::BatchPart;

use super::other_roles::OtherRoles;
use crate::files::{Direction, MigrationFile, OwnTransaction};
use crate::history::{AppliedRow, Record, tables};
use crate::report::{MigrationId, PlannedFile};
use martydb_model::RoleName;
use martydb_model::hex;
use martydb_model::sql::{Keyword, List, Literal, Statement, stmt, with_members};

pub(crate) struct Batch {
    pub message: Statement,
    /// Part of the batch that each statement of the message is.
    parts: Vec<BatchPart>,
    /// Number of characters of the message before the file's text.
    before: usize,
    /// Number of characters of the file before that text.
    skipped: usize,
    /// martydb's marks in the file's text: start in the message, and length in characters.
    marks: Vec<(usize, usize)>,
}

/// Settings around every file of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchContext<'a> {
    /// Required owner of the objects that the file creates.
    pub owner: &'a RoleName,
    /// Other roles that could own them.
    pub other_roles: &'a OtherRoles,
    pub lock_timeout: Duration,
    /// Number that the session notes once the file is committed, if the next file is sent before the answer
    /// (see `ahead`).
    pub note: Option<u64>,
    /// Number that the session must have noted before.
    pub after: Option<u64>,
    /// Set if a later COMMIT makes this one durable too; its own then need not wait for the disk.
    pub flushed_later: bool,
}

impl Batch {
    /// Returns the batch of a whole file; the records commit together with it.
    pub(crate) fn of_file(frame: &BatchContext<'_>, file: &MigrationFile, records: Vec<Statement>) -> Batch {
        let marked = MarkedText::new(file);
        let cleanup = cleanup().into_iter().chain(frame.note.map(notes::note));
        let opening = opening(frame, file.whole());
        Batch::marked(&opening, marked, closing(frame, records, cleanup))
    }

    fn marked(opening: &[Statement], marked: MarkedText, closing: Vec<(BatchPart, Statement)>) -> Batch {
        let mut batch = Batch::new(opening, marked.text, marked.parts, closing);
        batch.marks = marked.marks.into_iter().map(|(at, chars)| (at + batch.before, chars)).collect();
        batch
    }

    /// Returns a whole file without a record, for a transaction that is already open and stays open.
    /// Transaction modes of the file's own BEGIN cannot apply there.
    pub(crate) fn rehearsal(frame: &BatchContext<'_>, file: &MigrationFile) -> Batch {
        let marked = MarkedText::new(file);
        // The checks have made all constraints immediate; the next file expects those of a new transaction.
        let after = cleanup().into_iter().chain([stmt!("SET CONSTRAINTS ALL DEFERRED")]);
        let closing = checks(frame).into_iter().chain(after.map(|sql| (BatchPart::Cleanup, sql))).collect();
        Batch::marked(&opening(frame, None)[1..], marked, closing)
    }

    /// Returns statements in one transaction, of a file that as a whole is non-transactional: a single
    /// statement, or those between a BEGIN and a COMMIT of the file. Their settings stay in effect for the next
    /// statement, except those that change how it is parsed.
    pub(crate) fn of_unit(
        frame: &BatchContext<'_>,
        file: &MigrationFile,
        statements: Range<usize>,
        own: Option<&OwnTransaction>,
        record: Statement,
    ) -> Batch {
        let opening = opening(frame, own);
        Batch::part_of(&opening, file, statements, closing(frame, [record], reset_parsing_sql()))
    }

    /// Returns a message of only one statement, as required where it cannot run in a transaction.
    pub(crate) fn alone(file: &MigrationFile, at: usize) -> Batch {
        Batch::part_of(&[], file, at..at + 1, vec![])
    }

    fn part_of(
        opening: &[Statement],
        file: &MigrationFile,
        statements: Range<usize>,
        closing: Vec<(BatchPart, Statement)>,
    ) -> Batch {
        let (start, end) = (file.statements[statements.start].start, file.statements[statements.end - 1].end);
        let text = Statement::from_migration_file(&file.sent_part(start..end));
        let skipped = file.text[..start].chars().count();
        let parts = statements.map(BatchPart::File).collect();
        Batch { skipped, ..Batch::new(opening, text, parts, closing) }
    }

    /// `file` are the parts in the text, one per statement as the server counts them.
    fn new(
        opening: &[Statement],
        text: Statement,
        file: Vec<BatchPart>,
        closing: Vec<(BatchPart, Statement)>,
    ) -> Batch {
        // The empty statement is the placeholder of the file.
        let before = opening.iter().cloned().chain([Statement::default()]);
        let ours = opening.iter().map(|_| BatchPart::Opening);
        let (after, closing): (Vec<_>, Vec<_>) = closing.into_iter().unzip();
        Batch {
            before: Statement::join(before).chars(),
            parts: ours.chain(file).chain(after).collect(),
            message: Statement::join(opening.iter().cloned().chain([text]).chain(closing)),
            skipped: 0,
            marks: vec![],
        }
    }

    /// Returns the part that follows `completed` finished statements.
    pub(crate) fn part(&self, completed: usize) -> BatchPart {
        self.parts.get(completed).copied().unwrap_or(BatchPart::Cleanup)
    }

    /// Converts a position of the server (characters of the message, from 1) to characters of the file, from 0.
    pub(crate) fn in_file(&self, position: usize) -> Option<usize> {
        let at = position.checked_sub(1)?;
        let passed = self.marks.iter().filter(|mark| mark.0 < at);
        let marks: usize = passed.map(|(start, chars)| (*chars).min(at - start)).sum();
        Some((at - marks).checked_sub(self.before)? + self.skipped)
    }
}

fn closing(
    frame: &BatchContext<'_>,
    records: impl IntoIterator<Item = Statement>,
    cleanup: impl IntoIterator<Item = Statement>,
) -> Vec<(BatchPart, Statement)> {
    let mut all = Vec::from(checks(frame));
    all.extend(records.into_iter().map(|sql| (BatchPart::Record, sql)));
    all.push((BatchPart::Commit, stmt!("COMMIT")));
    all.extend(cleanup.into_iter().map(|sql| (BatchPart::Cleanup, sql)));
    all
}

/// Returns milliseconds for a server setting, limited to its maximum.
pub(crate) fn millis(time: Duration) -> i64 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX).into()
}

/// Returns the statements that open the transaction, with the modes of the file's own BEGIN.
fn opening(frame: &BatchContext<'_>, own: Option<&OwnTransaction>) -> Vec<Statement> {
    let modes = own.map(|own| own.modes.as_str()).filter(|modes| !modes.is_empty());
    let modes =
        modes.map(|modes| stmt!("SET TRANSACTION {modes}", modes = Statement::from_migration_file(modes)));
    let settings = [
        stmt!("SET LOCAL lock_timeout = {millis}", millis = millis(frame.lock_timeout)),
        stmt!("SET LOCAL martydb.migration = 'open'"),
    ];
    let demand = frame.after.map(notes::demand).into_iter().flatten();
    let flushed_later = frame.flushed_later.then(|| stmt!("SET LOCAL synchronous_commit = off"));
    demand.chain([stmt!("BEGIN")]).chain(settings).chain(flushed_later).chain(modes).collect()
}

/// Returns the checks. Deferred constraints fire before them, because a trigger can do anything that a file can.
fn checks(frame: &BatchContext<'_>) -> [(BatchPart, Statement); 5] {
    let role = stmt!("SET ROLE {owner}", owner = frame.owner);
    [
        (BatchPart::Check, role.clone()),
        (BatchPart::Constraints, stmt!("SET CONSTRAINTS ALL IMMEDIATE")),
        (BatchPart::Check, role),
        (BatchPart::Check, stmt!("SET LOCAL search_path = pg_catalog, pg_temp")),
        (BatchPart::Check, check(frame)),
    ]
}

/// Resets the session: the next migration starts from the login's settings, as it would in a run of its own.
fn cleanup() -> [Statement; 6] {
    [
        stmt!("RESET ALL"),
        stmt!("CLOSE ALL"),
        stmt!("DEALLOCATE ALL"),
        stmt!("UNLISTEN *"),
        stmt!("DISCARD SEQUENCES"),
        stmt!("DISCARD TEMP"),
    ]
}

/// Resets the settings that decide how the next message is parsed, because the file was split into statements
/// under these. A statement that a function builds can change them unnoticed.
pub(crate) fn reset_parsing_sql() -> [Statement; 2] {
    [stmt!("SET standard_conforming_strings = on"), stmt!("SET client_encoding = 'UTF8'")]
}

/// Name of the column of a finding.
const FINDING: &str = "martydb";

/// Fails if the transaction is not the one that was opened, or if a new object belongs to another role that
/// this login can act as. Roles that it cannot act as cannot have created anything in this
/// transaction; objects that they create in other sessions (an app's temporary table) are not the migration's.
///
/// It runs after every file, so its cost matters: one index lookup with OIDs known beforehand, and only the
/// comparisons that are needed to miss nothing. Findings are examined by [`detail`], which the server parses
/// and plans only then, because `query_to_xml` takes it as text. `age` counts from this transaction: its own
/// rows, including those of its savepoints, are 0 or less. 1260 is `pg_authid` on every major.
fn check(frame: &BatchContext<'_>) -> Statement {
    stmt!(
        "SELECT CASE WHEN pg_catalog.current_setting('martydb.migration', true) = 'open' AND NOT EXISTS (
             SELECT FROM pg_catalog.pg_shdepend WHERE refclassid = 1260 AND refobjid IN ({others}) AND pg_catalog.age(xmin) <= 0)
         THEN 0 ELSE nullif(pg_catalog.query_to_xml({detail}, true, true, '')::pg_catalog.text, '')::integer END",
        others = List(frame.other_roles.ids()),
        detail = Literal(detail(frame).shown().into())
    )
}

/// Describes the check's finding in hexadecimal: both XML and the server's error message would change plain
/// text. Empty if all objects are members of extensions: their owner is the one that the extension sets.
fn detail(frame: &BatchContext<'_>) -> Statement {
    stmt!(
        "{members} SELECT pg_catalog.encode(pg_catalog.convert_to(f.text, 'UTF8'), 'hex') AS {finding} FROM (SELECT CASE
             WHEN pg_catalog.current_setting('martydb.migration', true) IS DISTINCT FROM 'open' THEN 'transaction'
             ELSE (SELECT 'owner ' || pg_catalog.string_agg(pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
                          || ' belongs to ' || pg_catalog.pg_get_userbyid(d.refobjid), '; ' ORDER BY d.objid)
                   FROM pg_catalog.pg_shdepend d
                   WHERE d.refclassid = 1260 AND d.refobjid IN ({others})
                     AND d.dbid = {database} AND d.deptype = 'o' AND pg_catalog.age(d.xmin) BETWEEN -1000000000 AND 0
                     AND NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classid AND m.objid = d.objid))
         END) f(text) WHERE f.text IS NOT NULL",
        members = with_members(),
        finding = Keyword(FINDING),
        others = List(frame.other_roles.ids()),
        database = frame.other_roles.database
    )
}

/// The check's finding, from the server's error about the cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CheckFailure {
    /// The file ended its transaction.
    Transaction,
    /// Objects that belong to another role, with that role.
    Owner(String),
}

impl CheckFailure {
    /// Parses the message of SQLSTATE 22P02. Its words depend on the server's language; the quoted value does not.
    pub(crate) fn read(message: &str) -> Option<CheckFailure> {
        let (_, text) = message.split_once(&format!("<{FINDING}>"))?;
        let digits = text.split(|c: char| !c.is_ascii_hexdigit()).next()?;
        let text = String::from_utf8(hex::decode(digits)?).ok()?;
        match text.strip_prefix("owner ") {
            Some(objects) => Some(CheckFailure::Owner(objects.into())),
            None => Some(CheckFailure::Transaction),
        }
    }
}

pub(crate) struct MigrationStep<'a> {
    pub direction: Direction,
    pub file: Cow<'a, MigrationFile>,
    /// The row of refinery's table: after an upgrade, or before a downgrade. A repeatable migration has no such
    /// row; then name and checksum only.
    pub row: AppliedRow,
    /// The rows of the other migrations that a checkpoint replaces, the lowest version first.
    pub replaced: Vec<AppliedRow>,
}

impl MigrationStep<'_> {
    pub(crate) fn id(&self) -> MigrationId {
        MigrationId { version: self.row.version, name: self.row.name.clone() }
    }

    /// Returns the number of events that its end adds to the history.
    pub(crate) fn events(&self) -> i64 {
        i64::try_from(self.replaced.len()).map_or(1, |others| others + 1)
    }

    pub(crate) fn planned(&self) -> PlannedFile {
        PlannedFile {
            version: self.row.version,
            name: self.row.name.clone(),
            file: self.file.path.display().to_string(),
            mode: self.file.directives.mode,
            sql: self.file.text.to_string(),
        }
    }

    /// Returns an event for the history, without a measured duration.
    pub(crate) fn record(&self, outcome: &'static str) -> Record<'_> {
        let content = (outcome == "ok").then(|| tables::content(&self.file.text)).flatten();
        let mode = self.file.directives.mode;
        Record { mode, content, ..Record::new(self.direction.action(), &self.row, outcome) }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::files::source;

    fn batch(text: &str) -> Batch {
        let file = source::read(Path::new("V1__x.sql"), text.into()).unwrap();
        let (owner, other_roles) = (RoleName::new("o").unwrap(), OtherRoles::default());
        let frame = BatchContext {
            owner: &owner,
            other_roles: &other_roles,
            lock_timeout: Duration::ZERO,
            note: None,
            after: None,
            flushed_later: false,
        };
        Batch::of_file(&frame, &file, vec![stmt!("SELECT 1"), stmt!("SELECT 2")])
    }

    #[test]
    fn the_servers_count_leads_back_to_the_statement() {
        let batch = batch("SELECT 'a'; SELECT 'b';");
        for (completed, part) in [
            (0, BatchPart::Opening),
            (2, BatchPart::Opening),
            (3, BatchPart::File(0)),
            (4, BatchPart::Mark),
            (5, BatchPart::File(1)),
            (6, BatchPart::Check),
            (7, BatchPart::Constraints),
            (10, BatchPart::Check),
            (12, BatchPart::Record),
            (13, BatchPart::Commit),
            (14, BatchPart::Cleanup),
            (19, BatchPart::Cleanup),
        ] {
            assert_eq!(batch.part(completed), part, "{completed}");
        }
    }

    #[test]
    fn a_position_in_the_message_is_a_position_in_the_file() {
        let batch = batch("SELECT 'é', nope");
        let at = |needle: &str| {
            let sent = batch.message.exact();
            sent[..sent.find(needle).unwrap()].chars().count() + 1
        };
        assert_eq!((batch.in_file(at("SELECT 'é'")), batch.in_file(at("nope"))), (Some(0), Some(12)));
        assert_eq!(batch.in_file(1), None);
    }

    #[test]
    fn marks_between_statements_move_no_positions() {
        let text = "SELECT 1 -- é\n;SELECT 2;; SELECT nope -- end";
        let batch = batch(text);
        let sent = batch.message.exact();
        let at = sent[..sent.find("nope").unwrap()].chars().count() + 1;
        assert_eq!(batch.in_file(at), Some(text[..text.find("nope").unwrap()].chars().count()));
        assert_eq!(sent.matches("SET application_name").count(), 2);
        let many = "SELECT 1;".repeat(10_000);
        let batch = self::batch(&many);
        let sent = batch.message.exact();
        assert!(sent.matches("SET application_name").count() <= markers::MARKS);
        let last = sent[..sent.rfind("SELECT 1;\n").unwrap()].chars().count() + 1;
        assert_eq!(batch.in_file(last), Some(9 * 9_999));
    }

    #[test]
    fn findings_are_read_in_any_language() {
        let row = |text: &str| {
            format!("<row xmlns:xsi=\"x\">\n  <martydb>{}</martydb>\n</row>\n", hex::encode(text))
        };
        let owner = CheckFailure::Owner("table \"ä\" belongs to m".into());
        let (belongs, ended) = (row("owner table \"ä\" belongs to m"), row("transaction"));
        for (message, finding) in [
            (format!("invalid input syntax for type integer: \"{belongs}\""), Some(owner.clone())),
            (format!("ungültige Eingabesyntax für Typ integer: »{belongs}«"), Some(owner)),
            (format!("invalid input syntax for type integer: \"{ended}\""), Some(CheckFailure::Transaction)),
            ("invalid input syntax for type integer: \"x\"".into(), None),
        ] {
            assert_eq!(CheckFailure::read(&message), finding, "{message}");
        }
    }
}
