//! Conversion of a `pg_dump` script to a migration: the same statements, without psql's commands, settings that
//! the runner decides (timeouts, encoding, search path), and objects that the manifest creates (extensions, schemas).
//! Settings that a restore needs are kept, above all `check_function_bodies = false`: a function may refer to
//! later objects.

use std::collections::BTreeMap;
use std::ops::Range;

use martydb_sql::{ScriptItem, StatementHead, bare, is_word, walk};

/// Objects that the manifest creates before the first migration.
#[derive(Debug, Clone, Default)]
pub struct ProvidedObjects {
    pub schemas: Vec<String>,
    pub extensions: Vec<String>,
    /// The service's owner, whose default privileges are the migrations' own.
    pub owner: String,
    /// Roles that get their privileges from the manifest alone.
    pub roles: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FirstMigration {
    pub text: String,
    /// Omitted statements that would create an object.
    pub left_out: Vec<String>,
    /// Extensions that the manifest does not declare.
    pub undeclared: Vec<String>,
}

/// Settings of a dump's session that the runner decides.
const RUNNER_SETTINGS: &[&str] = &[
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "transaction_timeout",
    "client_encoding",
    "standard_conforming_strings",
    "client_min_messages",
    "row_security",
];

enum Disposition<'a> {
    Kept,
    Dropped,
    /// Omitted, with a reason for the report.
    LeftOut(&'static str),
    Undeclared(&'a str),
}

/// Converts a dump. Pure. `head` becomes the first lines.
///
/// # Errors
/// If the text ends inside a quote: it is truncated.
pub fn first_migration(dump: &str, provided: &ProvidedObjects, head: &str) -> Result<FirstMigration, String> {
    let dump = unrestricted(dump);
    let mut first = FirstMigration { text: head.into(), ..FirstMigration::default() };
    let mut open = None;
    walk(dump, |seen| match seen {
        ScriptItem::Statement(statement) => match disposition(&statement, provided) {
            Disposition::Dropped => {}
            Disposition::LeftOut(what) => first.left_out.push(format!("{}: {what}", brief(statement.text))),
            Disposition::Undeclared(extension) => {
                first.undeclared.push(extension.into());
                first.text += &format!("{};\n\n", statement.text);
            }
            Disposition::Kept => first.text += &format!("{};\n\n", statement.text),
        },
        ScriptItem::Open(_, what) => open = Some(format!("it ends inside a {what}")),
        _ => {}
    });
    first.text.truncate(first.text.trim_end().len());
    first.text.push('\n');
    open.map_or(Ok(first), Err)
}

/// Returns the statements of a dump that restore rows and sequence values, sorted, and the number of rows of
/// each table.
pub fn contents(dump: &str) -> (Vec<String>, BTreeMap<String, usize>) {
    let (mut all, mut rows) = (vec![], BTreeMap::<String, usize>::new());
    walk(unrestricted(dump), |seen| {
        let ScriptItem::Statement(statement) = seen else { return };
        if statement.begins(&["insert", "into"]) {
            let table = statement.text.split_whitespace().nth(2).unwrap_or_default();
            *rows.entry(table.into()).or_default() += 1;
            all.push(statement.text.into());
        } else if statement.text.starts_with("SELECT pg_catalog.setval(") {
            all.push(statement.text.into());
        }
    });
    all.sort();
    (all, rows)
}

/// Returns the text between the lines that disable psql's commands.
pub fn unrestricted(dump: &str) -> &str {
    restrictions(dump).map_or(dump, |[first, last]| &dump[first.end..last.start])
}

/// Returns the ranges of the two lines by which newer dumps disable psql's commands: the key comes before the first
/// statement, and again in the last line. A similar line between them is part of a function.
pub fn restrictions(dump: &str) -> Option<[Range<usize>; 2]> {
    let is_head = |line: &&str| line.trim().is_empty() || line.starts_with("--") || line.starts_with('\\');
    let mut start = 0;
    for line in dump.split_inclusive('\n').take_while(is_head) {
        if let Some(key) = line.trim_end().strip_prefix("\\restrict ") {
            let first = start..start + line.trim_end().len();
            let last = format!("\\unrestrict {key}");
            let found = dump[first.end..].rfind(&last).map(|at| first.end + at);
            let last = found.map_or(dump.len()..dump.len(), |at| at..at + last.len());
            return Some([first, last]);
        }
        start += line.len();
    }
    None
}

/// Statement by which `pg_dump` empties the search path. Expressions such as `a IS DISTINCT FROM b` cannot name the schema of
/// their operator: only with the search path of the service do they find the same one.
const EMPTY_SEARCH_PATH: &str = "SELECT pg_catalog.set_config('search_path', '', false)";

/// Returns `true` for a statement of a dump's session about a setting that the runner decides.
pub fn is_runner_setting(statement: &StatementHead<'_, '_>) -> bool {
    let name = statement.head.get(1).map_or("", |word| word.text);
    statement.begins(&["set"]) && RUNNER_SETTINGS.iter().any(|setting| is_word(name, setting))
        || statement.text == EMPTY_SEARCH_PATH
}

fn disposition<'a>(statement: &StatementHead<'a, '_>, provided: &ProvidedObjects) -> Disposition<'a> {
    let declared = |name: &str, all: &[String]| all.iter().any(|one| *one == bare(name));
    let word = |at: usize| statement.head.get(at).map_or("", |word| word.text);
    let made = statement.begins(&["create", "schema"]) && declared(word(2), &provided.schemas);
    if is_runner_setting(statement) || made || statement.begins(&["comment", "on", "extension"]) {
        Disposition::Dropped
    } else if statement.begins(&["create", "extension"]) {
        // CREATE EXTENSION IF NOT EXISTS name
        if declared(word(5), &provided.extensions) {
            Disposition::Dropped
        } else {
            Disposition::Undeclared(word(5))
        }
    } else if statement.begins(&["create", "user", "mapping"]) {
        Disposition::LeftOut("it may contain a password")
    } else if statement.begins(&["create", "event", "trigger"]) {
        Disposition::LeftOut("only a superuser can create it")
    } else {
        Disposition::Kept
    }
}

/// Returns the words that identify a statement; its options may contain secrets.
fn brief(text: &str) -> String {
    text.split_whitespace().take(5).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3\n\n-- Dumped from database version 15.20\n\n\
        SET statement_timeout = 0;\nSET lock_timeout = 0;\nSET client_encoding = 'UTF8';\nSET check_function_bodies = false;\n\
        SELECT pg_catalog.set_config('search_path', '', false);\n\n--\n-- Name: app; Type: SCHEMA\n--\n\nCREATE SCHEMA app;\n\n\
        CREATE SCHEMA \"Other\";\n\nCREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;\n\n\
        COMMENT ON EXTENSION pg_trgm IS 'x';\n\nCREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;\n\n\
        CREATE FUNCTION app.f() RETURNS text\n    LANGUAGE sql\n    AS $$\nSET statement_timeout = 0;\n-- kept\n\\restrict aB3\n$$;\n\n\
        CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (\n    password 'secret'\n);\n\n\\unrestrict aB3\n\n";

    #[test]
    fn rows_are_counted_by_table() {
        let dump = "INSERT INTO public.b VALUES (2, 'INSERT INTO x; ');\nINSERT INTO public.b VALUES (1, '');\n\
                    INSERT INTO \"A\" (a) VALUES (1);\nSELECT pg_catalog.setval('public.s', 3, true);\nCREATE TABLE t (a int);";
        let (statements, rows) = contents(dump);
        assert_eq!(rows, [("\"A\"".to_owned(), 1), ("public.b".to_owned(), 2)].into());
        assert_eq!(statements.len(), 4);
        assert!(statements.is_sorted(), "{statements:?}");
    }

    #[test]
    fn a_dump_becomes_a_migration_that_builds_the_same() {
        let provided = ProvidedObjects {
            schemas: vec!["public".into(), "app".into()],
            extensions: vec!["pg_trgm".into()],
            ..ProvidedObjects::default()
        };
        let first = first_migration(DUMP, &provided, "-- from x\n\n").unwrap();
        assert_eq!(
            first.text,
            "-- from x\n\nSET check_function_bodies = false;\n\n\
             CREATE SCHEMA \"Other\";\n\nCREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;\n\n\
             CREATE FUNCTION app.f() RETURNS text\n    LANGUAGE sql\n    AS $$\nSET statement_timeout = 0;\n-- kept\n\\restrict aB3\n$$;\n"
        );
        assert_eq!(first.left_out, ["CREATE USER MAPPING FOR CURRENT_USER: it may contain a password"]);
        assert_eq!(first.undeclared, ["\"uuid-ossp\""]);
        assert!(first_migration("SELECT 'a", &ProvidedObjects::default(), "x").is_err());
    }
}
