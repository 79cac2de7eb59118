//! Options of `ALTER DATABASE`.

use martydb_model::grants::ident;
use martydb_model::sql::{Fragment, Keyword, Statement, stmt};

/// An option of a database, as `ALTER DATABASE` spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseOption {
    /// A word such as `ALLOW_CONNECTIONS false`.
    Word(&'static str),
    /// `-1` means no limit.
    ConnectionLimit(i32),
    /// Moves the database's files, outside a transaction and while no session is connected to it.
    Tablespace(String),
}

impl Fragment for DatabaseOption {
    fn render(&self) -> Statement {
        match self {
            DatabaseOption::Word(word) => Keyword(word).render(),
            DatabaseOption::ConnectionLimit(limit) => stmt!("CONNECTION LIMIT {limit}"),
            DatabaseOption::Tablespace(name) => stmt!("SET TABLESPACE {name}", name = ident(name)),
        }
    }
}
