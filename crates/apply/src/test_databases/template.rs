//! Finds or creates the template. If several runs miss it, one creates it while the others wait.

use super::content;
use super::context::CopyContext;
use crate::scratch::Scratch;
use martydb_migrate::files::folder;
use martydb_migrate::{EventSender, Goal, run};
use martydb_model::error::Result;
use martydb_model::{DbName, TestDatabase, template_name};
use martydb_pg::server::lock;

/// A complete template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub database: DbName,
    /// `true` if the template existed before.
    pub reused: bool,
}

impl CopyContext<'_> {
    /// Returns the template of the current migration files.
    pub(super) async fn template(&mut self, events: &EventSender) -> Result<Template> {
        let database = self.name()?;
        if self.is_there(&database) {
            return Ok(Template { database, reused: true });
        }
        let (what, wait) = (format!("the template {database}"), self.options.lock_wait);
        let held = lock::acquire(&mut self.session, key(&database), wait, &what).await?;
        let made = self.find_or_make(database, events).await;
        let released = lock::release(&mut self.session, held).await;
        made.and_then(|made| released.map(|()| made))
    }

    async fn find_or_make(&mut self, mut database: DbName, events: &EventSender) -> Result<Template> {
        loop {
            // Another run may have created it while this one waited.
            self.refresh().await?;
            if self.is_there(&database) {
                return Ok(Template { database, reused: true });
            }
            let scratch = Scratch::make(&self.access, self.desired, self.service).await?;
            let target = scratch.target(&self.target);
            let outcome = run(&target, Goal::Upgrade, &self.options, events).await;
            if let Some(error) = outcome.error {
                let error = error.while_doing("cannot make the template of the test databases");
                return scratch.remove_after(Err(error)).await;
            }
            let now = self.name()?;
            // The files were edited while the migrations ran.
            if now != database {
                scratch.remove_after(Ok(())).await?;
                database = now;
                continue;
            }
            scratch.keep_as(&database, &self.mark().mark(&self.desired.project)).await?;
            self.refresh().await?;
            self.drop_other_templates(&database).await?;
            return Ok(Template { database, reused: false });
        }
    }

    fn name(&self) -> Result<DbName> {
        let folder = folder::load_valid(&self.target.folder, self.service.name.as_str())?;
        let mut service = self.service.clone();
        let made_with = self.actual.made_as(&service.database, &service.parameters.made_with);
        service.parameters.made_with = made_with;
        Ok(template_name(&content::digest(self.desired, &service, &folder, self.actual.major())))
    }

    fn mark(&self) -> TestDatabase {
        TestDatabase { service: self.service.name.clone(), copied_from: None }
    }

    /// Tests for a closed template: one that accepts connections may have been changed.
    fn is_there(&self, name: &DbName) -> bool {
        let closed = self.actual.databases.get(name).is_some_and(|found| !found.allow_connections);
        closed && self.actual.test_database(name, self.desired) == Some(self.mark())
    }
}

/// Returns the key of the lock: the first 32 bits of the digest.
fn key(template: &DbName) -> i32 {
    let (_, hex) = template.as_str().rsplit_once('_').unwrap_or_default();
    u32::from_str_radix(hex.get(..8).unwrap_or_default(), 16).unwrap_or_default().cast_signed()
}
