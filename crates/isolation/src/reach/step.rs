//! A step of a path: the applied rule, and its operands.

use super::ids::{DatabaseId, ObjectId, RoleId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    LogsIn,
    Inherits(RoleId, RoleId),
    SetsRole(RoleId, RoleId),
    Connects(DatabaseId, RoleId),
    GrantsConnect(DatabaseId, RoleId),
    /// As the schema's owner.
    LetsCreateIn(ObjectId, RoleId),
    GrantsTemporary(DatabaseId, RoleId),
    HasAdmin(RoleId, RoleId),
    GrantsRole(RoleId),
    SetsPassword(RoleId, RoleId),
    SetsOwnPassword(RoleId),
    /// From a function's owner to the function's new owner.
    GivesFunction(RoleId, RoleId),
    OwnsDatabase(DatabaseId, RoleId),
    /// In a database that the session has already entered.
    Inside,
    Executes(ObjectId, RoleId),
    CallsDefiner(ObjectId, RoleId),
    MakesTrigger(ObjectId, RoleId),
    WritesTo(ObjectId, RoleId),
    FiresTrigger(ObjectId, ObjectId),
    MadeServerCall(ObjectId),
    Selects(ObjectId, RoleId),
    ReadsThrough(ObjectId, ObjectId),
    IsSuperuser(RoleId),
    IsServerRole(RoleId),
    HasCreaterole(RoleId),
    IsAdmin(RoleId),
    Opens(ObjectId),
    Holds(ObjectId),
    Steers(ObjectId),
    CreatesIn(ObjectId, RoleId),
    ReplacesFunction(ObjectId, RoleId),
    PutsTrigger(ObjectId, RoleId),
    AddsCheck(ObjectId, RoleId),
    MakesReference(ObjectId, RoleId),
    /// From a table to the partition or inheriting table that the write goes to.
    RoutesTo(ObjectId, ObjectId),
    /// A SECURITY DEFINER function, and the object that it uses.
    Touches(ObjectId, ObjectId),
    ExecutesRows(ObjectId),
    NamesObject(ObjectId, RoleId),
    FiresEventTrigger(ObjectId, RoleId),
}

impl PathStep {
    /// Returns the names of the privilege that the step uses; empty if it uses none on an object.
    pub(crate) fn privilege_names(self) -> &'static [&'static str] {
        match self {
            PathStep::Executes(..) | PathStep::MakesTrigger(..) => &["EXECUTE"],
            PathStep::Selects(..) => &["SELECT"],
            PathStep::WritesTo(..) => &["INSERT", "UPDATE", "DELETE"],
            PathStep::CreatesIn(..) => &["CREATE"],
            PathStep::PutsTrigger(..) => &["TRIGGER"],
            PathStep::MakesReference(..) => &["REFERENCES"],
            _ => &[],
        }
    }

    /// Returns the object and the holder of the privilege that the step uses.
    pub fn privilege(self) -> Option<(ObjectId, RoleId)> {
        match self {
            PathStep::Executes(object, role)
            | PathStep::MakesTrigger(object, role)
            | PathStep::Selects(object, role)
            | PathStep::WritesTo(object, role)
            | PathStep::PutsTrigger(object, role)
            | PathStep::MakesReference(object, role)
            | PathStep::CreatesIn(object, role) => Some((object, role)),
            _ => None,
        }
    }

    /// Returns the object that the step uses, if it is inside a database.
    pub fn object(self) -> Option<ObjectId> {
        match self {
            PathStep::CallsDefiner(object, _)
            | PathStep::MakesTrigger(object, _)
            | PathStep::MadeServerCall(object)
            | PathStep::FiresTrigger(_, object)
            | PathStep::Opens(object)
            | PathStep::Holds(object)
            | PathStep::Steers(object)
            | PathStep::ReadsThrough(object, _)
            | PathStep::CreatesIn(object, _)
            | PathStep::ReplacesFunction(object, _)
            | PathStep::PutsTrigger(object, _)
            | PathStep::AddsCheck(object, _)
            | PathStep::MakesReference(object, _)
            | PathStep::Touches(object, _)
            | PathStep::ExecutesRows(object)
            | PathStep::NamesObject(object, _)
            | PathStep::FiresEventTrigger(object, _) => Some(object),
            _ => None,
        }
    }
}
