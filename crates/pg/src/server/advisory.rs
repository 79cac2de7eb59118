//! Session-level advisory locks that only certain logins can hold against martydb. Pure.
//!
//! An advisory lock has no ACL: every login of a database may take every key, and hold it for any time. Therefore the
//! key by itself decides nothing. A run has the lock if it holds a key of the lock, and a query of all holders
//! afterwards shows no other session whose login is entitled to the lock. Sessions of other logins do not count; if
//! one of them holds the lock's own key, a run takes a ticket instead, a key with a random half.
//!
//! No two entitled runs have the lock at the same time. Each takes its key before it queries, keeps it until it ends,
//! and `pg_lock_status` shows every lock that was granted before. Of two runs that both saw no other, each would have
//! taken its key after the other's query, and so before itself. A run that sees another one releases its key and
//! tries again later. The usual case costs no round trip of its own: the key is free and no other session has one.
//!
//! The login counts, `SET ROLE` does not change it, and no login can hide it from `pg_stat_get_activity`. A prepared
//! transaction holds locks without a session, and is not a run. A session that holds a key and is not yet, or no
//! longer, among the sessions counts as entitled: the next query decides.

use super::Row;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};

/// A lock, by the two halves of its own key. Advisory locks are per database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdvisoryLock(pub i32, pub i32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKey {
    /// The lock's own key, which all runs try first.
    Own,
    /// A key that no login could take beforehand, because half of it is random.
    SessionHandle(i32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    /// `true` if its login is entitled to the lock.
    pub entitled: bool,
    /// `None` for a prepared transaction.
    pub pid: Option<String>,
    pub login: Option<String>,
    pub application: Option<String>,
    /// Start of its session, RFC 3339, UTC.
    pub since: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The lock is ours, regardless of the other holders.
    Ours,
    /// An entitled session has it: release the key, and wait.
    Wait(LockHolder),
    /// No entitled session has it, but another one holds the key: try this one next.
    Try(LockKey),
}

impl LockKey {
    /// Makes a key that cannot be guessed.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn ticket() -> Result<LockKey> {
        let mut random = [0u8; 4];
        getrandom::fill(&mut random).map_err(|error| Error::operation("no random numbers").cause(error))?;
        Ok(LockKey::SessionHandle(i32::from_ne_bytes(random)))
    }
}

impl AdvisoryLock {
    /// Returns the first half of every ticket. Keys of one number and keys of two never meet.
    fn tickets(self) -> i32 {
        self.0 ^ self.1
    }

    fn arguments(self, key: LockKey) -> Statement {
        match key {
            LockKey::Own => stmt!("{a}, {b}", a = self.0, b = self.1),
            LockKey::SessionHandle(random) => {
                let number = i64::from(self.tickets()) << 32 | i64::from(random.cast_unsigned());
                stmt!("({number})::pg_catalog.int8")
            }
        }
    }

    /// Takes a key if no other session has it, and then lists the keys with such a number: a row with "true" or
    /// "false", and one more row for each key. Few functions and no subquery, because every run pays for it;
    /// [`attempted`] interprets the rows, and keys of others lead to [`holders`](AdvisoryLock::holders).
    pub fn attempt(self, key: LockKey) -> [Statement; 2] {
        let arguments = self.arguments(key);
        [
            stmt!("SELECT pg_catalog.pg_try_advisory_lock({arguments})::pg_catalog.text"),
            stmt!(
                "SELECT pid, database FROM pg_catalog.pg_lock_status()
                 WHERE classid IN ({a}::pg_catalog.oid, {tickets}::pg_catalog.oid)",
                a = self.0.cast_unsigned(),
                tickets = self.tickets().cast_unsigned()
            ),
        ]
    }

    pub fn release(self, key: LockKey) -> Statement {
        stmt!("SELECT pg_catalog.pg_advisory_unlock({a})", a = self.arguments(key))
    }

    /// Lists the other holders of a key. `entitled` is an expression about `a`, a row of `pg_stat_get_activity`, and
    /// `r`, its role in `pg_roles`.
    pub fn holders(self, entitled: &Statement) -> Statement {
        stmt!(
            "SELECT l.pid::pg_catalog.text, (l.pid IS NOT NULL AND (a.pid IS NULL OR coalesce({entitled}, false)))::pg_catalog.text,
                    r.rolname::pg_catalog.text, a.application_name,
                    pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
             FROM {held} LEFT JOIN pg_catalog.pg_stat_get_activity(NULL) a ON a.pid = l.pid
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid ORDER BY l.pid",
            held = self.held()
        )
    }

    fn held(self) -> Statement {
        stmt!(
            "(SELECT DISTINCT s.pid FROM pg_catalog.pg_lock_status() s
              WHERE s.locktype = 'advisory' AND s.granted AND s.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
                AND s.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
                AND (s.objsubid = 2 AND s.classid = {a}::pg_catalog.oid AND s.objid = {b}::pg_catalog.oid
                     OR s.objsubid = 1 AND s.classid = {tickets}::pg_catalog.oid)) l",
            a = self.0.cast_unsigned(),
            b = self.1.cast_unsigned(),
            tickets = self.tickets().cast_unsigned()
        )
    }
}

