//! Migrations that refer to the tool's own history table. The tool creates it before the first one runs, so a
//! database that martydb creates needs it too.

use super::kinds::{ImportedMigration, SqlText};
use martydb_sql::{ScriptItem, StatementHead, is_word, walk};

/// Name of the table, and its columns as the tool creates them.
pub(crate) type OwnTable = (&'static str, &'static str);

/// Inserts CREATE TABLE before the first migration that refers to the table and does not create it. Returns a
/// note for the user.
pub(crate) fn provide(table: OwnTable, carried: &mut [ImportedMigration]) -> Option<String> {
    let (name, one) = carried.iter_mut().find_map(|one| Some((mentioned(table.0, &one.up.text)?, one)))?;
    let (columns, file) = (table.1, &one.source);
    let note = format!("{file} uses the tool's own table {name}: the migration creates it if it is missing");
    let (frame, rest) = one.up.text.split_at(frame(&one.up.text));
    let text = format!(
        "{frame}-- The tool that this was imported from keeps its history in this table.\n\
         CREATE TABLE IF NOT EXISTS {name} ({columns});\n\n{rest}"
    );
    one.up = SqlText { text, alone: one.up.alone };
    Some(note)
}

/// Returns the end of the line that opens the file's own transaction; 0 if there is none.
fn frame(text: &str) -> usize {
    let mut end = None;
    walk(text, |seen| {
        if let (ScriptItem::Statement(statement), None) = (seen, end) {
            let opens = statement.begins(&["begin"]) || statement.begins(&["start", "transaction"]);
            end = Some(if opens { statement.span.end } else { 0 });
        }
    });
    match end {
        None | Some(0) => 0,
        Some(at) => text[at..].find('\n').map_or(text.len(), |line| at + line + 1),
    }
}

/// Returns the name, with its schema, in the first statement that needs the table.
fn mentioned(table: &str, text: &str) -> Option<String> {
    let mut found = None;
    walk(text, |seen| {
        if let (ScriptItem::Statement(statement), None) = (seen, &found) {
            found = qualified(table, &statement);
        }
    });
    found.filter(|name| !name.is_empty())
}

/// Returns an empty name if the statement creates the table itself.
fn qualified(table: &str, statement: &StatementHead) -> Option<String> {
    let at = statement.head.iter().position(|word| is_word(word.text, table))?;
    if statement.begins(&["create", "table"]) {
        return Some(String::new());
    }
    let name = statement.head[at].text;
    let schema = at.checked_sub(1).map(|before| format!("{}.{name}", statement.head[before].text));
    Some(schema.filter(|whole| statement.text.contains(whole.as_str())).unwrap_or_else(|| name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_named_and_not_made_is_provided() {
        for (text, expected) in [
            ("SELECT 1; COMMENT ON TABLE auth.schema_migrations IS 'x';", Some("auth.schema_migrations")),
            ("ALTER TABLE \"schema_migrations\" ADD x int;", Some("\"schema_migrations\"")),
            ("CREATE TABLE schema_migrations (x int); DROP TABLE schema_migrations;", None),
            ("SELECT 'schema_migrations'; -- schema_migrations", None),
        ] {
            assert_eq!(mentioned("schema_migrations", text).as_deref(), expected, "{text}");
        }
        assert_eq!(frame("-- x\nBEGIN;\nSELECT 1;\nCOMMIT;"), "-- x\nBEGIN;\n".len());
        assert_eq!(frame("SELECT 1;\nBEGIN;\n"), 0);
    }
}
