//! A hostile service: its database is full of code that waits for the admin, and no command steps on it.

mod backups;
mod fingerprint;
mod histories;
mod isolation;
mod page;
mod reading;
mod shape;
mod statements;
mod store;
mod support;
mod writing;
