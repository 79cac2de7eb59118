//! Statements that a migration file must not contain, because the runner could then no longer guarantee that
//! the file and its history row commit together, or that the owner owns everything. Checked before connecting.
//!
//! The rules catch accidents early, with a position and a fix. They are not the guarantee: text built at run
//! time (`EXECUTE`, `set_config`) is caught by the checks before the COMMIT (see `batch`).

use super::problem::ProblemSeverity;
use martydb_sql::{Lexer, PARSING_SETTINGS, StatementHead, TokenKind, is_word, string_contents};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleScope {
    Everywhere,
    Transaction,
}

pub(crate) struct FileRule {
    pub scope: RuleScope,
    /// Weight of a violation in an applied file, for a new database.
    pub severity: ProblemSeverity,
    pub applies: fn(&StatementHead) -> bool,
    /// Description, following the statement's first words.
    pub what: &'static str,
    pub fix: &'static str,
}

const NO_TRANSACTION: &str = "put `-- martydb: no-transaction` in the file's first line, and nothing else \
                              that must succeed together with it in the same file";

/// The rules; the first that matches is reported.
pub(crate) const RULES: &[FileRule] = &[
    FileRule {
        scope: RuleScope::Everywhere,
        severity: ProblemSeverity::Refused,
        applies: changes_role,
        what: "would change the role, but the owner must own all objects of a migration",
        fix: "remove it: the file already runs as the owner",
    },
    FileRule {
        scope: RuleScope::Everywhere,
        severity: ProblemSeverity::Refused,
        applies: changes_reading,
        what: "would change how the server parses the text after it",
        fix: "remove it: the file is read as UTF-8, and E'…' is the string with escapes",
    },
    FileRule {
        scope: RuleScope::Everywhere,
        severity: ProblemSeverity::Refused,
        applies: |seen| seen.begins(&["discard", "all"]),
        what: "would discard the session's state, including the lock against other runs",
        fix: "use DISCARD TEMP, DISCARD PLANS or DISCARD SEQUENCES",
    },
    FileRule {
        scope: RuleScope::Everywhere,
        severity: ProblemSeverity::Refused,
        applies: copies_to_client,
        what: "needs psql to send or receive the data",
        fix: "use INSERT with VALUES: `martydb import` converts COPY with its data; COPY to or from a file of the server \
              needs a superuser",
    },
    FileRule {
        scope: RuleScope::Everywhere,
        severity: ProblemSeverity::Refused,
        applies: changes_server,
        what: "is not a migration's: the server refuses it to the service's roles",
        fix: "remove it: databases, tablespaces and settings of the server are declared in the manifest",
    },
    FileRule {
        scope: RuleScope::Everywhere,
        severity: ProblemSeverity::Runnable,
        applies: builds_nameless,
        what: "does not name the index, so an interrupted build could not be found",
        fix: "name it: CREATE INDEX CONCURRENTLY <name> ON …",
    },
    FileRule {
        scope: RuleScope::Transaction,
        severity: ProblemSeverity::Runnable,
        applies: needs_no_transaction,
        what: "cannot run in a transaction",
        fix: NO_TRANSACTION,
    },
];

/// Message and fix for transaction control other than one BEGIN and one COMMIT around the whole file.
pub(crate) const CONTROL: (&str, &str) = (
    "is not allowed: martydb runs the file in one transaction",
    "remove it: each file already runs in a transaction of its own",
);

/// Fix for several whole transactions in one file.
pub(crate) const SEVERAL: &str = "leave BEGIN and COMMIT out, or make each transaction a file of its own; with \
                           `-- martydb: no-transaction` in the first line each BEGIN … COMMIT stays a transaction of its own";

/// Fix for a statement that cannot run between BEGIN and COMMIT.
pub(crate) const MOVE_OUT: &str = "move it out of BEGIN … COMMIT";

/// Message and fix for psql's own commands.
pub(crate) const BACKSLASH: (&str, &str) =
    ("is a psql command, which the server does not know", "rewrite it as SQL");

/// Fix for the two lines by which a dump disables psql's commands.
pub(crate) const RESTRICT: &str =
    "remove the line, which `pg_dump` writes for psql alone; `martydb import` does so";

fn changes_role(seen: &StatementHead) -> bool {
    let mut words = seen.outer();
    let verb = words.next().unwrap_or_default();
    if !is_word(verb, "set") && !is_word(verb, "reset") {
        return false;
    }
    let mut name = words.next().unwrap_or_default();
    let mut after = words.next().unwrap_or_default();
    let scoped = is_word(name, "local") || is_word(name, "session") && !is_word(after, "authorization");
    if scoped {
        (name, after) = (after, words.next().unwrap_or_default());
    }
    let authorization = is_word(name, "session") && is_word(after, "authorization");
    is_word(name, "role") || is_word(name, "session_authorization") || authorization
}

