//! Databases on other servers that services are copied from.

use std::collections::BTreeMap;

use super::scope::PlanScope;
use martydb_backup::move_service;
use martydb_context::Context;
use martydb_model::error::Result;
use martydb_model::{ActualServer, DesiredServer, ServiceName};
use martydb_plan::CopyOrigin;

pub(crate) type Copies = BTreeMap<ServiceName, CopyOrigin>;

/// Inspects the former servers of services that have no database here.
///
/// # Errors
/// If a former server cannot be inspected.
#[martydb_pg::boxed]
pub async fn due(
    context: &Context,
    scope: &PlanScope<'_>,
    desired: &DesiredServer,
    actual: &ActualServer,
) -> Result<Copies> {
    let mut copies = Copies::new();
    for service in scope.services_of(desired) {
        if actual.databases.contains_key(&service.database) {
            move_service::refuse_two(context, service).await?;
        } else if let Some(origin) = move_service::origin(context, service).await? {
            copies.insert(service.name.clone(), origin);
        }
    }
    Ok(copies)
}
