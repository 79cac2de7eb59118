//! Classes of objects distinguished by the contract.

use crate::ObjectKind;

/// A class of objects with the same privileges for a role.
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
    /// Schema and tables of the migration history. A role that can write to them can make a migration run twice, or
    /// never.
    History,
    /// Schema and tables in which the data service records its writes. They belong to the admin.
    Records,
    /// Schema that holds extensions alone. It belongs to the admin.
    Extensions,
    /// Everything else that has an owner or an ACL.
    Other,
}

impl ObjectClass {
    /// Returns `true` for classes inside a database, whose objects belong to the owner role with all privileges. The
    /// database, the records of the data service and the schemas of extensions belong to the admin.
    pub fn belongs_to_owner(self) -> bool {
        !matches!(self, ObjectClass::Database | ObjectClass::Records | ObjectClass::Extensions)
    }

    /// Returns the class of an object that is not part of the history.
    pub fn from_kind(kind: ObjectKind, security_definer: bool) -> ObjectClass {
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
