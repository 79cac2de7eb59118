//! SQL text from values: the only quoting in the crate.
//!
//! A [`Statement`] is made by [`stmt!`](crate::stmt) from a literal template and typed fragments. A plain `&str` is
//! not a fragment: outside text enters only as an identifier or a literal, quoted here. Each statement contains its
//! exact text and a redacted one; `Display` and `Debug` print the redacted one.
//!
//! Quoting rules: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>.

mod fragment;
mod identifier;
mod literal;
mod members;
pub mod psql;
mod rows;
mod statement;
mod superuser_objects;

pub use crate::{stmt, superuser_objects, with_members};
pub use fragment::{Fragment, Keyword, List, Parameter, ServerText};
pub use identifier::{Ident, InvalidIdentifier, MAX_IDENTIFIER_BYTES, Qualified, split_name_list};
pub use literal::{ArrayLiteral, Bulk, DollarQuoted, Literal, Secret};
#[doc(hidden)]
pub use martydb_macros::fill;
pub use members::with_members;
pub use rows::ValueRows;
pub use statement::{Script, Statement};
