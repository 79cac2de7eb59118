//! Identifiers, quoted whenever they are rendered.

use std::fmt;

use super::fragment::Fragment;
use super::statement::Statement;

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
pub struct Qualified<P = Vec<String>>(pub P);

impl Qualified {
    /// Quotes the name of a setting or an extension: the parts between dots one by one.
    pub fn dotted(name: &str) -> Qualified {
        Qualified(name.split('.').map(String::from).collect())
    }
}

impl Fragment for Ident {
    fn render(&self) -> Statement {
        quoted([self.0.as_str()])
    }

    fn append(&self, exact: &mut String) -> bool {
        append_quoted([self.0.as_str()], exact)
    }
}

impl Fragment for Qualified {
    fn render(&self) -> Statement {
        quoted(self.0.iter().map(String::as_str))
    }

    fn append(&self, exact: &mut String) -> bool {
        append_quoted(self.0.iter().map(String::as_str), exact)
    }
}

impl<const N: usize> Fragment for Qualified<[&str; N]> {
    fn render(&self) -> Statement {
        quoted(self.0)
    }

    fn append(&self, exact: &mut String) -> bool {
        append_quoted(self.0, exact)
    }
}

fn quoted<'a>(parts: impl IntoIterator<Item = &'a str>) -> Statement {
    let mut text = String::new();
    append_quoted(parts, &mut text);
    Statement::open(text)
}

/// Appends the parts of a name. Returns `false`: a name is not a secret.
fn append_quoted<'a>(parts: impl IntoIterator<Item = &'a str>, text: &mut String) -> bool {
    for (number, part) in parts.into_iter().enumerate() {
        text.push_str(if number == 0 { "\"" } else { ".\"" });
        match part.contains('"') {
            true => text.push_str(&part.replace('"', "\"\"")),
            false => text.push_str(part),
        }
        text.push('"');
    }
    false
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
            let quoted = quoted([name.as_str()]);
            let quoted = quoted.exact();
            let inner = &quoted[1..quoted.len() - 1];
            prop_assert_eq!(inner.replace("\"\"", "").matches('"').count(), 0);
            prop_assert_eq!(inner.replace("\"\"", "\""), name);
        }
    }
}
