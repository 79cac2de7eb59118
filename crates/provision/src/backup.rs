//! Backups of one service's database, and what becomes of them: dumped at one snapshot with its rows counted and hashed in the
//! same, loaded into a database of their own, compared, and put in the place of the service's.
//!
//! `check` says what a backup would not hold, `snapshot` holds a moment, `take` writes the archive, `record` is what lies beside
//! it. `load` makes a database of a backup, for which `entries` and `level` decide what is made by whom; `restore` gives it the
//! service's name. Where backups are kept is no matter of this room.

mod check;
mod entries;
mod kept;
mod level;
mod load;
mod record;
mod restore;
mod role_state;
mod snapshot;
mod swap;
mod take;

pub use kept::{KeptDatabase, discard, list as list_kept};
pub use load::{LoadSource, Loaded, RestoreTarget, load};
pub use record::{BackupRecord, RowsCompared};
pub use restore::{HeadAgainstFiles, RestoreEnd, RestorePlace, compare_head, restore};
pub use take::{DUMP, ExaminedService, ExportedService, HowToTake, LockedService, examine};
