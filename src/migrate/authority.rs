//! Whom a session can act as, beside the owner: what a migration makes as one of them would belong to the wrong
//! role. Asked once a run, so that the check after each file (see `envelope`) need not find it out again.

use crate::model::RoleName;
use crate::server::{Row, Unreadable};
use crate::sql::{Literal, Statement};
use crate::stmt;

/// The database and the roles, as the numbers that the catalogue knows them by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authority {
    /// The database.
    pub database: u32,
    /// Every role but the owner that the login is, or is a member of.
    others: Vec<u32>,
}

impl Authority {
    /// The others; never an empty list, for the sake of SQL's `IN`. No role has the number 0.
    pub fn others(&self) -> Vec<u32> {
        if self.others.is_empty() { vec![0] } else { self.others.clone() }
    }
}

/// Asks for it.
pub fn ask(owner: &RoleName) -> Statement {
    stmt!(
        "SELECT (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
                ARRAY(SELECT oid FROM pg_catalog.pg_roles WHERE rolname <> {owner} AND pg_catalog.pg_has_role(session_user, oid, 'MEMBER'))",
        owner = Literal(owner.as_str().into())
    )
}

/// Reads the answer to [`ask`].
pub fn read(rows: &[Row]) -> Result<Authority, Unreadable> {
    let row = rows.first().ok_or_else(Unreadable::no_row)?;
    let (database, others): (u32, Vec<u32>) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Authority { database, others })
}
