//! Backups of one service's database: dumped at one snapshot, with its rows counted and hashed in the same
//! snapshot; loaded into a scratch database; compared; and swapped with the service's database.
//!
//! `check` finds what a backup would lack, `snapshot` holds the snapshot, `make` writes the archive, and `record`
//! is stored beside it. `load` creates a database from a backup; `toc` and `restore_settings` decide which role creates
//! which object, `put_back` creates those of the admin, and `archive_part` what some of its tables need, and `audit_rows` has the rows that the admin owns. `restore` gives the database the service's name. The `backup_store` module stores backups.
//!
//! - [`move_service`]: move of a service to another server
//! - [`store`]: stores of backups: folders, buckets, encryption, retention

mod archive_part;
mod audit_rows;
mod check;
mod chosen_tables;
mod load;
mod load_task;
mod make;
pub mod move_service;
mod part_comparison;
mod put_back;
mod record;
mod restore;
mod restore_settings;
mod role_state;
mod snapshot;
pub mod store;
mod tables_there;
mod toc;
mod verdict;

pub use archive_part::ArchivePart;
pub use audit_rows::{FoundAudit, size as audit_size};
pub use chosen_tables::{RecordedTable, choose};
pub use load::{Loaded, examine_restore, load};
pub use load_task::{LoadSource, RestoreTarget};
pub use make::{BackupOptions, DUMP, ExaminedService, ExportedService, LockedService, examine};
pub use record::{BackupRecord, RowsCompared};
pub use restore::replaced_databases::{KeptDatabase, discard, list as list_kept};
pub use restore::{HeadAgainstFiles, RestoreLocation, RestoreOutcome, compare_head, restore};
pub use verdict::acceptable_kinds;