/// Parses the answer to [`AdvisoryLock::attempt`]: did `backend` take the key, and is it the only one in its
/// database?
pub fn attempted<'a>(backend: i32, mut rows: impl Iterator<Item = &'a Row>) -> (bool, bool) {
    let first: Option<String> = rows.next().and_then(|row| row.try_get(0).ok());
    let keys: Vec<HeldKey> = rows.map(|row| (row.try_get(0).ok().flatten(), row.try_get(1).ok())).collect();
    (first.as_deref() == Some("true"), alone(backend, &keys))
}

/// PID of a key's holder (`None` for a prepared transaction), and OID of the database.
type HeldKey = (Option<i32>, Option<u32>);

/// Returns `true` if no other process holds a key in this database; the keys are the same in all databases.
fn alone(backend: i32, keys: &[HeldKey]) -> bool {
    let (own, others): (Vec<&HeldKey>, Vec<&HeldKey>) = keys.iter().partition(|key| key.0 == Some(backend));
    own.first().is_some_and(|own| others.iter().all(|other| other.1.is_some() && other.1 != own.1))
}

pub fn holder(row: &Row) -> LockHolder {
    let column = |at: usize| row.try_get::<Option<String>>(at).ok().flatten();
    LockHolder {
        pid: column(0),
        entitled: column(1).is_none_or(|entitled| entitled == "true"),
        login: column(2),
        application: column(3),
        since: column(4),
    }
}

/// Decides the next step after an attempt with `key`.
///
/// # Errors
/// If the system has no random numbers.
pub fn verdict(key: LockKey, taken: bool, holders: &[LockHolder]) -> Result<Claim> {
    match holders.iter().find(|holder| holder.entitled) {
        Some(holder) => Ok(Claim::Wait(holder.clone())),
        None if taken => Ok(Claim::Ours),
        // Released meanwhile.
        None if holders.is_empty() => Ok(Claim::Try(key)),
        None => Ok(Claim::Try(LockKey::ticket()?)),
    }
}

/// The server shows the start of a session only to roles with the privileges of its login.
impl std::fmt::Display for LockHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(pid) = &self.pid else { return f.write_str("a prepared transaction") };
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".into());
        let (login, application, since) = (known(&self.login), known(&self.application), known(&self.since));
        write!(f, "pid {pid}, login {login}, application \"{application}\", connected since {since}")
    }
}

/// Returns a warning about the holders that do not count; `None` if there are none.
pub(crate) fn passed_over(holders: &[LockHolder]) -> Option<String> {
    let others: Vec<String> =
        holders.iter().filter(|holder| !holder.entitled).map(ToString::to_string).collect();
    (!others.is_empty()).then(|| {
        format!(
            "ignored holders of martydb's lock that are not entitled to it: {}; end them",
            others.join(" and ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(entitled: bool) -> LockHolder {
        LockHolder {
            entitled,
            pid: Some("7".into()),
            login: Some("x".into()),
            application: None,
            since: None,
        }
    }

    #[test]
    fn only_entitled_holders_are_waited_for() {
        for (taken, holders, expected) in [
            (true, vec![], Claim::Ours),
            (true, vec![holder(false)], Claim::Ours),
            (true, vec![holder(false), holder(true)], Claim::Wait(holder(true))),
            (false, vec![holder(true)], Claim::Wait(holder(true))),
            (false, vec![], Claim::Try(LockKey::Own)),
        ] {
            assert_eq!(verdict(LockKey::Own, taken, &holders).unwrap(), expected, "{taken} {holders:?}");
        }
        let next = verdict(LockKey::Own, false, &[holder(false)]).unwrap();
        assert!(matches!(next, Claim::Try(LockKey::SessionHandle(_))), "{next:?}");
    }

    #[test]
    fn a_key_is_alone_if_no_other_process_holds_one_in_its_database() {
        for (keys, expected) in [
            (vec![], false),
            (vec![(Some(7), Some(1))], true),
            (vec![(Some(7), Some(1)), (Some(8), Some(2))], true),
            (vec![(Some(7), Some(1)), (Some(8), Some(1))], false),
            (vec![(None, Some(1)), (Some(7), Some(1))], false),
            (vec![(Some(7), Some(1)), (Some(8), None)], false),
            (vec![(Some(8), Some(2))], false),
        ] {
            assert_eq!(alone(7, &keys), expected, "{keys:?}");
        }
    }

    #[test]
    fn keys_are_written_as_the_server_shows_them() {
        let lock = AdvisoryLock(0x6d61_7274, -5);
        let shown = lock.attempt(LockKey::Own).map(|statement| statement.shown().to_owned());
        assert!(shown[0].contains("(1835102836, -5)"), "{shown:?}");
        assert!(shown[1].contains("IN (1835102836::"), "{shown:?}");
        assert!(lock.held().shown().contains("objid = 4294967291::"));
        let ticket = AdvisoryLock(1, 3).attempt(LockKey::SessionHandle(-1))[0].shown().to_owned();
        assert!(ticket.contains(&format!("(({})::", (2_i64 << 32) + 0xffff_ffff)), "{ticket}");
    }
}
