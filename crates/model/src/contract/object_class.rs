//! The classes of objects that the contract tells apart.

use crate::ObjectKind;

/// A class of objects whose privileges are the same for a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectClass {
    Database,
    Schema,
    /// Tables, partitioned and foreign tables, views, materialized views, and their columns.
    Table,
    Sequence,
    /// Functions, procedures, aggregates and window functions.
    Function,
    SecurityDefiner,
    Type,
    LargeObject,
    /// The schema and the tables in which migrations are recorded. A role that can write them can make a migration
    /// run twice, or never.
    History,
    /// Everything else that has an owner or an access list.
    Other,
}

impl ObjectClass {
    /// The database belongs to the admin; what is inside belongs to the owner role, which holds all privileges on it.
    pub fn belongs_to_owner(self) -> bool {
        self != ObjectClass::Database
    }

    /// The class of an object that is not part of the history.
    pub fn of(kind: ObjectKind, security_definer: bool) -> ObjectClass {
        match kind {
            ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView => ObjectClass::Table,
            ObjectKind::Sequence => ObjectClass::Sequence,
            ObjectKind::Function | ObjectKind::Procedure if security_definer => ObjectClass::SecurityDefiner,
            ObjectKind::Function | ObjectKind::Procedure => ObjectClass::Function,
            ObjectKind::Type => ObjectClass::Type,
            ObjectKind::Other => ObjectClass::Other,
        }
    }
}
