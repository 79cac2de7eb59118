//! Everything that turns a value into SQL text: the only quoting in the crate.
//!
//! A [`Statement`] is made by [`stmt!`](crate::stmt) from a literal template and typed fragments. A plain
//! `&str` is not a fragment, so text from outside can only enter as an identifier or a literal, quoted here.
//! Each statement holds its exact text and a redacted twin; printing one shows the twin.
//!
//! Quoting rules: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>.

use std::fmt;

/// PostgreSQL cuts longer identifiers with a mere NOTICE (`NAMEDATALEN - 1`), so they are refused here.
pub const MAX_IDENTIFIER_BYTES: usize = 63;

/// Why a text cannot be an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentifier {
    /// Nothing to quote.
    #[error("is empty")]
    Empty,
    /// PostgreSQL cannot store it.
    #[error("holds a NUL byte")]
    Nul,
    /// PostgreSQL would cut it, and two names could become one.
    #[error("is {0} bytes long, and PostgreSQL keeps {MAX_IDENTIFIER_BYTES}")]
    TooLong(usize),
}

/// An identifier, quoted whenever it is rendered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(String);

impl Ident {
    /// Takes any text that PostgreSQL can keep as a name.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidIdentifier> {
        let text = text.into();
        match text.len() {
            0 => Err(InvalidIdentifier::Empty),
            _ if text.contains('\0') => Err(InvalidIdentifier::Nul),
            n if n > MAX_IDENTIFIER_BYTES => Err(InvalidIdentifier::TooLong(n)),
            _ => Ok(Ident(text)),
        }
    }

    /// The bare name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A string literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal(pub String);

/// String literals joined by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literals(pub Vec<String>);

/// A literal too long to be worth showing: whoever reads a log sees how long it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk(pub String);

/// A literal that no log, error or plan may show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A word of SQL that the program itself chose; `'static` keeps outside text out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyword(pub &'static str);

/// Identifiers joined by commas.
#[derive(Debug, Clone)]
pub struct Idents<I>(pub Vec<I>);

/// Keywords joined by commas.
#[derive(Debug, Clone)]
pub struct Keywords(pub Vec<&'static str>);

/// A name of several parts, each quoted: `"schema"."table"`. The parts come from a server's catalogues or have
/// been checked, so that length is not looked at again.
#[derive(Debug, Clone)]
pub struct Qualified(pub Vec<String>);

/// Text that the server itself printed as SQL (`regprocedure`, `pg_get_expr`), quoted by its own rules.
#[derive(Debug, Clone)]
pub struct ServerText(pub String);

/// SQL text with its printable twin.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    exact: String,
    shown: String,
}

impl Rendered {
    /// The same text for the server and for the reader.
    fn open(text: String) -> Self {
        Rendered { shown: text.clone(), exact: text }
    }

    #[doc(hidden)]
    pub fn exact(&self) -> &str {
        &self.exact
    }

