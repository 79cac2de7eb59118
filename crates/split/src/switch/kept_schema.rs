//! Definitions that the runs of a service have kept, where the shared database is that of a service: what a finish removes
//! from it is no change by hand.

use std::slice;
use std::time::Duration;

use martydb_context::{Context, targets};
use martydb_manifest::SplitMap;
use martydb_migrate::{MigrationTarget, SuspendedSchema, resume_schema, suspend_schema};
use martydb_model::error::Result;

/// Schema of the service that has the shared database.
pub struct SourceSchema {
    target: MigrationTarget,
    before: SuspendedSchema,
}

impl SourceSchema {
    /// Looks at the schema before a finish; until [`SourceSchema::resume`] it is unknown. Returns `None` if no service has the
    /// shared database, or its schema is unknown already.
    ///
    /// # Errors
    /// If the service's migrator cannot log in, or the server refuses a statement.
    pub async fn suspend(context: &Context, map: &SplitMap) -> Result<Option<SourceSchema>> {
        let source = &map.source;
        let mut services = context.manifest.services.values();
        let service = services.find(|one| {
            source.elsewhere.is_none()
                && one.server.as_str() == source.server
                && one.database == source.database
        });
        let Some(service) = service else { return Ok(None) };
        let (_, target) = targets::for_services(context, slice::from_ref(service)).await?.remove(0);
        let target = target?;
        let before = suspend_schema(&target, context.lock_wait).await?;
        Ok(before.map(|before| SourceSchema { target, before }))
    }

    /// Keeps the definitions after the finish. One that failed has removed nothing.
    ///
    /// # Errors
    /// As [`SourceSchema::suspend`].
    pub async fn resume(&self, cleared: &Result<()>, wait: Duration) -> Result<()> {
        let changed = cleared.is_ok().then_some(&self.before);
        resume_schema(&self.target, changed, wait).await
    }
}
