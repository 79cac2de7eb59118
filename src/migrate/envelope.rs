//! One migration as one message: everything from BEGIN to COMMIT in a single round trip, and the way back from
//! the server's answer to a place in the file.
//!
//! Before the COMMIT stand the checks that make the promises hold whatever the file does: it is still in its
//! transaction, and everything it made belongs to the owner. They fail by a cast of their finding to a number:
//! a statement of plain SQL can stop a transaction in no other way, and plpgsql may be missing.

use std::ops::Range;
use std::time::Duration;

use super::authority::Authority;
use crate::model::RoleName;
use crate::sql::{Idents, Keyword, Literal, Statement};
use crate::stmt;

/// What a message consists of; the server answers each statement in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Ours, before the file.
    Opening,
    /// A statement of the file, counted from 0.
    File(usize),
    /// A constraint that waits for the end of the transaction.
    Constraints,
    /// Our check of role, transaction and owners.
    Check,
    /// refinery's row or our own.
    Record,
    /// COMMIT.
    Commit,
    /// What tidies the session up after the COMMIT.
    Tidying,
}

/// A message, and what its statements are.
#[derive(Default)]
pub struct Envelope {
    /// The whole text.
    pub message: Statement,
    /// How many characters stand before the file.
    offset: usize,
    /// How many statements stand before the file.
    before: usize,
    /// How many statements of the file it holds.
    inside: usize,
    /// The first of them.
    first: usize,
    /// How many characters of the file stand before it.
    skipped: usize,
    /// How many rows are written behind the checks.
    records: usize,
}

/// What stands around every file of a run.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Who must own what the file makes.
    pub owner: &'a RoleName,
    /// Who else could.
    pub authority: &'a Authority,
    /// How long a statement waits for a lock; zero waits without end.
    pub lock_timeout: Duration,
}

/// `Statement::join` puts a line break, a semicolon and a line break between two statements.
const JOINT: usize = 3;

/// The statements between the file and the records, in order; see [`checks`].
const CHECKS: [Part; 5] = [Part::Check, Part::Constraints, Part::Check, Part::Check, Part::Check];

impl Envelope {
    /// Wraps a file of `inside` statements; the records commit together with it.
    pub fn whole(frame: &Frame<'_>, file: (&str, usize), records: &[Statement]) -> Envelope {
        let mut envelope = Envelope { inside: file.1, ..Envelope::default() };
        envelope.seal(frame, file.0, records, &tidying());
        envelope
    }

    /// Wraps one statement of a file that as a whole runs outside a transaction. What it sets stays for the next, but
    /// not what decides how the next is read.
    pub fn one(frame: &Frame<'_>, text: &str, at: (usize, Range<usize>), record: &Statement) -> Envelope {
        let mut envelope = Envelope::of_statement(text, &at);
        envelope.seal(frame, &text[at.1], std::slice::from_ref(record), &reading());
        envelope
    }

    /// One statement alone in its message, as it must be where it can run in no transaction.
    pub fn alone(text: &str, at: (usize, Range<usize>)) -> Envelope {
        let mut envelope = Envelope::of_statement(text, &at);
        envelope.message = Statement::from_migration_file(&text[at.1]);
        envelope
    }

    fn of_statement(text: &str, at: &(usize, Range<usize>)) -> Envelope {
        let skipped = text[..at.1.start].chars().count();
        Envelope { inside: 1, first: at.0, skipped, ..Envelope::default() }
    }

    fn seal(&mut self, frame: &Frame<'_>, text: &str, records: &[Statement], after: &[Statement]) {
        let opening = opening(frame.lock_timeout);
        self.before = opening.len();
        self.records = records.len();
        let opening = Statement::join(opening);
        self.offset = opening.chars() + JOINT;
        let mut all = vec![opening, Statement::from_migration_file(text)];
        all.extend(checks(frame));
        all.extend(records.iter().cloned());
        all.push(stmt!("COMMIT"));
        all.extend(after.iter().cloned());
        self.message = Statement::join(all);
    }

    /// The statement that came after `completed` finished ones.
    pub fn part(&self, completed: usize) -> Part {
        match completed.checked_sub(self.before) {
            None => Part::Opening,
            Some(at) if at < self.inside => Part::File(self.first + at),
            Some(at) => self.after(at - self.inside),
        }
    }

    fn after(&self, at: usize) -> Part {
        match at.checked_sub(CHECKS.len()) {
            None => CHECKS[at],
            Some(record) if record < self.records => Part::Record,
            Some(at) if at == self.records => Part::Commit,
            Some(_) => Part::Tidying,
        }
    }

    /// A position of the server (characters of the message, from 1) as characters of the file, from 0.
    pub fn in_file(&self, position: usize) -> Option<usize> {
        Some(position.checked_sub(self.offset + 1)? + self.skipped)
    }
}

fn opening(lock_timeout: Duration) -> Vec<Statement> {
    let millis = i64::try_from(lock_timeout.as_millis()).unwrap_or(i64::from(i32::MAX));
    vec![
        stmt!("BEGIN"),
        stmt!("SET LOCAL lock_timeout = {millis}", millis = millis.min(i64::from(i32::MAX))),
        stmt!("SET LOCAL martydb.migration = 'open'"),
    ]
}

/// Deferred constraints fire before the checks, because a trigger can do anything that a file can.
fn checks(frame: &Frame<'_>) -> [Statement; 5] {
    let role = stmt!("SET ROLE {owner}", owner = frame.owner);
    [
        role.clone(),
        stmt!("SET CONSTRAINTS ALL IMMEDIATE"),
        role,
        stmt!("SET LOCAL search_path = pg_catalog, pg_temp"),
        check(frame),
    ]
}