    #[doc(hidden)]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// What may stand in a [`stmt!`](crate::stmt) template.
pub trait Fragment {
    /// The quoted text and its printable twin.
    fn render(&self) -> Rendered;
}

impl Fragment for Ident {
    fn render(&self) -> Rendered {
        Rendered::open(quote_identifier(&self.0))
    }
}

impl Fragment for Literal {
    fn render(&self) -> Rendered {
        Rendered::open(quote_literal(&self.0))
    }
}

impl Fragment for Literals {
    fn render(&self) -> Rendered {
        let all: Vec<_> = self.0.iter().map(|text| quote_literal(text)).collect();
        Rendered::open(all.join(", "))
    }
}

impl Fragment for Secret {
    fn render(&self) -> Rendered {
        Rendered { exact: quote_literal(&self.0), shown: "'<secret>'".into() }
    }
}

impl Fragment for Bulk {
    fn render(&self) -> Rendered {
        Rendered { exact: quote_literal(&self.0), shown: format!("'… {} bytes'", self.0.len()) }
    }
}

impl Fragment for Keyword {
    fn render(&self) -> Rendered {
        Rendered::open(self.0.into())
    }
}

impl Fragment for Keywords {
    fn render(&self) -> Rendered {
        Rendered::open(self.0.join(", "))
    }
}

impl<I: Fragment> Fragment for Idents<I> {
    fn render(&self) -> Rendered {
        let all: Vec<_> = self.0.iter().map(|ident| ident.render().exact).collect();
        Rendered::open(all.join(", "))
    }
}

impl Fragment for Qualified {
    fn render(&self) -> Rendered {
        let parts: Vec<_> = self.0.iter().map(|part| quote_identifier(part)).collect();
        Rendered::open(parts.join("."))
    }
}

impl Fragment for ServerText {
    fn render(&self) -> Rendered {
        Rendered::open(self.0.clone())
    }
}

impl Fragment for i64 {
    fn render(&self) -> Rendered {
        Rendered::open(self.to_string())
    }
}

impl Fragment for i32 {
    fn render(&self) -> Rendered {
        Rendered::open(self.to_string())
    }
}

impl Fragment for u32 {
    fn render(&self) -> Rendered {
        Rendered::open(self.to_string())
    }
}

impl Fragment for Statement {
    fn render(&self) -> Rendered {
        self.0.clone()
    }
}

impl Fragment for Rendered {
    fn render(&self) -> Rendered {
        self.clone()
    }
}

impl<T: Fragment> Fragment for Option<T> {
    fn render(&self) -> Rendered {
        self.as_ref().map_or_else(|| Rendered::open("NULL".into()), Fragment::render)
    }
}

impl<T: Fragment> Fragment for &T {
    fn render(&self) -> Rendered {
        (*self).render()
    }
}

/// One or more statements, ready for the server. `Display` and `Debug` show the redacted twin.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Statement(Rendered);

impl Statement {
    #[doc(hidden)]
    pub fn assemble(exact: String, shown: String) -> Self {
        Statement(Rendered { exact, shown })
    }

    /// The text of a migration file: SQL that its author wrote on purpose, sent as it stands.
    pub fn from_migration_file(text: &str) -> Self {
        Statement(Rendered::open(text.into()))
    }

    /// Several statements in one message: `a; b; c`.
    pub fn join(all: impl IntoIterator<Item = Statement>) -> Self {
        let (mut exact, mut shown) = (vec![], vec![]);
        for Statement(rendered) in all {
            exact.push(rendered.exact);
            shown.push(rendered.shown);
        }
        // A line break before the semicolon: the text before it may end in a `--` comment.
        Statement(Rendered { exact: exact.join("\n;\n"), shown: shown.join(";\n") })
    }

    /// The text as the server gets it, which may hold secrets.
    pub(crate) fn exact(&self) -> &str {
        self.0.exact()
    }

    /// The text of a file that is part of this program.
    pub fn from_program(text: &'static str) -> Self {
        Statement(Rendered::open(text.into()))
    }

    /// The redacted text, for people.
    pub fn shown(&self) -> &str {
        &self.0.shown
    }

    /// How many characters the exact text has: server error positions count characters.
    pub fn chars(&self) -> usize {
        self.0.exact.chars().count()
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.shown)
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({})", self.0.shown)
    }
}

/// Builds a [`Statement`] from a literal template and typed fragments, each named:
/// `stmt!("GRANT CONNECT ON DATABASE {db} TO {role}", db = db, role = role)`.
///
/// The template goes through `concat!`, which switches inline `{variable}` capture off.
#[macro_export]
macro_rules! stmt {
    ($template:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        // All values first: a name here must not hide a variable that a later value uses.
        let ($($name,)*) = ($($crate::sql::Fragment::render(&$value),)*);
        $crate::sql::Statement::assemble(
            format!(concat!($template) $(, $name = $name.exact())*),
            format!(concat!($template) $(, $name = $name.shown())*),
        )
    }};
}

fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A backslash is plain in `'…'` only while `standard_conforming_strings` is on; `E'…'` means the same always.
fn quote_literal(text: &str) -> String {
    let text: String = text.chars().filter(|c| *c != '\0').collect();
    let quoted = text.replace('\'', "''");
    match quoted.contains('\\') {
        true => format!("E'{}'", quoted.replace('\\', "\\\\")),
        false => format!("'{quoted}'"),
    }
}

