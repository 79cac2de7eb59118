//! Identifiers, quoted whenever they are rendered.

use std::fmt;

use super::statement::{Fragment, Statement};

/// Length limit of an identifier (`NAMEDATALEN - 1`). PostgreSQL truncates longer ones with only a NOTICE; here they
/// are an error.
pub const MAX_IDENTIFIER_BYTES: usize = 63;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentifier {
    #[error("is empty")]
    Empty,
    /// A NUL byte, which PostgreSQL cannot store.
    #[error("contains a NUL byte")]
    Nul,
    /// Too long: PostgreSQL would truncate it, and two names could become one.
    #[error("is {0} bytes long; PostgreSQL's limit is {MAX_IDENTIFIER_BYTES}")]
    TooLong(usize),
}

/// An identifier, quoted whenever it is rendered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(String);

impl Ident {
    /// Accepts any text that PostgreSQL can store as a name.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidIdentifier> {
        let text = text.into();
        match text.len() {
            0 => Err(InvalidIdentifier::Empty),
            _ if text.contains('\0') => Err(InvalidIdentifier::Nul),
            n if n > MAX_IDENTIFIER_BYTES => Err(InvalidIdentifier::TooLong(n)),
            _ => Ok(Ident(text)),
        }
    }

    /// Returns the unquoted name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A qualified name, each part quoted: `"schema"."table"`. Its length is not checked: the parts come from a server's
/// catalogs or have been checked.
#[derive(Debug, Clone)]
pub struct Qualified(pub Vec<String>);

impl Qualified {
    /// Quotes the name of a setting or an extension: the parts between dots one by one.
    pub fn dotted(name: &str) -> Qualified {
        Qualified(name.split('.').map(String::from).collect())
    }
}

impl Fragment for Ident {
    fn render(&self) -> Statement {
        Statement::open(quote_identifier(&self.0))
    }
}

impl Fragment for Qualified {
    fn render(&self) -> Statement {
        let parts: Vec<_> = self.0.iter().map(|part| quote_identifier(part)).collect();
        Statement::open(parts.join("."))
    }
}

fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Parses a list of names as PostgreSQL stores it in settings such as `search_path`.
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
    fn a_name_that_postgresql_would_change_is_refused() {
        assert_eq!(Ident::new(""), Err(InvalidIdentifier::Empty));
        assert_eq!(Ident::new("a\0b"), Err(InvalidIdentifier::Nul));
        assert!(Ident::new("x".repeat(63)).is_ok());
        assert_eq!(Ident::new("x".repeat(64)), Err(InvalidIdentifier::TooLong(64)));
        assert_eq!(Ident::new("é".repeat(32)), Err(InvalidIdentifier::TooLong(64)));
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
    }
}
