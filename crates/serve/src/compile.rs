//! Compiler of a planned request to one parametrised statement. Identifiers come from the catalog, values are
//! parameters, operators and functions are rows of tables; names of a request are only keys of the answer's JSON, which
//! are quoted by the one file that quotes. Pure.

mod aggregate;
mod answer;
mod call;
mod change;
mod condition;
mod document;
mod field;
mod objects;
mod read;
mod reads;
mod search;
mod single_statement;
mod values;
mod write;

pub(crate) use aggregate::{GroupedRows, aggregate_statement};
pub(crate) use call::{FunctionCall, call_statement};
pub(crate) use read::page::{LONGEST_PLACE, page_statement};
pub(crate) use read::{lines_statement, planned_statement, read_statement};
pub(crate) use search::{SearchedRelation, search_statement};
pub(crate) use single_statement::{WITHOUT_ANSWER, WriteRecord, lone_write_statement};
pub(crate) use write::{WrittenRows, lock_statement, write_statement};

use std::sync::OnceLock;

use martydb_model::sql::{Statement, stmt};
use sha2::{Digest, Sha256};
use values::StatementValues;

/// A statement with the values of its parameters, in the text format.
#[derive(Debug, Clone, Default)]
pub(crate) struct CompiledStatement {
    pub statement: Statement,
    pub values: Vec<String>,
    /// Numbers, from 0, of the values on which the planner's cost does not depend.
    of_keys: Vec<usize>,
    /// `true` if code of the service may run in it: each fragment tells it to `StatementValues`.
    pub runs_code: bool,
    /// `true` if a parameter may have a type that is not PostgreSQL's own.
    pub has_own_types: bool,
    digest: OnceLock<StatementDigest>,
}

/// SHA-256 of a statement's text, without values: a key of fixed size for texts whose number callers control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatementDigest([u8; 32]);

impl StatementDigest {
    /// Returns the digest of a text.
    pub(crate) fn new(text: &str) -> StatementDigest {
        StatementDigest(Sha256::digest(text).into())
    }

    /// Returns its bytes.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl CompiledStatement {
    /// Makes a statement of PostgreSQL's own objects with its values.
    pub(crate) fn new(statement: Statement, values: Vec<String>) -> CompiledStatement {
        CompiledStatement { statement, values, ..CompiledStatement::default() }
    }

    /// Makes a statement with what its fragments collected.
    fn from_collected(statement: Statement, mut collected: StatementValues) -> CompiledStatement {
        let of_keys = collected.of_keys();
        let StatementValues { texts, runs_code, has_own_types, .. } = collected;
        CompiledStatement { of_keys, runs_code, has_own_types, ..CompiledStatement::new(statement, texts) }
    }

    /// Returns the values on which its cost may depend, with their numbers.
    pub(crate) fn costed_values(&self) -> impl Iterator<Item = (usize, &String)> {
        self.values.iter().enumerate().filter(|(number, _)| !self.of_keys.contains(number))
    }

    /// Returns the question for its plan: the planner runs what is immutable.
    pub(crate) fn explained(&self) -> CompiledStatement {
        let statement = &self.statement;
        CompiledStatement {
            statement: stmt!("EXPLAIN (FORMAT JSON) {statement}"),
            digest: OnceLock::new(),
            ..self.clone()
        }
    }

    /// Returns `true` if its connection may keep it prepared. Code of the service may forget or replace what is prepared; and for a type
    /// that is new to a connection the driver prepares statements of its own, which a reset of the session would remove.
    pub(crate) fn may_be_prepared(&self) -> bool {
        !self.runs_code && !self.has_own_types
    }

    /// Returns the digest of its text, which is computed once.
    pub(crate) fn digest(&self) -> StatementDigest {
        *self.digest.get_or_init(|| StatementDigest::new(self.statement.exact()))
    }
}
