//! Validated names, so that an invalid one gets no further than the manifest.

mod label;
pub mod project_roles;
mod role_kind;

use std::fmt;

use serde::Deserialize;

use crate::sql::{Fragment, Ident, InvalidIdentifier, Statement};

pub use label::{Label, ServiceFilter};
pub use role_kind::RoleKind;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// PostgreSQL cannot store it.
    #[error(transparent)]
    Identifier(#[from] InvalidIdentifier),
    /// The prefix is reserved for PostgreSQL's own roles and schemas.
    #[error("starts with \"pg_\", which PostgreSQL reserves")]
    Reserved,
    /// PostgreSQL gives the word a special meaning, quoted or not.
    #[error("is a word that PostgreSQL reserves")]
    Word,
    #[error("must begin with a lowercase letter, followed by at most 40 of a-z, 0-9, _ and -")]
    Service,
}

macro_rules! database_name {
    ($(#[$doc:meta])* $name:ident, $words:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ident);

        impl $name {
            /// Validates a name that a manifest may declare.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let ident = Ident::new(text)?;
                let words: &[&str] = $words;
                match ident.as_str() {
                    name if name.starts_with("pg_") => Err(InvalidName::Reserved),
                    name if words.contains(&name) => Err(InvalidName::Word),
                    _ => Ok($name(ident)),
                }
            }

            /// Accepts a name reported by a server, including reserved ones.
            pub fn found(text: impl Into<String>) -> Result<Self, InvalidIdentifier> {
                Ident::new(text).map($name)
            }

            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            pub fn ident(&self) -> &Ident {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        /// Accepts any name that a server may report.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
                $name::found(String::deserialize(text)?).map_err(serde::de::Error::custom)
            }
        }

        impl Fragment for $name {
            fn render(&self) -> Statement {
                self.0.render()
            }
        }
    };
}

database_name!(RoleName, &["public", "none"]);
database_name!(DbName, &[]);
database_name!(
    /// A schema of one database. In a `search_path`, `"$user"` is the connected role.
    SchemaName,
    &["$user"]
);

/// Schema of martydb's own history in each service's database.
pub const HISTORY_SCHEMA: &str = "martydb";

impl SchemaName {
    /// Returns the schema that each new database has.
    pub fn public() -> SchemaName {
        SchemaName::found("public").expect("a plain word is a name")
    }

    /// Returns the schema of martydb's history in each service's database.
    pub fn history() -> SchemaName {
        SchemaName::found(HISTORY_SCHEMA).expect("a plain word is a name")
    }
}

/// A service of the manifest: `[a-z][a-z0-9_-]{0,40}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName(String);

impl ServiceName {
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let first = text.starts_with(|c: char| c.is_ascii_lowercase());
        let rest = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
        if first && rest && text.len() <= 41 { Ok(ServiceName(text)) } else { Err(InvalidName::Service) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Key of a server in the manifest.
pub type ServerName = String;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_names_follow_the_pattern() {
        for good in ["a", "csca", "pkd_service", "a-b-2", &"a".repeat(41)] {
            assert!(ServiceName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "1a", "_a", "a b", "é", "a.b", &"a".repeat(42)] {
            assert!(ServiceName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn reserved_prefixes_are_refused_in_a_manifest_and_read_from_a_server() {
        assert_eq!(RoleName::new("pg_x"), Err(InvalidName::Reserved));
        assert!(RoleName::new("PG_x").is_ok());
        assert_eq!(RoleName::new("none"), Err(InvalidName::Word));
        assert_eq!(SchemaName::new("$user"), Err(InvalidName::Word));
        assert!(DbName::new("none").is_ok());
        assert!(RoleName::found("pg_monitor").is_ok());
        assert!(DbName::new("x".repeat(64)).is_err());
    }
}
