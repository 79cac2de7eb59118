//! What follows about one login.

use super::ids::{DatabaseId, ObjectId, RoleId};

/// Something that a login can do or be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conclusion {
    /// What every login starts from.
    Start,
    /// It can log in with the privileges of this role: those that count for CONNECT.
    LogsInWith(RoleId),
    Enters(DatabaseId),
    /// A session of its own has this current role.
    Session(RoleId),
    /// Its sessions hold this role's privileges.
    Uses(RoleId),
    /// Code of its choice runs in a database with this role as the current one, where `SET ROLE` is refused.
    Frame(DatabaseId, RoleId),
    /// It holds this role's privileges in a database, in a session or a frame.
    Holds(DatabaseId, RoleId),
    /// It may grant this role.
    Grants(RoleId),
    /// It may grant CONNECT on this database.
    Admits(DatabaseId),
    /// It can let any role create objects in a schema of this database.
    LetsCreate(DatabaseId),
    /// It can let any role use this schema and create in it.
    LendsSchema(ObjectId),
    /// It can let any role make temporary tables in this database.
    LetsMakeTemporary(DatabaseId),
    /// It can log in as this role.
    Takes(RoleId),
    Calls(ObjectId),
    Reads(ObjectId),
    Writes(ObjectId),
    Reaches(Target),
}

impl Conclusion {
    /// Whether it holds for each login that can log in as the one it was drawn for, whatever that login is.
    pub fn is_shared(self) -> bool {
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

/// What no login should reach. The walk ends here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Superuser rights.
    Superuser,
    /// Superuser rights, once a superuser uses the database.
    SuperuserVisit(DatabaseId),
    /// A role that the server's admin is, or that owns the databases.
    Admin(RoleId),
    /// Files of the server, or programs that run as its account.
    Files,
    /// How passwords are kept.
    Verifiers,
    /// What the sessions of other databases do.
    OtherDatabases,
    /// Another service: as one of its roles.
    ServiceRole(RoleId),
    /// Another service: in its database.
    ServiceDatabase(DatabaseId),
}
