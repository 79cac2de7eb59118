//! Which databases and roles there are. A server answers a missing role and a wrong password alike, so only the
//! admin can tell "not provisioned" from "the password is wrong".

use std::collections::BTreeSet;

use serde::Deserialize;
use sqlx::{Executor, Row};

use super::Access;
use crate::model::{DesiredService, RoleKind};

/// The names on one server.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Names {
    databases: BTreeSet<String>,
    roles: BTreeSet<String>,
}

impl Names {
    /// Asks the server; `None` where the admin cannot look.
    pub async fn read(access: &Access) -> Option<Names> {
        let mut connection = access.read(&access.maintenance).await.ok()?;
        let row = connection.fetch_one(sqlx::raw_sql(include_str!("sql/names.sql"))).await.ok()?;
        serde_json::from_str(&row.try_get::<String, _>(0).ok()?).ok()
    }

    /// Whether the service's database and its migrator and owner are there.
    pub fn has(&self, service: &DesiredService) -> bool {
        let role = |kind| self.roles.contains(service.role(kind).as_str());
        self.databases.contains(service.database.as_str())
            && role(RoleKind::Owner)
            && role(RoleKind::Migrator)
    }
}
