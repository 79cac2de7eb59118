//! Declared schemas: SQL files as `pg_dump -s`, an ORM or a person writes them. What the manifest decides, such as owners
//! and extensions, is blanked out, so that positions stay those of the file.

use std::fs;
use std::path::{Path, PathBuf};

use martydb_migrate::dump::{ProvidedObjects, is_runner_setting, restrictions};
use martydb_migrate::files::Position;
use martydb_model::SERVE_SCHEMA;
use martydb_model::contract::{HISTORY_SCHEMA, REFINERY_TABLE};
use martydb_model::error::{Error, Kind, Result};
use martydb_os::read_text;
use martydb_sql::{Lexer, ScriptItem, StatementHead, Token, TokenKind, bare, is_word, walk};

/// A file of a declared schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredFile {
    pub path: PathBuf,
    pub text: String,
}

/// Maximum size of a declared schema, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// Reads a file, or the files `*.sql` of a folder in the order of their names.
///
/// # Errors
/// If there is none, or a file contains rows or commands of psql.
pub fn read_declared(path: &Path, provided: &ProvidedObjects) -> Result<Vec<DeclaredFile>> {
    let paths = if path.is_dir() { sql_files(path)? } else { vec![path.to_owned()] };
    if paths.is_empty() {
        return Err(Error::usage(format!("{} contains no file named *.sql", path.display())).hint(
            "the files of a folder are read in the order of their names, and those of its folders are not",
        ));
    }
    let mut files = vec![];
    for path in paths {
        let text = read_text(&path).map_err(|why| {
            Error::usage(format!("cannot read {}", path.display()))
                .cause(why)
                .hint("--from takes a file of SQL, a folder of such files, or `database`")
        })?;
        let text = cleaned(&text, provided).map_err(|problem| problem.error(&path, &text))?;
        files.push(DeclaredFile { path, text });
    }
    match files.iter().map(|file| file.text.len()).sum::<usize>() {
        bytes if bytes > MAX_BYTES => {
            Err(Error::usage(format!("the declared schema has {} MiB", bytes >> 20))
                .cause(format!("at most {} MiB are read", MAX_BYTES >> 20)))
        }
        _ => Ok(files),
    }
}