/// The next migration starts from what the login sets, as it would in a run of its own.
fn tidying() -> [Statement; 6] {
    [
        stmt!("RESET ALL"),
        stmt!("CLOSE ALL"),
        stmt!("DEALLOCATE ALL"),
        stmt!("UNLISTEN *"),
        stmt!("DISCARD SEQUENCES"),
        stmt!("DISCARD TEMP"),
    ]
}

/// How the next message is read, as the file was when it was cut into statements. A statement that a function builds
/// can change it without being seen.
pub fn reading() -> [Statement; 2] {
    [stmt!("SET standard_conforming_strings = on"), stmt!("SET client_encoding = 'UTF8'")]
}

/// The column that a finding stands in.
const FINDING: &str = "martydb";

/// Fails if the transaction is no longer the one that was opened, or something new belongs to another role that
/// this login can act as. Others can have made nothing in it, and what they make beside it (an app's temporary
/// table) is not its doing.
///
/// It runs behind every file, so that what it costs is paid every time: one look into one index, with the numbers
/// known beforehand, and as few comparisons as let nothing through. What it stops at is looked into by [`detail`],
/// which the server reads and plans only then, because `query_to_xml` takes it as text. `age` counts from this
/// transaction: its own rows, those of its savepoints too, are 0 or less. 1260 is `pg_authid` on every major.
fn check(frame: &Frame<'_>) -> Statement {
    stmt!(
        "SELECT CASE WHEN pg_catalog.current_setting('martydb.migration', true) = 'open' AND NOT EXISTS (
             SELECT FROM pg_catalog.pg_shdepend WHERE refclassid = 1260 AND refobjid IN ({others}) AND pg_catalog.age(xmin) <= 0)
         THEN 0 ELSE nullif(pg_catalog.query_to_xml({detail}, true, true, '')::pg_catalog.text, '')::integer END",
        others = Idents(frame.authority.others()),
        detail = Literal(detail(frame).shown().into())
    )
}

/// What the check has found, in hexadecimal: XML and the server's complaint would each change it in their way.
/// Nothing, if all of it are members of extensions: those belong to whoever the extension says.
fn detail(frame: &Frame<'_>) -> Statement {
    stmt!(
        "SELECT pg_catalog.encode(pg_catalog.convert_to(f.text, 'UTF8'), 'hex') AS {finding} FROM (SELECT CASE
             WHEN pg_catalog.current_setting('martydb.migration', true) IS DISTINCT FROM 'open' THEN 'transaction'
             ELSE (SELECT 'owner ' || pg_catalog.string_agg(pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
                          || ' belongs to ' || pg_catalog.pg_get_userbyid(d.refobjid), '; ' ORDER BY d.objid)
                   FROM pg_catalog.pg_shdepend d
                   WHERE d.refclassid = 1260 AND d.refobjid IN ({others})
                     AND d.dbid = {database} AND d.deptype = 'o' AND pg_catalog.age(d.xmin) BETWEEN -1000000000 AND 0
                     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid
                                                               AND e.deptype = 'e'))
         END) f(text) WHERE f.text IS NOT NULL",
        finding = Keyword(FINDING),
        others = Idents(frame.authority.others()),
        database = frame.authority.database
    )
}

/// What the check found, from the server's complaint about the cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The file ended its transaction.
    Transaction,
    /// Something belongs to another role: what, and to whom.
    Owner(String),
}

impl Finding {
    /// Reads the message of SQLSTATE 22P02. Its words depend on the server's language, what it quotes does not.
    pub fn read(message: &str) -> Option<Finding> {
        let (_, text) = message.split_once(&format!("<{FINDING}>"))?;
        let hex: Vec<u8> = text.bytes().take_while(u8::is_ascii_hexdigit).collect();
        let bytes = hex.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
        let text = String::from_utf8(bytes.collect::<Option<_>>()?).ok()?;
        match text.strip_prefix("owner ") {
            Some(objects) => Some(Finding::Owner(objects.into())),
            None => Some(Finding::Transaction),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_count_leads_back_to_the_statement() {
        let envelope = Envelope { offset: 10, before: 3, inside: 2, records: 2, ..Envelope::default() };
        for (completed, part) in [
            (0, Part::Opening),
            (2, Part::Opening),
            (3, Part::File(0)),
            (4, Part::File(1)),
            (5, Part::Check),
            (6, Part::Constraints),
            (9, Part::Check),
            (11, Part::Record),
            (12, Part::Commit),
            (13, Part::Tidying),
        ] {
            assert_eq!(envelope.part(completed), part, "{completed}");
        }
        assert_eq!((envelope.in_file(11), envelope.in_file(10)), (Some(0), None));
    }

    #[test]
    fn findings_are_read_in_any_language() {
        let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let row = |text: &str| format!("<row xmlns:xsi=\"x\">\n  <martydb>{}</martydb>\n</row>\n", hex(text));
        let owner = Finding::Owner("table \"ä\" belongs to m".into());
        let (belongs, ended) = (row("owner table \"ä\" belongs to m"), row("transaction"));
        for (message, finding) in [
            (format!("invalid input syntax for type integer: \"{belongs}\""), Some(owner.clone())),
            (format!("ungültige Eingabesyntax für Typ integer: »{belongs}«"), Some(owner)),
            (format!("invalid input syntax for type integer: \"{ended}\""), Some(Finding::Transaction)),
            ("invalid input syntax for type integer: \"x\"".into(), None),
        ] {
            assert_eq!(Finding::read(&message), finding, "{message}");
        }
    }
}
