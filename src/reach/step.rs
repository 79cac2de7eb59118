//! One step of a path: the rule that was applied, and to what.

use super::ids::{DatabaseId, ObjectId, RoleId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
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

impl Step {
    /// The object that the step goes through, if it is one inside a database.
    pub fn object(self) -> Option<ObjectId> {
        match self {
            Step::CallsDefiner(object, _)
            | Step::MakesTrigger(object, _)
            | Step::MadeServerCall(object)
            | Step::FiresTrigger(_, object)
            | Step::Opens(object)
            | Step::Holds(object)
            | Step::ReadsThrough(object, _)
            | Step::CreatesIn(object, _)
            | Step::ReplacesFunction(object, _) => Some(object),
            _ => None,
        }
    }
}
