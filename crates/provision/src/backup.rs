//! Backups of one service's database: dumped at one snapshot, with its rows counted and hashed in the same
//! snapshot; loaded into a scratch database; compared; and swapped with the service's database.
//!
//! `check` finds what a backup would lack, `snapshot` holds the snapshot, `make` writes the archive, and `record`
//! is stored beside it. `load` creates a database from a backup; `toc` and `restore_settings` decide which role creates
//! which object, and `archive_part` what some of its tables need. `restore` gives the database the service's name. The `backup_store` module stores backups.

mod archive_part;
mod check;
mod chosen_tables;
mod load;
mod make;
mod part_comparison;
mod record;
mod replaced_databases;
mod restore;
mod restore_settings;
mod role_state;
mod snapshot;
mod swap;
mod tables_there;
mod toc;

pub use archive_part::ArchivePart;
pub use chosen_tables::{RecordedTable, choose};
pub use load::{LoadSource, Loaded, RestoreTarget, load};
pub use make::{BackupOptions, DUMP, ExaminedService, ExportedService, LockedService, examine};
pub use record::{BackupRecord, RowsCompared};
pub use replaced_databases::{KeptDatabase, discard, list as list_kept};
pub use restore::{HeadAgainstFiles, RestoreLocation, RestoreOutcome, compare_head, restore};
