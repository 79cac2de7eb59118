//! What kind of statement stands in a file that runs outside a transaction: whether it can run in one all the same,
//! and what an interruption of it leaves behind.

use super::rules::needs_no_transaction;
use super::script::{Seen, Sighting, is_word, walk};
use crate::server::Fault;

/// The kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nature {
    /// It runs in a transaction.
    Ordinary,
    /// It sets something for the session.
    Setting,
    /// It builds an index concurrently: its name.
    Build(String),
    /// It runs in no transaction: the words that tell that it was done already, as SQLSTATEs.
    Lonely {
        /// What PostgreSQL says if it is done twice.
        repeated: &'static [&'static str],
        /// Whether it waits for others without being in their way.
        patient: bool,
    },
    /// It may hold transactions of its own.
    Block,
}

impl Nature {
    /// Whether this complaint means that the interrupted run had finished it.
    pub fn was_done(&self, fault: &Fault) -> bool {
        let repeated: &[&str] = match self {
            Nature::Build(_) => &["42P07"],
            Nature::Lonely { repeated, .. } => repeated,
            _ => &[],
        };
        fault.sqlstate.as_deref().is_some_and(|state| repeated.contains(&state))
    }

    /// Whether it may be sent again after giving way to a lock: a block may have committed a part.
    pub fn may_repeat(&self) -> bool {
        *self != Nature::Block
    }

    /// Whether it may wait for others as long as it takes.
    pub fn is_patient(&self) -> bool {
        matches!(self, Nature::Build(_) | Nature::Lonely { patient: true, .. })
    }

    /// The index that it builds.
    pub fn built(self) -> Option<String> {
        match self {
            Nature::Build(name) => Some(name),
            _ => None,
        }
    }
}

/// Judges one statement.
pub fn nature(statement: &str) -> Nature {
    let mut found = Nature::Ordinary;
    walk(statement, |seen| {
        if let Seen::Statement(seen) = seen {
            found = judge(&seen);
        }
    });
    found
}

fn judge(seen: &Sighting) -> Nature {
    if let Some(name) = builds(seen) {
        return Nature::Build(name);
    }
    let repeated: &[&str] = if seen.begins(&["drop", "index"]) {
        &["42704"]
    } else if seen.begins(&["alter", "table"]) {
        &["42P01"]
    } else {
        &[]
    };
    let words = || seen.head.iter().map(|word| word.text);
    match () {
        () if needs_no_transaction(seen) => {
            Nature::Lonely { repeated, patient: words().any(|word| is_word(word, "concurrently")) }
        }
        () if seen.begins(&["call"]) || seen.begins(&["do"]) => Nature::Block,
        () if sets(seen) => Nature::Setting,
        () => Nature::Ordinary,
    }
}

fn sets(seen: &Sighting) -> bool {
    let local = ["local", "constraints", "transaction"].iter().any(|word| seen.begins(&["set", word]));
    seen.begins(&["reset"]) || seen.begins(&["set"]) && !local
}

fn builds(seen: &Sighting) -> Option<String> {
    let build = seen.begins(&["create", "index", "concurrently"])
        || seen.begins(&["create", "unique", "index", "concurrently"]);
    let mut words = seen.outer().skip_while(|word| !is_word(word, "concurrently")).skip(1);
    let name = words.find(|word| !["if", "not", "exists"].iter().any(|other| is_word(word, other)));
    name.filter(|_| build).map(bare)
}

/// A name as the catalogue has it.
pub fn bare(word: &str) -> String {
    match word.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => word.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart() {
        let build = |name: &str| Nature::Build(name.into());
        for (sql, expected) in [
            ("CREATE INDEX CONCURRENTLY Name ON t (a)", build("name")),
            ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"Na\"\"me\" ON t (a)", build("Na\"me")),
            ("CREATE INDEX i ON t (a)", Nature::Ordinary),
            ("SET search_path = x", Nature::Setting),
            ("SET LOCAL lock_timeout = 1", Nature::Ordinary),
            ("RESET ALL", Nature::Setting),
            ("DO $$ BEGIN COMMIT; END $$", Nature::Block),
            ("CALL p()", Nature::Block),
            ("VACUUM t", Nature::Lonely { repeated: &[], patient: false }),
            ("DROP INDEX CONCURRENTLY i", Nature::Lonely { repeated: &["42704"], patient: true }),
            ("REINDEX TABLE CONCURRENTLY t", Nature::Lonely { repeated: &[], patient: true }),
        ] {
            assert_eq!(nature(sql), expected, "{sql}");
        }
    }
}
