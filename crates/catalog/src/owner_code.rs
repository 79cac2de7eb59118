//! Code that runs with the privileges of a relation's owner, whichever role triggers it. Its authors matter
//! before the relation changes its owner.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::rows;
use martydb_model::error::Result;
use martydb_model::{ActualServer, DbName, DesiredServer, OwnerCode, RoleKind, RoleName};
use martydb_pg::server::Connection;

/// Returns owners whose objects can change hands without giving a service anything: superusers, and the
/// declared service owner of each of these databases.
pub(crate) fn settled_owners(
    desired: &DesiredServer,
    actual: &ActualServer,
    databases: Vec<DbName>,
) -> Vec<(BTreeSet<String>, DbName)> {
    let superusers = actual.roles.iter().filter(|(_, role)| role.superuser).map(|(name, _)| name.to_string());
    let everywhere: BTreeSet<String> = superusers.chain(["pg_database_owner".into()]).collect();
    let settled = |database: &DbName| {
        let service = desired.service_of_database(database.as_str(), actual);
        let owner = service.map(|service| service.role(RoleKind::Owner).to_string());
        everywhere.iter().cloned().chain(owner).collect()
    };
    databases.into_iter().map(|database| (settled(&database), database)).collect()
}

/// Reads such code in one database; called only if an object has another owner than these.
pub(crate) async fn read<'a>(
    connection: &mut Connection,
    mut owners: impl Iterator<Item = &'a str>,
    settled: &BTreeSet<String>,
) -> Result<OwnerCode> {
    let mut found: BTreeMap<String, BTreeSet<RoleName>> = BTreeMap::new();
    if owners.all(|owner| settled.contains(owner)) {
        return Ok(found);
    }
    rows::read_all(connection, include_str!("sql/owner_code.sql"), |row| {
        let CodeRow { on, writer } = row.parse()?;
        found.entry(on).or_default().insert(writer);
        Ok(())
    })
    .await?;
    Ok(found)
}

#[derive(Deserialize)]
struct CodeRow {
    on: String,
    writer: RoleName,
}
