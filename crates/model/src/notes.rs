//! Notes in the comments of databases and roles: what martydb made, when, and for whom.

mod database_kind;
mod monitor_login;
mod move_note;
mod password_note;
mod replaced_mark;
mod test_database;

pub use database_kind::DatabaseKind;
pub use monitor_login::is_monitor_login;
pub use move_note::MoveNote;
pub use password_note::{dated, password_set};
pub use test_database::{TestDatabase, made_at, template_name, test_name};
