//! SQL statements, made from a literal template and typed fragments.

use std::borrow::{Borrow, Cow};
use std::fmt;

/// A statement or a part of one. `Display` and `Debug` show the redacted text.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// Text for the server; may contain secrets.
    exact: Cow<'static, str>,
    /// Redacted text, where it is another one.
    shown: Option<String>,
}

impl Statement {
    pub(super) fn assemble(exact: String, shown: String) -> Self {
        Statement { shown: Some(shown).filter(|shown| *shown != exact), exact: exact.into() }
    }

    /// Makes a statement without secrets: exact and redacted text are the same.
    pub(super) fn open(text: String) -> Self {
        Statement { shown: None, exact: text.into() }
    }

    /// Takes the text of a migration file, which is sent unchanged.
    pub fn from_migration_file(text: &str) -> Self {
        Statement::open(text.into())
    }

    /// Makes an SQL comment, on one line whatever it contains.
    pub fn comment(words: &str) -> Self {
        let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Statement::open(format!("-- {line}"))
    }

    /// Joins statements into one message: `a; b; c`.
    pub fn join(all: impl IntoIterator<Item = Statement>) -> Self {
        // A line break before the semicolon: the text before it may end in a `--` comment.
        Statement::joined(all, "\n;\n", ";\n")
    }

    /// Concatenates pieces without a separator.
    pub fn concat(pieces: impl IntoIterator<Item = Statement>) -> Self {
        Statement::joined(pieces, "", "")
    }

    /// Joins pieces by a word of the program's own.
    pub fn separated(pieces: impl IntoIterator<Item = Statement>, word: &'static str) -> Self {
        Statement::joined(pieces, word, word)
    }

    pub(super) fn joined<S: Borrow<Statement>>(
        all: impl IntoIterator<Item = S>,
        exactly: &str,
        showing: &str,
    ) -> Self {
        let all: Vec<S> = all.into_iter().collect();
        let texts = |text: fn(&Statement) -> &str, between| {
            all.iter().map(|one| text(one.borrow())).collect::<Vec<_>>().join(between)
        };
        let exact = texts(Statement::exact, exactly);
        if exactly == showing && all.iter().all(|one| one.borrow().shown.is_none()) {
            return Statement::open(exact);
        }
        Statement::assemble(exact, texts(Statement::shown, showing))
    }

    /// Returns the exact text, which may contain secrets.
    #[doc(hidden)]
    pub fn exact(&self) -> &str {
        &self.exact
    }

    /// Takes SQL embedded in this program.
    pub fn from_program(text: &'static str) -> Self {
        Statement { shown: None, exact: Cow::Borrowed(text) }
    }

    /// Returns the redacted text.
    pub fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.exact)
    }

    /// Returns `true` if the redacted text is another one.
    pub(super) fn is_redacted(&self) -> bool {
        self.shown.is_some()
    }

    /// Returns the length of the exact text in characters, the unit of the server's error positions.
    pub fn chars(&self) -> usize {
        self.exact.chars().count()
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({})", self.shown())
    }
}

/// Statements in order. JSON has them as one redacted text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script(Vec<Statement>);

impl Script {
    pub fn statements(&self) -> &[Statement] {
        &self.0
    }

    /// Joins them into one message to the server.
    pub fn message(&self) -> Statement {
        Statement::join(self.0.iter().cloned())
    }

    /// Formats them on one line, redacted.
    pub fn on_one_line(&self) -> String {
        self.shown().join("; ")
    }

    fn shown(&self) -> Vec<&str> {
        self.0.iter().map(Statement::shown).collect()
    }
}

impl From<Statement> for Script {
    fn from(one: Statement) -> Self {
        Script(vec![one])
    }
}

impl FromIterator<Statement> for Script {
    fn from_iter<I: IntoIterator<Item = Statement>>(all: I) -> Self {
        Script(all.into_iter().collect())
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown().join(";\n"))
    }
}

impl serde::Serialize for Script {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Builds a [`Statement`] from a literal template and typed fragments: variables, or expressions with a name.
///
/// ```
/// # use martydb_model::sql::{Ident, stmt};
/// # let (database, name) = (Ident::new("shop")?, "app");
/// let grant = stmt!("GRANT CONNECT ON DATABASE {database} TO {role}", role = Ident::new(name)?);
/// assert_eq!(grant.shown(), r#"GRANT CONNECT ON DATABASE "shop" TO "app""#);
/// # Ok::<(), martydb_model::sql::InvalidIdentifier>(())
/// ```
///
/// Plain text is not a fragment:
///
/// ```compile_fail,E0277
/// let name = "app";
/// martydb_model::sql::stmt!("DROP ROLE {name}");
/// ```
///
/// ```compile_fail,E0277
/// martydb_model::sql::stmt!("DROP ROLE {name}", name = String::from("app"));
/// ```
///
/// Neither is an expression in braces a name, nor a value without a place:
///
/// ```compile_fail
/// let number = 1;
/// martydb_model::sql::stmt!("SELECT {number + 1}");
/// ```
///
/// ```compile_fail
/// martydb_model::sql::stmt!("SELECT 1", number = 1);
/// ```
#[macro_export]
macro_rules! stmt {
    ($template:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::sql::fill!(($crate::sql) $template $(($name) ($value))*)
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Ident, Secret};

    #[test]
    fn identifiers_are_quoted() {
        for (name, expected) in
            [("plain", "\"plain\""), ("With \"quote\"", "\"With \"\"quote\"\"\""), ("select", "\"select\"")]
        {
            assert_eq!(stmt!("{x}", x = Ident::new(name).unwrap()).shown(), expected);
        }
    }

    #[test]
    fn a_secret_reaches_the_server_and_no_reader() {
        let statement =
            stmt!("ALTER ROLE {r} PASSWORD {p}", r = Ident::new("r").unwrap(), p = Secret("s3".into()));
        assert!(statement.exact().contains("s3"));
        for printed in
            [format!("{statement}"), format!("{statement:?}"), format!("{:?}", Secret("s3".into()))]
        {
            assert!(!printed.contains("s3"), "{printed}");
        }
    }

    #[test]
    fn a_joined_statement_survives_a_trailing_comment() {
        let joined = Statement::join([Statement::from_migration_file("SELECT 1 -- end"), stmt!("COMMIT")]);
        assert_eq!(joined.exact(), "SELECT 1 -- end\n;\nCOMMIT");
    }

    #[test]
    fn a_comment_is_one_line() {
        assert_eq!(Statement::comment("a\nDROP TABLE b;\r--").exact(), "-- a DROP TABLE b; --");
    }

    /// The exact text may contain a secret: only the protocol's client uses it.
    #[test]
    fn only_the_client_reads_the_exact_text() {
        fn rust_files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => rust_files(&path, found),
                    false => found.push(path),
                }
            }
        }
        let mut files = vec![];
        rust_files(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut files);
        assert!(files.len() > 5);
        let client = |file: &std::path::Path| file.iter().any(|part| part == "wire" || part == "sql");
        for file in files.iter().filter(|file| !client(file)) {
            let text = std::fs::read_to_string(file).unwrap();
            let program = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            assert!(!program.contains(".exact()"), "{file:?}");
        }
    }
}
