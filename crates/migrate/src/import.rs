//! Import of another tool's folder of migrations: its files, their meaning, order and versions. The results are
//! values; only `tree` and `alembic` read, and only `write` writes. Also the use of PostgreSQL's own programs:
//! dumps (`pg_dump`) and copies (`archive`) of a database.

mod alembic;
pub mod archive;
mod archive_entries;
mod archive_files;
mod client;
mod dump;
mod files;
mod history_match;
mod kinds;
mod name;
mod number;
mod own_table;
pub mod pg_dump;
mod recognise;
mod script;
mod split;
mod sqitch;
mod tools;
mod tree;
mod write;

pub use alembic::read as read_alembic;
pub use dump::{FirstMigration, ProvidedObjects, contents, first_migration, is_runner_setting};
pub use files::{NewFile, planned};
pub use history_match::{HistoryMatch, history_match};
pub use kinds::{ImportedFolder, ImportedMigration, OmittedPart, RepeatedFile, SqlText};
pub use number::normal;
pub use recognise::{FolderContents, FolderTool, recognise};
pub use tools::{TOOLS, Tool};
pub use tree::read;
pub use write::{WriteCount, write};