/// Returns `true` if a setting of [`PARSING_SETTINGS`] is changed to another value: by SET, for a role or a database, or
/// by name.
fn changes_reading(seen: &StatementHead) -> bool {
    const OWNERS: &[&str] = &["role", "user", "database", "system"];
    let altered = OWNERS.iter().any(|owner| seen.begins(&["alter", owner]));
    if seen.begins(&["set"]) || altered {
        let mut tokens = tokens(seen.text).skip_while(|word| !is_word(word, "set")).skip(1);
        let scopes = ["session", "local"];
        let name = tokens.find(|word| !scopes.iter().any(|scope| is_word(word, scope))).unwrap_or_default();
        let name = if is_word(name, "names") { "client_encoding" } else { name };
        let known = PARSING_SETTINGS.iter().find(|setting| is_word(&name.to_ascii_lowercase(), setting));
        let mut value = tokens.filter(|word| *word != "=" && !is_word(word, "to"));
        return known.is_some_and(|setting| !holds(setting, &mut value));
    }
    let Some(at) = seen.sets else { return false };
    let mut arguments = tokens(&seen.text[at..]);
    let name = string_contents(arguments.next().unwrap_or_default()).to_ascii_lowercase();
    seen.begins(&["update"]) || !holds(&name, &mut arguments.skip_while(|word| *word == ","))
}

/// Returns `true` if a value is the one that the runner sets: dumps begin by setting these.
fn holds<'a>(setting: &str, value: &mut impl Iterator<Item = &'a str>) -> bool {
    let value = value.next().map(|word| string_contents(word.trim_matches('"')).to_ascii_lowercase());
    let same: &[&str] = match setting {
        "standard_conforming_strings" => &["on", "true", "yes", "1", "default"],
        _ => &["utf8", "utf-8", "unicode", "default"],
    };
    value.is_some_and(|value| same.contains(&&*value))
}

/// Returns the tokens of a statement; other characters than words and strings one at a time.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let open = |kind: TokenKind| matches!(kind, TokenKind::Open(_));
    Lexer::new(text).take_while(move |token| !open(token.kind)).map(|token| &text[token.start..token.end])
}

fn copies_to_client(seen: &StatementHead) -> bool {
    let mut words = seen.outer().skip_while(|word| !is_word(word, "from") && !is_word(word, "to"));
    let ways = (words.next(), words.next());
    seen.begins(&["copy"]) && ways.1.is_some_and(|way| is_word(way, "stdin") || is_word(way, "stdout"))
}

/// Returns `true` for COPY from the client, whose data psql reads from the lines after the statement.
pub(crate) fn copies_from_client(seen: &StatementHead) -> bool {
    copies_to_client(seen) && seen.outer().any(|word| is_word(word, "stdin"))
}

/// Tests for the callers of `PreventInTransactionBlock` in PostgreSQL 13 to 18 that a migration may contain.
pub fn needs_no_transaction(seen: &StatementHead) -> bool {
    const ALWAYS: &[&[&str]] = &[
        &["vacuum"],
        &["create", "index", "concurrently"],
        &["create", "unique", "index", "concurrently"],
        &["drop", "index", "concurrently"],
        &["reindex", "schema"],
        &["reindex", "database"],
        &["reindex", "system"],
    ];
    changes_server(seen)
        || ALWAYS.iter().any(|words| seen.begins(words))
        || seen.begins(&["reindex"])
            && seen.head.iter().take(8).any(|word| is_word(word.text, "concurrently"))
        || seen.begins(&["cluster"]) && seen.outer().nth(1).is_none()
        || seen.begins(&["alter", "table"]) && detaches_concurrently(seen)
}

fn changes_server(seen: &StatementHead) -> bool {
    const ALL: &[&[&str]] = &[
        &["alter", "system"],
        &["create", "database"],
        &["drop", "database"],
        &["create", "tablespace"],
        &["drop", "tablespace"],
    ];
    ALL.iter().any(|words| seen.begins(words))
}

fn builds_nameless(seen: &StatementHead) -> bool {
    seen.begins(&["create", "index", "concurrently", "on"])
        || seen.begins(&["create", "unique", "index", "concurrently", "on"])
}

