//! Whether a database and its roles are there. A server answers a missing role and a wrong password alike (28P01),
//! so only the admin can tell "not provisioned" from "the password is wrong". The admin is asked only once a login
//! was refused, and once for all services of a server: most runs never need to know.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::OnceCell;

use super::{Access, query};
use crate::model::{DbName, RoleName};
use crate::sql::Statement;

/// What is known about a service's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Nobody could look.
    Unknown,
    /// Database and roles are there.
    Present,
    /// The database or a role is missing.
    Absent,
}

/// Who can tell.
#[derive(Debug, Clone)]
pub enum Presence {
    /// It is known already.
    Known(Seen),
    /// The admin of the server.
    Ask(Arc<Admin>),
}

/// An admin who is asked once.
#[derive(Debug)]
pub struct Admin {
    access: Access,
    names: OnceCell<Option<Names>>,
}

impl Presence {
    /// For all services of one server.
    pub fn of(access: Access) -> Presence {
        Presence::Ask(Arc::new(Admin { access, names: OnceCell::new() }))
    }

    /// Looks, or remembers.
    pub async fn look(&self, database: &DbName, owner: &RoleName, login: &str) -> Seen {
        let admin = match self {
            Presence::Known(seen) => return *seen,
            Presence::Ask(admin) => admin,
        };
        let names = admin.names.get_or_init(|| Names::read(&admin.access)).await;
        match names.as_ref().map(|names| names.have(database, owner, login)) {
            None => Seen::Unknown,
            Some(true) => Seen::Present,
            Some(false) => Seen::Absent,
        }
    }
}

/// The names on one server.
#[derive(Debug, Clone, Default, Deserialize)]
struct Names {
    databases: BTreeSet<String>,
    roles: BTreeSet<String>,
}

impl Names {
    /// Asks the server; `None` where the admin cannot look.
    async fn read(access: &Access) -> Option<Names> {
        let mut connection = access.read(&access.maintenance).await.ok()?;
        let names = Statement::from_program(include_str!("sql/names.sql"));
        let rows = query(&mut connection, &names).await.ok()?;
        serde_json::from_str(&rows.first()?.try_get::<String>(0).ok()?).ok()
    }

    /// Whether the database, and the roles that migrate it, are there.
    fn have(&self, database: &DbName, owner: &RoleName, login: &str) -> bool {
        self.databases.contains(database.as_str())
            && self.roles.contains(owner.as_str())
            && self.roles.contains(login)
    }
}
