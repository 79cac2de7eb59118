//! The folder of a service's migrations, read and checked without a server: names, texts, statements, directives.

pub mod checkpoint;
pub mod dependencies;
pub(crate) mod directive;
pub mod folder;
pub mod git_listing;
pub(crate) mod inspect;
pub mod name;
mod own_transaction;
pub(crate) mod plain_file;
pub(crate) mod problem;
pub(crate) mod refinery;
pub(crate) mod repeatable;
mod replaced;
pub mod revision;
mod rules;
pub(crate) mod source;
pub(crate) mod statement_kind;
pub(crate) mod waivers;

pub use checkpoint::Checkpoint;
pub use directive::Mode;
pub use folder::MigrationFolder;
pub use inspect::{Inspection, inspect};
pub use name::{Direction, is_plain_name};
pub(crate) use own_transaction::OwnTransaction;
pub use own_transaction::has_several_transactions;
pub use problem::ProblemSeverity;
pub use problem::{FileProblem, Position, refuse};
pub(crate) use problem::{Positions, refused_files};
pub use refinery::{VersionType, checksum, reads};
pub use repeatable::Repeatable;
pub use replaced::Replaced;
pub use revision::Written;
pub use rules::needs_no_transaction;
pub use source::{Migration, MigrationFile, judge};
pub(crate) use statement_kind::{StatementKind, statement_kind};
