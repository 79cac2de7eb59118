//! One step of a path: the rule that was applied, and to what.

use super::ids::{DatabaseId, ObjectId, RoleId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    LogsIn,
    Inherits(RoleId, RoleId),
    SetsRole(RoleId, RoleId),
    Connects(DatabaseId, RoleId),
    GrantsConnect(DatabaseId, RoleId),
    HasAdmin(RoleId, RoleId),
    GrantsRole(RoleId),
    SetsPassword(RoleId, RoleId),
    /// In a database, by a session that is there anyway.
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
    IsOf(RoleId),
    Opens(ObjectId),
    Holds(ObjectId),
    CreatesIn(ObjectId, RoleId),
    ReplacesFunction(ObjectId, RoleId),
}

impl PathStep {
    /// The object that the step goes through, if it is one inside a database.
    pub fn object(self) -> Option<ObjectId> {
        match self {
            PathStep::CallsDefiner(object, _)
            | PathStep::MakesTrigger(object, _)
            | PathStep::MadeServerCall(object)
            | PathStep::FiresTrigger(_, object)
            | PathStep::Opens(object)
            | PathStep::Holds(object)
            | PathStep::ReadsThrough(object, _)
            | PathStep::CreatesIn(object, _)
            | PathStep::ReplacesFunction(object, _) => Some(object),
            _ => None,
        }
    }
}
