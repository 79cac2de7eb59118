//! Object kinds that have default privileges in PostgreSQL.

use super::{ObjectClass, Privilege, granted};
use crate::RoleKind;

/// `pg_default_acl.defaclobjtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DefaultKind {
    /// Includes views.
    Tables,
    Sequences,
    /// Includes procedures.
    Functions,
    Types,
    Schemas,
    /// Since PostgreSQL 18.
    LargeObjects,
}

impl DefaultKind {
    /// Every kind with its letter in `pg_default_acl`, its SQL keyword, and its class.
    pub const ALL: &[(DefaultKind, char, &'static str, ObjectClass)] = &[
        (DefaultKind::Tables, 'r', "TABLES", ObjectClass::Table),
        (DefaultKind::Sequences, 'S', "SEQUENCES", ObjectClass::Sequence),
        (DefaultKind::Functions, 'f', "FUNCTIONS", ObjectClass::Function),
        (DefaultKind::Types, 'T', "TYPES", ObjectClass::Type),
        (DefaultKind::Schemas, 'n', "SCHEMAS", ObjectClass::Schema),
        (DefaultKind::LargeObjects, 'L', "LARGE OBJECTS", ObjectClass::LargeObject),
    ];

    fn row(self) -> &'static (DefaultKind, char, &'static str, ObjectClass) {
        Self::ALL.iter().find(|row| row.0 == self).expect("every kind has a row")
    }

    pub fn letter(self) -> char {
        self.row().1
    }

    pub fn word(self) -> &'static str {
        self.row().2
    }

    pub fn class(self) -> ObjectClass {
        self.row().3
    }

    pub fn from_letter(letter: char) -> Option<DefaultKind> {
        Self::ALL.iter().find(|row| row.1 == letter).map(|row| row.0)
    }

    /// Returns the default privileges of a login on future objects of its service's owner.
    pub fn granted_to(role: RoleKind) -> impl Iterator<Item = (DefaultKind, Privilege)> {
        let kinds = Self::ALL.iter();
        kinds.flat_map(move |row| granted(role, row.3).iter().map(move |privilege| (row.0, *privilege)))
    }
}
