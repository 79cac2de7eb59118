//! Conclusions about one login.

use super::ids::{DatabaseId, ObjectId, RoleId};

/// A capability or state of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Conclusion {
    /// Initial state of every login.
    Start,
    /// It can log in with this role's privileges, as far as they count for CONNECT.
    LogsInWith(RoleId),
    Enters(DatabaseId),
    /// It has a session of its own with this current role.
    Session(RoleId),
    /// Its sessions hold this role's privileges.
    Uses(RoleId),
    /// Code of its choice runs in a database with this current role, where `SET ROLE` is rejected.
    Frame(DatabaseId, RoleId),
    /// It holds this role's privileges in a database, in a session or a frame.
    Holds(DatabaseId, RoleId),
    /// It may grant this role.
    Grants(RoleId),
    /// It may grant CONNECT on this database.
    Admits(DatabaseId),
    /// It can let any role create objects in a schema of this database.
    LetsCreate(DatabaseId),
    /// It can grant USAGE and CREATE on this schema to any role.
    LendsSchema(ObjectId),
    /// It can let any role create temporary tables in this database.
    LetsMakeTemporary(DatabaseId),
    /// It can log in as this role.
    Takes(RoleId),
    Calls(ObjectId),
    Reads(ObjectId),
    Writes(ObjectId),
    /// It can make a function, relation or domain run code of its choice as the role that uses it.
    Controls(ObjectId),
    Reaches(Target),
}

impl Conclusion {
    /// Returns `true` if it applies to each login that can log in as the one it was derived for.
    pub(crate) fn is_shared(self) -> bool {
        use Conclusion::{Admits, Grants, LendsSchema, LetsCreate, LetsMakeTemporary, Reaches, Takes};
        matches!(
            self,
            Grants(_)
                | Admits(_)
                | LendsSchema(_)
                | LetsCreate(_)
                | LetsMakeTemporary(_)
                | Takes(_)
                | Reaches(_)
        )
    }
}

/// Target that no login should reach. The walk ends here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Superuser privileges.
    Superuser,
    /// Superuser privileges, once a superuser uses the database.
    SuperuserVisit(DatabaseId),
    /// A role of the server's admin, or an owner of the databases.
    Admin(RoleId),
    /// Files of the server, or programs that run as its account.
    Files,
    /// Password verifiers.
    Verifiers,
    /// Activity of sessions in other databases.
    OtherDatabases,
    /// Another service: as one of its roles.
    ServiceRole(RoleId),
    /// Another service: in its database.
    ServiceDatabase(DatabaseId),
}
