//! One migration as one message: everything from BEGIN to COMMIT in a single round trip, and the way back from
//! the server's answer to a place in the file.
//!
//! Before the COMMIT stand the checks that make the promises hold whatever the file does: it is still in its
//! transaction, and everything it made belongs to the owner. They fail by a cast of their finding to a number:
//! a statement of plain SQL can stop a transaction in no other way, and plpgsql may be missing.

use std::ops::Range;
use std::time::Duration;

use super::target::Target;
use crate::sql::{Literal, Statement};
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

/// `Statement::join` puts a line break, a semicolon and a line break between two statements.
const JOINT: usize = 3;

/// The statements between the file and the records, in order; see [`checks`].
const CHECKS: [Part; 5] = [Part::Check, Part::Constraints, Part::Check, Part::Check, Part::Check];

impl Envelope {
    /// Wraps a file of `inside` statements; the records commit together with it.
    pub fn whole(
        target: &Target,
        file: (&str, usize),
        lock_timeout: Duration,
        records: &[Statement],
    ) -> Envelope {
        let mut envelope = Envelope { inside: file.1, ..Envelope::default() };
        envelope.seal(target, file.0, lock_timeout, records, &tidying());
        envelope
    }

    /// Wraps one statement of a file that as a whole runs outside a transaction. What it sets stays for the next.
    pub fn one(
        target: &Target,
        text: &str,
        at: (usize, Range<usize>),
        lock_timeout: Duration,
        record: &Statement,
    ) -> Envelope {
        let mut envelope = Envelope::of_statement(text, &at);
        envelope.seal(target, &text[at.1], lock_timeout, std::slice::from_ref(record), &[]);
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

    fn seal(
        &mut self,
        target: &Target,
        text: &str,
        lock_timeout: Duration,
        records: &[Statement],
        after: &[Statement],
    ) {
        let opening = opening(lock_timeout);
        self.before = opening.len();
        self.records = records.len();
        let opening = Statement::join(opening);
        self.offset = opening.chars() + JOINT;
        let mut all = vec![opening, Statement::from_migration_file(text)];
        all.extend(checks(target));
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
fn checks(target: &Target) -> [Statement; 5] {
    let role = stmt!("SET ROLE {owner}", owner = target.owner);
    [
        role.clone(),
        stmt!("SET CONSTRAINTS ALL IMMEDIATE"),
        role,
        stmt!("SET LOCAL search_path = pg_catalog, pg_temp"),
        check(target),
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

/// What begins a finding of the check.
const FINDING: &str = "martydb:";

/// Fails if the transaction is no longer the one that was opened, or something new belongs to another role that
/// this login can act as. Others can have made nothing in it, and what they make beside it (an app's temporary
/// table) is not its doing. Members of extensions belong to whoever the extension says.
///
/// `age` counts from this transaction: its own rows, those of its savepoints too, are 0 or less.
fn check(target: &Target) -> Statement {
    stmt!(
        "SELECT ({finding} || f.text)::integer FROM (SELECT CASE
             WHEN current_setting('martydb.migration', true) IS DISTINCT FROM 'open' THEN 'transaction'
             ELSE (SELECT 'owner ' || string_agg(pg_describe_object(d.classid, d.objid, d.objsubid)
                          || ' belongs to ' || pg_get_userbyid(d.refobjid), '; ' ORDER BY d.objid)
                   FROM pg_shdepend d
                   WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                     AND d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o'
                     AND pg_get_userbyid(d.refobjid) <> {owner}
                     AND pg_has_role(session_user, d.refobjid, 'MEMBER')
                     AND age(d.xmin) BETWEEN -1000000000 AND 0
                     AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid
                                                               AND e.deptype = 'e'))
         END) f(text) WHERE f.text IS NOT NULL",
        finding = Literal(FINDING.into()),
        owner = Literal(target.owner.as_str().into())
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
    /// Reads the message of SQLSTATE 22P02. Its words depend on the server's language, its quotation does not.
    pub fn read(message: &str) -> Option<Finding> {
        let (_, text) = message.split_once(FINDING)?;
        let text = text.trim_end_matches(['"', '»', '«', '“', '”', '\'', '.', ' ']);
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
        let owner = Finding::Owner("table a belongs to m".into());
        for (message, finding) in [
            (
                "invalid input syntax for type integer: \"martydb:owner table a belongs to m\"",
                Some(owner.clone()),
            ),
            ("ungültige Eingabesyntax für Typ integer: »martydb:owner table a belongs to m«", Some(owner)),
            ("invalid input syntax for type integer: \"martydb:transaction\"", Some(Finding::Transaction)),
            ("invalid input syntax for type integer: \"x\"", None),
        ] {
            assert_eq!(Finding::read(message), finding, "{message}");
        }
    }
}
