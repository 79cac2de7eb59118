//! What happens during a run, for a progress view.

use super::outcome::{AppliedMigration, MigrationId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Another run, or other sessions, are in the way: who.
    Waiting(String),
    /// Something that an operator should look at, and that stops nothing.
    Noticed(String),
    Planned(Vec<MigrationId>),
    /// A migration was sent.
    Started(MigrationId),
    /// A migration could not get its locks and is tried again; how often it was tried, and why again.
    Retrying(MigrationId, u32, String),
    /// A migration is applied, or undone.
    Applied(AppliedMigration),
    /// The server warned while a migration ran, or the linter before it.
    Warned(MigrationId, String),
}

/// Takes events, from several tasks at once.
pub type OnEvent<'a> = &'a (dyn Fn(Event) + Send + Sync);
