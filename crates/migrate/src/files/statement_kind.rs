//! Kinds of statements in a non-transactional file: whether one can run in a transaction nevertheless, and what
//! its interruption leaves behind.

use super::rules::needs_no_transaction;
use martydb_model::sqlstate;
use martydb_pg::server::ErrorResponse;
use martydb_sql::{ScriptItem, StatementHead, bare, is_word, walk};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StatementKind {
    Transactional,
    SessionSetting,
    /// It builds an index concurrently; with the index's name.
    ConcurrentIndex(String),
    NonTransactional {
        /// SQLSTATEs of running it a second time.
        repeated: &'static [&'static str],
        /// Set if it waits for others without blocking them.
        patient: bool,
    },
    /// It may contain transactions of its own.
    Block,
}

impl StatementKind {
    /// Returns `true` if this error means that the interrupted run had finished it.
    pub(crate) fn was_done(&self, response: &ErrorResponse) -> bool {
        let repeated: &[&str] = match self {
            StatementKind::ConcurrentIndex(_) => &[sqlstate::DUPLICATE_TABLE],
            StatementKind::NonTransactional { repeated, .. } => repeated,
            _ => &[],
        };
        response.sqlstate.as_deref().is_some_and(|state| repeated.contains(&state))
    }

    /// Returns `true` if this error can mean that a `DETACH … CONCURRENTLY` was interrupted.
    /// <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION>
    pub(crate) fn may_be_half_detached(&self, response: &ErrorResponse) -> bool {
        let detaches = matches!(self, StatementKind::NonTransactional { repeated, patient: true } if repeated.contains(&sqlstate::UNDEFINED_TABLE));
        detaches && response.sqlstate.as_deref() == Some(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE)
    }

    /// Returns `true` if it may be retried after a lock timeout: a block may have committed a part.
    pub(crate) fn may_repeat(&self) -> bool {
        *self != StatementKind::Block
    }

    /// Returns `true` if it may wait for others without a limit.
    pub(crate) fn is_patient(&self) -> bool {
        matches!(
            self,
            StatementKind::ConcurrentIndex(_) | StatementKind::NonTransactional { patient: true, .. }
        )
    }

    pub(crate) fn built(self) -> Option<String> {
        match self {
            StatementKind::ConcurrentIndex(name) => Some(name),
            _ => None,
        }
    }
}

pub(crate) fn statement_kind(statement: &str) -> StatementKind {
    let mut found = StatementKind::Transactional;
    walk(statement, |seen| {
        if let ScriptItem::Statement(seen) = seen {
            found = judge(&seen);
        }
    });
    found
}

fn judge(seen: &StatementHead) -> StatementKind {
    if let Some(name) = builds(seen) {
        return StatementKind::ConcurrentIndex(name);
    }
    let repeated: &[&str] = if seen.begins(&["drop", "index"]) {
        &[sqlstate::UNDEFINED_OBJECT]
    } else if seen.begins(&["alter", "table"]) {
        &[sqlstate::UNDEFINED_TABLE]
    } else {
        &[]
    };
    // With an existing slot, or without one, it can run in a transaction.
    let of_subscription = ["create", "alter", "drop"].iter().any(|verb| seen.begins(&[verb, "subscription"]));
    if needs_no_transaction(seen) || of_subscription {
        let patient = seen.head.iter().any(|word| is_word(word.text, "concurrently"));
        StatementKind::NonTransactional { repeated, patient }
    } else if seen.begins(&["call"]) || seen.begins(&["do"]) {
        StatementKind::Block
    } else if sets(seen) {
        StatementKind::SessionSetting
    } else {
        StatementKind::Transactional
    }
}

fn sets(seen: &StatementHead) -> bool {
    let local = ["local", "constraints", "transaction"].iter().any(|word| seen.begins(&["set", word]));
    seen.begins(&["reset"]) || seen.begins(&["set"]) && !local
}

fn builds(seen: &StatementHead) -> Option<String> {
    let build = seen.begins(&["create", "index", "concurrently"])
        || seen.begins(&["create", "unique", "index", "concurrently"]);
    let mut words = seen.outer().skip_while(|word| !is_word(word, "concurrently")).skip(1);
    let name = words.find(|word| !["if", "not", "exists"].iter().any(|other| is_word(word, other)));
    name.filter(|_| build).map(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_distinguished() {
        let build = |name: &str| StatementKind::ConcurrentIndex(name.into());
        for (sql, expected) in [
            ("CREATE INDEX CONCURRENTLY Name ON t (a)", build("name")),
            ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"Na\"\"me\" ON t (a)", build("Na\"me")),
            ("CREATE INDEX i ON t (a)", StatementKind::Transactional),
            ("SET search_path = x", StatementKind::SessionSetting),
            ("SET LOCAL lock_timeout = 1", StatementKind::Transactional),
            ("RESET ALL", StatementKind::SessionSetting),
            ("DO $$ BEGIN COMMIT; END $$", StatementKind::Block),
            ("CALL p()", StatementKind::Block),
            (
                "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
                StatementKind::NonTransactional { repeated: &[], patient: false },
            ),
            ("VACUUM t", StatementKind::NonTransactional { repeated: &[], patient: false }),
            (
                "DROP INDEX CONCURRENTLY i",
                StatementKind::NonTransactional { repeated: &[sqlstate::UNDEFINED_OBJECT], patient: true },
            ),
            (
                "REINDEX TABLE CONCURRENTLY t",
                StatementKind::NonTransactional { repeated: &[], patient: true },
            ),
        ] {
            assert_eq!(statement_kind(sql), expected, "{sql}");
        }
    }
}