fn detaches_concurrently(seen: &StatementHead) -> bool {
    let mut words = seen.outer().skip_while(|word| !is_word(word, "detach"));
    words.next().is_some() && words.any(|word| is_word(word, "concurrently"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::own_transaction::control;
    use martydb_sql::{ScriptItem, walk};

    fn verdict(sql: &str) -> Option<(RuleScope, &'static str)> {
        let mut found = None;
        walk(sql, |seen| {
            if let ScriptItem::Statement(seen) = seen {
                let control = control(&seen).map(|_| (RuleScope::Everywhere, CONTROL.0));
                found = found
                    .or(control)
                    .or(RULES.iter().find(|r| (r.applies)(&seen)).map(|r| (r.scope, r.what)));
            }
        });
        found
    }

    #[test]
    fn transaction_control_is_refused_and_savepoints_are_not() {
        for sql in [
            "BEGIN",
            "begin isolation level serializable",
            "START TRANSACTION",
            "COMMIT AND CHAIN",
            "END",
            "ROLLBACK",
            "ABORT WORK",
            "PREPARE TRANSACTION 'x'",
            "COMMIT PREPARED 'x'",
            "ROLLBACK PREPARED 'x'",
            "/* a */ commit",
            "SELECT 1; -- x\nCoMmIt",
        ] {
            assert!(verdict(sql).is_some_and(|(_, what)| what.contains("is not allowed")), "{sql}");
        }
        for sql in [
            "SAVEPOINT a",
            "RELEASE a",
            "ROLLBACK TO a",
            "ROLLBACK WORK TO SAVEPOINT a",
            "SELECT 'COMMIT'",
            "END IF",
            "END $x$; END IF;",
            "DO $$ BEGIN x; COMMIT; END $$",
            "PREPARE q AS SELECT 1",
            "CREATE TABLE commit (begin int)",
        ] {
            assert_eq!(verdict(sql), None, "{sql}");
        }
    }

    #[test]
    fn a_change_of_role_is_refused_in_every_spelling() {
        for sql in [
            "SET ROLE x",
            "set local role none",
            "SET SESSION ROLE x",
            "RESET ROLE",
            "SET role = x",
            "SET \"role\" TO x",
            "SET SESSION AUTHORIZATION x",
            "SET LOCAL SESSION AUTHORIZATION x",
            "RESET SESSION AUTHORIZATION",
            "SET session_authorization TO x",
        ] {
            assert!(verdict(sql).is_some_and(|(_, what)| what.contains("role")), "{sql}");
        }
        for sql in [
            "SET search_path = x", "SET LOCAL lock_timeout = 1", "RESET ALL", "ALTER ROLE x SET a = 1",
            "SET SESSION x.role = 1",
        ] {
            assert_eq!(verdict(sql), None, "{sql}");
        }
    }

    #[test]
    fn settings_of_the_lexer_keep_their_values() {
        for sql in [
            "SET standard_conforming_strings = off",
            "set local STANDARD_CONFORMING_STRINGS to 'off'",
            "SET SESSION \"standard_conforming_strings\" = 0",
            "SET client_encoding = 'SJIS'",
            "SET NAMES 'LATIN1'",
            "ALTER ROLE r SET standard_conforming_strings = off",
            "ALTER ROLE r IN DATABASE d SET client_encoding TO big5",
            "ALTER DATABASE d SET standard_conforming_strings FROM CURRENT",
            "ALTER SYSTEM SET standard_conforming_strings = off",
            "SELECT set_config('standard_conforming_strings', 'off', false)",
            "SELECT pg_catalog.set_config(E'Client_Encoding', x, true) FROM y",
            "WITH a AS (SELECT set_config(is_local => false, setting_name => 'client_encoding', new_value => 'x')) SELECT 1",
            "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
        ] {
            assert!(verdict(sql).is_some_and(|(_, what)| what.contains("parses the text")), "{sql}");
        }
        for sql in [
            "SET standard_conforming_strings = on",
            "SET client_encoding = 'UTF8'",
            "SET NAMES 'utf-8'",
            "SELECT pg_catalog.set_config('standard_conforming_strings', 'on', false)",
            "SELECT pg_catalog.set_config('search_path', '', false)",
            "SELECT setting FROM other WHERE name = 'client_encoding'",
            "ALTER ROLE r SET search_path = client_encoding",
            "RESET standard_conforming_strings",
            "SET escape_string_warning = off",
        ] {
            assert_eq!(verdict(sql), None, "{sql}");
        }
    }

    #[test]
    fn statements_that_cannot_run_in_a_transaction_are_recognized() {
        for sql in [
            "CREATE INDEX CONCURRENTLY j ON t (a)",
            "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)",
            "VACUUM (FULL) t",
            "DROP INDEX CONCURRENTLY IF EXISTS i",
            "REINDEX INDEX CONCURRENTLY i",
            "REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
            "REINDEX SCHEMA s",
            "CLUSTER",
            "ALTER TABLE a.b DETACH PARTITION c.d CONCURRENTLY",
        ] {
            assert_eq!(verdict(sql).map(|v| v.0), Some(RuleScope::Transaction), "{sql}");
        }
        for sql in [
            "CREATE INDEX i ON t (a)",
            "CLUSTER t USING i",
            "REINDEX TABLE t",
            "ALTER TABLE a DETACH PARTITION b",
            "CREATE INDEX \"CONCURRENTLY\" ON t (a)",
        ] {
            assert_eq!(verdict(sql), None, "{sql}");
        }
    }

    #[test]
    fn data_from_the_client_and_changes_of_the_server_are_refused() {
        for sql in [
            "ALTER SYSTEM SET a = 1",
            "CREATE DATABASE x",
            "DROP TABLESPACE x",
            "COPY t FROM STDIN",
            "COPY s.t (a, b) FROM stdin WITH CSV",
            "COPY (SELECT 1) TO STDOUT",
            "DISCARD ALL",
        ] {
            assert_eq!(verdict(sql).map(|v| v.0), Some(RuleScope::Everywhere), "{sql}");
        }
        for sql in ["COPY t FROM '/x'", "COPY t TO PROGRAM 'x'", "DISCARD TEMP"] {
            assert_eq!(verdict(sql), None, "{sql}");
        }
    }
}