/// The way PostgreSQL itself stores a list of names in a setting such as `search_path`.
pub fn split_name_list(stored: &str) -> Vec<String> {
    let (mut names, mut name, mut quoted) = (vec![], String::new(), false);
    let mut chars = stored.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => name.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(std::mem::take(&mut name)),
            c if c.is_whitespace() && !quoted => {}
            c => name.push(c),
        }
    }
    if !name.is_empty() || !names.is_empty() {
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn identifiers_are_quoted_and_literals_escaped() {
        let cases = [
            (Ident::new("plain").unwrap(), "\"plain\""),
            (Ident::new("With \"quote\"").unwrap(), "\"With \"\"quote\"\"\""),
            (Ident::new("select").unwrap(), "\"select\""),
        ];
        for (ident, expected) in cases {
            assert_eq!(stmt!("{x}", x = ident).shown(), expected);
        }
        for (text, expected) in [("a", "'a'"), ("it's", "'it''s'"), ("a\\b", "E'a\\\\b'")] {
            assert_eq!(stmt!("{x}", x = Literal(text.into())).shown(), expected);
        }
    }

    #[test]
    fn a_name_that_postgresql_would_change_is_refused() {
        assert_eq!(Ident::new(""), Err(InvalidIdentifier::Empty));
        assert_eq!(Ident::new("a\0b"), Err(InvalidIdentifier::Nul));
        assert!(Ident::new("x".repeat(63)).is_ok());
        assert_eq!(Ident::new("x".repeat(64)), Err(InvalidIdentifier::TooLong(64)));
        assert_eq!(Ident::new("é".repeat(32)), Err(InvalidIdentifier::TooLong(64)));
    }

    #[test]
    fn a_secret_reaches_the_server_and_no_reader() {
        let statement =
            stmt!("ALTER ROLE {r} PASSWORD {p}", r = Ident::new("r").unwrap(), p = Secret("s3".into()));
        assert!(statement.0.exact.contains("s3"));
        for printed in
            [format!("{statement}"), format!("{statement:?}"), format!("{:?}", Secret("s3".into()))]
        {
            assert!(!printed.contains("s3"), "{printed}");
        }
    }

    #[test]
    fn a_joined_statement_survives_a_trailing_comment() {
        let joined = Statement::join([Statement::from_migration_file("SELECT 1 -- end"), stmt!("COMMIT")]);
        assert_eq!(joined.0.exact, "SELECT 1 -- end\n;\nCOMMIT");
    }

    #[test]
    fn stored_name_lists_are_read_back() {
        for (stored, expected) in [
            ("public", vec!["public"]),
            ("app, \"My Schema\", public", vec!["app", "My Schema", "public"]),
            ("\"a\"\"b\",\"c,d\"", vec!["a\"b", "c,d"]),
            ("", vec![]),
        ] {
            assert_eq!(split_name_list(stored), expected, "{stored}");
        }
    }

    proptest! {
        #[test]
        fn no_name_escapes_its_quotes(name in "[^\0]{1,15}") {
            let quoted = quote_identifier(&name);
            let inner = &quoted[1..quoted.len() - 1];
            prop_assert_eq!(inner.replace("\"\"", "").matches('"').count(), 0);
            prop_assert_eq!(inner.replace("\"\"", "\""), name);
        }

        #[test]
        fn no_text_escapes_its_literal(text in "[^\0]{0,20}") {
            let quoted = quote_literal(&text);
            let body = quoted.trim_start_matches('E');
            let inner = &body[1..body.len() - 1];
            prop_assert_eq!(inner.replace("''", "").matches('\'').count(), 0);
            prop_assert_eq!(inner.matches('\\').count() % 2, 0);
        }
    }

    /// The exact text may hold a secret: only the protocol's client takes it.
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
        let client =
            |file: &std::path::Path| file.iter().any(|part| part == "wire") || file.ends_with("sql.rs");
        for file in files.iter().filter(|file| !client(file)) {
            assert!(!std::fs::read_to_string(file).unwrap().contains(".exact()"), "{file:?}");
        }
    }
}
