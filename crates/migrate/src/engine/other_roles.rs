//! Roles that a migration's session could act as.

use martydb_model::RoleName;
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_pg::server::{Row, Unreadable};

/// Roles that a session can act as, apart from the owner: objects that a migration creates as one of them would
/// belong to the wrong role. Queried once per run; the check after each file (see `batch`) uses the result.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OtherRoles {
    /// OID of the database.
    pub database: u32,
    /// OIDs of the login and of every role that it is a member of, without the owner.
    roles: Vec<u32>,
}

impl OtherRoles {
    /// Returns the OIDs, never an empty list because SQL's `IN` needs one. No role has the OID 0.
    pub(crate) fn ids(&self) -> Vec<u32> {
        if self.roles.is_empty() { vec![0] } else { self.roles.clone() }
    }

    pub(super) fn ask(owner: &RoleName) -> Statement {
        stmt!(
            "SELECT (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
                ARRAY(SELECT oid FROM pg_catalog.pg_roles WHERE rolname <> {owner} AND pg_catalog.pg_has_role(session_user, oid, 'MEMBER'))",
            owner = Literal(owner.as_str().into())
        )
    }

    pub(super) fn read(rows: &[Row]) -> Result<OtherRoles, Unreadable> {
        let (database, roles) = rows.first().ok_or_else(Unreadable::no_row)?.read()?;
        Ok(OtherRoles { database, roles })
    }
}
