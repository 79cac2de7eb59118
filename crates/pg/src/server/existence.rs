//! Existence of a database and its roles. A server answers a missing role and a wrong password alike (28P01), so only
//! the admin can distinguish "not provisioned" from "wrong password". The admin is used only after a login was
//! rejected, and once for all services of a server: most runs never need it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::OnceCell;

use super::{Access, query};
use martydb_model::sql::Statement;
use martydb_model::{DbName, RoleName};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// The admin could not check.
    Unknown,
    /// Database and roles exist.
    Present,
    /// The database or a role is missing.
    Absent,
}

#[derive(Debug, Clone)]
pub enum ExistenceCheck {
    Known(Existence),
    /// The admin reads the names on the server once, for all its services.
    Ask(Box<Access>, Arc<OnceCell<Option<CatalogNames>>>),
}

impl ExistenceCheck {
    pub fn new(access: Access) -> ExistenceCheck {
        ExistenceCheck::Ask(Box::new(access), Arc::default())
    }

    pub async fn query(&self, database: &DbName, owner: &RoleName, login: &str) -> Existence {
        let names = match self {
            ExistenceCheck::Known(seen) => return *seen,
            ExistenceCheck::Ask(access, names) => names.get_or_init(|| CatalogNames::read(access)).await,
        };
        match names.as_ref().map(|names| names.have(database, owner, login)) {
            None => Existence::Unknown,
            Some(true) => Existence::Present,
            Some(false) => Existence::Absent,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct CatalogNames {
    databases: BTreeSet<String>,
    roles: BTreeSet<String>,
}

impl CatalogNames {
    /// Queries the server; `None` if the admin cannot.
    async fn read(access: &Access) -> Option<CatalogNames> {
        let mut connection = access.read(&access.maintenance).await.ok()?;
        let names = Statement::from_program(include_str!("sql/names.sql"));
        let rows = query(&mut connection, &names).await.ok()?;
        serde_json::from_str(&rows.first()?.try_get::<String>(0).ok()?).ok()
    }

    /// Returns `true` if the database, and the roles that migrate it, exist.
    fn have(&self, database: &DbName, owner: &RoleName, login: &str) -> bool {
        self.databases.contains(database.as_str())
            && self.roles.contains(owner.as_str())
            && self.roles.contains(login)
    }
}
