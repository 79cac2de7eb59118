//! The folder of a service's migrations, read and judged without a server: names, texts, statements, directives.

pub mod directive;
pub mod folder;
mod lexer;
pub mod name;
pub mod problem;
pub mod refinery;
pub mod revision;
mod rules;
pub mod script;
pub mod source;
pub mod statement_kind;

pub use directive::Mode;
pub use folder::MigrationFolder;
pub use lexer::{Token, TokenKind, tokens};
pub use name::Direction;
pub use problem::{FileProblem, Position, Positions, refuse, refused_files};
pub use refinery::{VersionType, checksum};
pub use revision::Written;
pub use script::{ScriptItem, is_word, walk};
pub use source::{Migration, MigrationFile};
pub use statement_kind::{StatementKind, bare, statement_kind};