fn sql_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable =
        |error: std::io::Error| Error::usage(format!("cannot read {}", folder.display())).cause(error);
    let mut all = vec![];
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".sql") && !name.ends_with(".down.sql") && path.is_file() {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

/// Reason why a file cannot be a schema, with its position.
struct Unusable {
    at: usize,
    what: &'static str,
    hint: &'static str,
}

impl Unusable {
    fn error(&self, path: &Path, text: &str) -> Error {
        let place = Position::new(text, self.at);
        Error::new(Kind::MigrationFile, format!("{}:{place}: {}", path.display(), self.what)).hint(self.hint)
    }
}

/// Blanks out the statements that the manifest decides about.
fn cleaned(text: &str, provided: &ProvidedObjects) -> Result<String, Unusable> {
    let mut bytes = text.as_bytes().to_vec();
    restrictions(text).into_iter().flatten().for_each(|line| blank(&mut bytes[line]));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (mut blanks, mut problem) = (vec![], None);
    walk(&text, |item| match item {
        ScriptItem::Backslash(at) => {
            let hint = "psql runs such commands, not the server: remove the line";
            problem.get_or_insert(Unusable { at, what: "it contains a command of psql", hint });
        }
        ScriptItem::Statement(statement) if has_rows(&statement) => {
            let hint = "declare the schema alone: `pg_dump --schema-only` writes no rows";
            let at = statement.span.start;
            problem.get_or_insert(Unusable { at, what: "it contains rows", hint });
        }
        ScriptItem::Statement(statement) if is_decided(&statement, provided) => {
            blanks.push(statement.span.clone())
        }
        _ => {}
    });
    for span in blanks {
        let end = if bytes.get(span.end) == Some(&b';') { span.end + 1 } else { span.end };
        blank(&mut bytes[span.start..end]);
    }
    match problem {
        Some(problem) => Err(problem),
        None => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn blank(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

fn has_rows(statement: &StatementHead<'_, '_>) -> bool {
    statement.begins(&["insert", "into"]) || statement.begins(&["copy"])
}

/// Schemas of martydb itself, and the history that it keeps as refinery does.
const OWN_SCHEMAS: [&str; 2] = [HISTORY_SCHEMA, SERVE_SCHEMA];

/// Returns the names with a schema in a statement: schema and name.
fn qualified(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut last: [Option<Token>; 2] = [None, None];
    Lexer::new(text).filter_map(move |token| {
        let is_name = |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted);
        let pair = match last {
            [Some(schema), Some(dot)]
                if dot.kind == TokenKind::Symbol(b'.') && is_name(&schema) && is_name(&token) =>
            {
                Some((&text[schema.start..schema.end], &text[token.start..token.end]))
            }
            _ => None,
        };
        last = [last[1], Some(token)];
        pair
    })
}

/// Returns `true` for a statement about martydb's own schemas, or its history in a schema of the service.
fn is_of_martydb(statement: &StatementHead<'_, '_>) -> bool {
    let words: Vec<&str> = statement.outer().collect();
    let is_own = |name: &str| OWN_SCHEMAS.iter().any(|own| is_word(name, own));
    let is_schema = words.windows(2).any(|pair| is_word(pair[0], "schema") && is_own(pair[1]));
    let is_history =
        |name: &str| bare(name).strip_prefix(REFINERY_TABLE).is_some_and(|end| ["", "_pkey"].contains(&end));
    let mut names = qualified(statement.text);
    let subject = names.next().is_some_and(|(schema, name)| is_own(schema) || is_history(name));
    // Its triggers are on tables of the service.
    subject
        || is_schema
        || statement.begins(&["create", "trigger"]) && names.any(|(schema, _)| is_own(schema))
}

/// Returns `true` for privileges that the manifest decides: on schemas that it creates, of its roles, and of logins that run no
/// migration.
fn is_of_access(statement: &StatementHead<'_, '_>, provided: &ProvidedObjects) -> bool {
    let words: Vec<&str> = statement.outer().collect();
    let after = |keys: &[&str]| {
        let at = words
            .windows(keys.len())
            .rposition(|found| found.iter().zip(keys).all(|(found, key)| is_word(found, key)))?;
        words.get(at + keys.len()).map(|name| bare(name))
    };
    let is_one = |name: Option<String>, all: &[String]| name.is_some_and(|name| all.contains(&name));
    let (to, from) = (|| after(&["to"]), || after(&["from"]));
    if statement.begins(&["alter", "default", "privileges"]) {
        let of_another = after(&["for", "role"]).is_some_and(|role| role != provided.owner);
        return of_another || is_one(to().or_else(from), &provided.roles);
    }
    let is_grant = statement.begins(&["grant"]);
    (is_grant || statement.begins(&["revoke"]))
        && (is_one(after(&["on", "schema"]), &provided.schemas)
            || is_one(if is_grant { to() } else { from() }, &provided.roles))
}

/// Returns `true` for a statement about what the manifest creates or the runner sets.
fn is_decided(statement: &StatementHead<'_, '_>, provided: &ProvidedObjects) -> bool {
    let words: Vec<&str> = statement.outer().collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let known = |name: &str, all: &[String]| all.iter().any(|one| one == &bare(name));
    let shift = if statement.begins(&["create", "schema", "if"])
        || statement.begins(&["create", "extension", "if"])
    {
        5
    } else {
        2
    };
    let owner =
        words.len() > 3 && is_word(words[words.len() - 3], "owner") && is_word(words[words.len() - 2], "to");
    is_runner_setting(statement)
        || statement.begins(&["set", "default_tablespace"])
        || statement.begins(&["create", "schema"]) && known(word(shift), &provided.schemas)
        || statement.begins(&["create", "extension"]) && known(word(shift), &provided.extensions)
        || statement.begins(&["comment", "on", "extension"])
        || statement.begins(&["comment", "on", "schema"]) && is_word(word(3), "public")
        || statement.begins(&["alter"]) && owner
        || is_of_martydb(statement)
        || is_of_access(statement, provided)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provided() -> ProvidedObjects {
        ProvidedObjects {
            schemas: vec!["public".into(), "app".into()],
            extensions: vec!["citext".into()],
            owner: "shop_owner".into(),
            roles: vec!["Bi".into()],
        }
    }

    #[test]
    fn parts_that_the_manifest_decides_are_blanked_and_lines_stay() {
        let dump = "-- dump\n\\restrict K\nSET lock_timeout = 0;\nCREATE SCHEMA app;\nCREATE SCHEMA other;\n\
                    CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;\nCREATE TABLE t (a int);\n\
                    ALTER TABLE public.t OWNER TO postgres;\n\\unrestrict K\n";
        let text = cleaned(dump, &provided()).ok().unwrap();
        assert_eq!(text.lines().count(), dump.lines().count());
        let left: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(left, ["-- dump", "CREATE SCHEMA other;", "CREATE TABLE t (a int);"]);
    }

    #[test]
    fn a_plain_dump_is_without_martydb_and_the_privileges_of_the_manifest() {
        for (statement, is_left) in [
            ("CREATE SCHEMA martydb", false),
            ("ALTER SCHEMA martydb_serve OWNER TO shop_owner", false),
            ("COMMENT ON SCHEMA martydb IS 'x'", false),
            ("CREATE TABLE martydb.history (id int)", false),
            ("ALTER TABLE ONLY martydb.history ADD CONSTRAINT k PRIMARY KEY (id)", false),
            ("CREATE INDEX i ON martydb.history USING btree (at)", false),
            ("CREATE TABLE public.refinery_schema_history (version int)", false),
            ("CREATE TABLE public.refinery_schema_history_old (version int)", true),
            (
                "CREATE TRIGGER c AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION martydb_serve.note()",
                false,
            ),
            ("CREATE VIEW public.v AS SELECT 1 FROM martydb.refinery_schema_history", true),
            ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", false),
            ("GRANT USAGE ON SCHEMA app TO shop_app", false),
            ("GRANT USAGE ON SCHEMA other TO shop_app", true),
            ("GRANT SELECT ON TABLE public.t TO shop_app", true),
            ("GRANT SELECT ON TABLE public.t TO \"Bi\"", false),
            ("REVOKE ALL ON TABLE public.t FROM \"Bi\"", false),
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT SELECT ON TABLES TO x",
                false,
            ),
            ("ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner GRANT SELECT ON TABLES TO shop_app", true),
            ("ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner GRANT SELECT ON TABLES TO \"Bi\"", false),
        ] {
            let text = cleaned(&format!("{statement};\n"), &provided()).ok().unwrap();
            assert_eq!(!text.trim().is_empty(), is_left, "{statement}");
        }
    }

    #[test]
    fn rows_and_commands_of_psql_are_refused_where_they_are() {
        for (text, what) in [
            ("CREATE TABLE t ();\nINSERT INTO t DEFAULT VALUES;", "2:1: it contains rows"),
            ("CREATE TABLE t ();\n\\i other.sql", "2:1: it contains a command of psql"),
        ] {
            let problem = cleaned(text, &provided()).err().unwrap();
            assert!(problem.error(Path::new("s.sql"), text).message.ends_with(what), "{text}");
        }
    }
}
