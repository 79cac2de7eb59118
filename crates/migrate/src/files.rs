//! The folder of a service's migrations, read and checked without a server: names, texts, statements, directives.

pub mod checkpoint;
pub mod dependencies;
pub mod directive;
pub mod folder;
pub mod inspect;
pub mod name;
mod own_transaction;
mod plain_file;
pub mod problem;
pub mod refinery;
pub mod repeatable;
mod replaced;
pub mod revision;
mod rules;
pub mod source;
pub mod statement_kind;
pub mod waivers;

pub use checkpoint::Checkpoint;
pub use directive::Mode;
pub use folder::MigrationFolder;
pub use name::{Direction, is_plain_name};
pub use own_transaction::{OwnTransaction, has_several_transactions};
pub use problem::{FileProblem, Position, Positions, ProblemSeverity, refuse, refused_files};
pub use refinery::{VersionType, checksum, reads};
pub use repeatable::Repeatable;
pub use replaced::Replaced;
pub use revision::Written;
pub use rules::needs_no_transaction;
pub use source::{Migration, MigrationFile};
pub use statement_kind::{StatementKind, statement_kind};
