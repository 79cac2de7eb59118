//! Statements of a file that name the history: refinery's table, or martydb's schema. The history is a record of the files;
//! a file that grants, empties, alters or drops it is refused before it runs. One that only reads it is not. Pure.

use crate::files::{FileProblem, MigrationFile, Position};
use martydb_model::SchemaName;
use martydb_model::contract::{HISTORY_SCHEMA, REFINERY_TABLE};
use martydb_sql::{Lexer, Token, TokenKind, bare};

const FIX: &str = "remove it: the history belongs to martydb, and `martydb apply` closes it to other roles";

/// Words before the name of a table that is read, or of a setting: `SET martydb.x`.
const HARMLESS: &[&str] = &["from", "join", "set", "local", "session", "show", "reset"];

/// Returns the first place of each file that names the history. A table in a declared schema is refinery's as well, and
/// the server decides about it; `place` is its schema.
pub(crate) fn name_history<'a>(
    files: impl IntoIterator<Item = &'a MigrationFile>,
    place: &SchemaName,
) -> Vec<FileProblem> {
    let is_ours = place.as_str() == HISTORY_SCHEMA;
    files.into_iter().filter_map(|file| of_file(file, is_ours)).collect()
}

fn of_file(file: &MigrationFile, is_ours: bool) -> Option<FileProblem> {
    let (at, name) = first_name(&file.text, is_ours)?;
    let what = format!("names {name}, in which martydb records the migrations");
    let fix = match name {
        REFINERY_TABLE => format!(
            "{FIX}; to read it, write {HISTORY_SCHEMA}.{REFINERY_TABLE}; `history: {{ schema: public }}` in the service \
             keeps it in the schema public"
        ),
        _ => FIX.into(),
    };
    Some(FileProblem::refused(&file.path, what, fix).at(Position::new(&file.text, at)))
}

/// Returns the place of a name of the history, in a statement or in the body of a block or function.
fn first_name(text: &str, is_ours: bool) -> Option<(usize, &'static str)> {
    let tokens: Vec<Token> = Lexer::new(text).collect();
    let name = |at: usize| {
        let token = tokens.get(at)?;
        matches!(token.kind, TokenKind::Word | TokenKind::Quoted).then(|| bare(&text[token.start..token.end]))
    };
    let is_symbol =
        |at: usize, symbol| tokens.get(at).is_some_and(|token| token.kind == TokenKind::Symbol(symbol));
    let is = |at: Option<usize>, words: &[&str]| {
        at.and_then(name).is_some_and(|found| words.contains(&found.as_str()))
    };
    // Such a name is judged at the name of its schema.
    let qualified_by_us =
        |at: usize| at > 1 && is_symbol(at - 1, b'.') && is(Some(at - 2), &[HISTORY_SCHEMA]);
    let is_read = |at: usize| is(at.checked_sub(1), HARMLESS) && !is(at.checked_sub(2), &["delete"]);
    let mut in_schemas = false;
    for (at, token) in tokens.iter().enumerate() {
        let found = name(at);
        let found = found.as_deref();
        let own = in_schemas || is_symbol(at + 1, b'.');
        let qualified = at > 1 && is_symbol(at - 1, b'.');
        if found == Some(REFINERY_TABLE) && is_ours && !qualified_by_us(at) {
            return Some((token.start, REFINERY_TABLE));
        }
        if found == Some(HISTORY_SCHEMA) && own && !qualified && !is_read(at) {
            return Some((token.start, "the schema martydb"));
        }
        if token.kind == TokenKind::Text && text[token.start..].starts_with('$') {
            let literal = &text[token.start..token.end];
            let tag = literal[1..].find('$').map_or(0, |at| at + 2);
            let body = &literal[tag..literal.len() - tag];
            let start = token.start + tag;
            if let Some((within, name)) = first_name(body, is_ours) {
                return Some((start + within, name));
            }
        }
        // SCHEMA a, b: each name of the list; IF EXISTS is between.
        in_schemas = match found {
            Some("schema") => true,
            Some("if" | "not" | "exists") => in_schemas,
            Some(_) => in_schemas && is_symbol(at + 1, b','),
            None => in_schemas && token.kind == TokenKind::Symbol(b','),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_history_is_found_wherever_it_is_executed() {
        for (sql, expected) in [
            ("GRANT SELECT ON public.refinery_schema_history TO x", Some(REFINERY_TABLE)),
            ("TRUNCATE \"refinery_schema_history\"", Some(REFINERY_TABLE)),
            ("DO $$ BEGIN DELETE FROM Refinery_Schema_History; END $$", Some(REFINERY_TABLE)),
            ("DROP SCHEMA IF EXISTS martydb CASCADE", Some("the schema martydb")),
            ("GRANT SELECT ON ALL TABLES IN SCHEMA public, martydb TO x", Some("the schema martydb")),
            ("ALTER TABLE t SET SCHEMA martydb", Some("the schema martydb")),
            ("UPDATE martydb.history SET operator = 'x'", Some("the schema martydb")),
            (
                "CREATE TRIGGER a BEFORE INSERT ON martydb.history EXECUTE FUNCTION f()",
                Some("the schema martydb"),
            ),
            ("GRANT SELECT ON ALL TABLES IN SCHEMA public TO martydb", None),
            ("SELECT 'refinery_schema_history' -- refinery_schema_history", None),
            ("DO $$ BEGIN IF t <> 'refinery_schema_history' THEN TRUNCATE a; END IF; END $$", None),
            ("CREATE TABLE martydb (a int); CREATE TABLE app.martydb (b int)", None),
            ("DROP SCHEMA public CASCADE; CREATE SCHEMA public", None),
            (
                "CREATE VIEW v AS SELECT * FROM martydb.history JOIN martydb.refinery_schema_history USING (version)",
                None,
            ),
            ("DELETE FROM martydb.refinery_schema_history", Some("the schema martydb")),
            ("SELECT * FROM public.refinery_schema_history", Some(REFINERY_TABLE)),
            ("SET martydb.x = 'on'; SET LOCAL martydb.y = 1; SHOW martydb.x", None),
        ] {
            assert_eq!(first_name(sql, true).map(|found| found.1), expected, "{sql}");
        }
        assert_eq!(first_name("DO $a$ DROP SCHEMA martydb $a$", true).map(|found| found.0), Some(19));
    }

    #[test]
    fn a_table_that_refinery_uses_too_is_the_teams_own() {
        for (sql, expected) in [
            ("REVOKE ALL ON refinery_schema_history FROM x", None),
            ("TRUNCATE public.refinery_schema_history", None),
            ("TRUNCATE martydb.history", Some("the schema martydb")),
        ] {
            assert_eq!(first_name(sql, false).map(|found| found.1), expected, "{sql}");
        }
    }
}
