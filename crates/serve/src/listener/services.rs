//! The services of the process, which a reload replaces while requests run: a request keeps the service that it began with.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::{join_all, try_join_all};
use martydb_model::error::Result;
use secrecy::SecretString;

use super::{ServedProcess, ServedServices};
use crate::callers::{CallerRight, Callers};
use crate::run::cache::MAX_BYTES as MAX_CACHED_BYTES;
use crate::run::service::{ServedDatabase, ServedService};

impl ServedProcess {
    /// Returns a service.
    pub(super) fn service(&self, name: &str) -> Option<Arc<ServedService>> {
        self.services.read().get(name).cloned()
    }

    /// Returns all services.
    pub(super) fn all(&self) -> ServedServices {
        self.services.read().clone()
    }

    /// Serves these databases from now on, and follows their migrations. What serves one of them as it is stays.
    ///
    /// # Errors
    /// If a server cannot be reached safely; then nothing changes.
    pub async fn serve(&self, databases: Vec<ServedDatabase>) -> Result<()> {
        self.put(self.made(databases).await?);
        Ok(())
    }

    /// Serves these databases to these callers from the next request on.
    ///
    /// # Errors
    /// If a server cannot be reached safely; then nothing changes.
    pub async fn reload(&self, databases: Vec<ServedDatabase>, callers: Callers) -> Result<()> {
        let services = self.made(databases).await?;
        // The first request need not wait for the catalog; where the database is down, it is read later.
        let _known = join_all(services.values().map(|service| service.refresh())).await;
        // Keys that are gone are refused from the next request on.
        *self.callers.write() = callers;
        self.put(services);
        Ok(())
    }

    /// Sets the passwords of a service's new connections, by login, and returns `true` if one of them is another one.
    pub fn set_passwords(&self, service: &str, passwords: &BTreeMap<String, SecretString>) -> bool {
        self.service(service).is_some_and(|service| service.set_passwords(passwords))
    }

    /// Ends the tasks that follow migrations.
    pub(super) fn stop_following(&self) {
        let mut following = self.following.lock();
        following.drain().for_each(|(_, task)| task.abort());
    }

    async fn made(&self, databases: Vec<ServedDatabase>) -> Result<ServedServices> {
        let known = self.all();
        let one = |database: ServedDatabase| {
            let former = known.get(&database.name);
            let name = database.name.clone();
            let service = match former.filter(|former| former.serves(&database)) {
                Some(same) => same.clone(),
                None => Arc::new(ServedService::after(database, former.map(Arc::as_ref), &self.in_flight)?),
            };
            Ok((name, service))
        };
        let services: ServedServices = databases.into_iter().map(one).collect::<Result<_>>()?;
        try_join_all(services.values().map(|service| service.verify_server())).await?;
        Ok(services)
    }

    fn put(&self, services: ServedServices) {
        let former = std::mem::replace(&mut *self.services.write(), services.clone());
        let mut following = self.following.lock();
        for (name, service) in &former {
            if !services.get(name).is_some_and(|now| Arc::ptr_eq(now, service))
                && let Some(task) = following.remove(name)
            {
                task.abort();
            }
        }
        let caching = services.values().filter(|service| !service.exposure.cache.is_empty()).count();
        let most = MAX_CACHED_BYTES / caching.max(1);
        for (name, service) in services {
            service.cache.allow(most);
            service.transactions.allow(service.pool(CallerRight::Write).connections().most);
            following.entry(name).or_insert_with(|| tokio::spawn(service.follow()));
        }
    }
}
