//! A service with its pools and its catalog, which follows migrations.

pub(crate) mod cursor;
pub(crate) mod document_ids;
pub(crate) mod statistics;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use martydb_model::error::Result;
use martydb_model::metrics::Subject;
use martydb_model::sql::Statement;
use parking_lot::RwLock;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::callers::{CallerRight, ServeCaller, streams_of};
use crate::catalog::{ServedCatalog, statements};
use crate::error::{HttpError, HttpResult};
use crate::guard::{BytesInFlight, ServerBreaker, ServiceGuard};
use crate::run::cache::CachedAnswers;
use crate::run::idempotency;
use crate::run::open_transactions::OpenTransactions;
use crate::run::replicas::{ReplicaTargets, ServiceReplicas};
use crate::run::service::cursor::CursorKey;
use crate::run::service::document_ids::DocumentIds;
use crate::run::service::statistics::DatabaseStatistics;
use crate::run::{ask, in_own_transaction};
use crate::session::{LoginPool, LoginTarget, unavailable};
use crate::settings::ServedExposure;

/// Settings of a service, and the targets of its logins.
#[derive(Clone)]
pub struct ServedDatabase {
    pub name: String,
    /// Name of its server in the manifest.
    pub server: String,
    pub exposure: ServedExposure,
    pub read: LoginTarget,
    pub write: LoginTarget,
    /// Logins of `access` that callers get, by name.
    pub further: Vec<LoginTarget>,
    /// The monitor's login on the server, if the manifest has one.
    pub monitor: Option<LoginPool>,
    /// Replicas for reads.
    pub replicas: Vec<ReplicaTargets>,
}

impl ServedDatabase {
    /// Returns `true` if what serves the other one serves this one, too.
    fn matches(&self, other: &ServedDatabase) -> bool {
        let same = |one: &[LoginTarget], other: &[LoginTarget]| {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.matches(other))
        };
        (&self.name, &self.server, &self.exposure) == (&other.name, &other.server, &other.exposure)
            && self.read.matches(&other.read)
            && self.write.matches(&other.write)
            && same(&self.further, &other.further)
            && self.monitor.is_some() == other.monitor.is_some()
            && self.replicas.len() == other.replicas.len()
            && self.replicas.iter().zip(&other.replicas).all(|(one, other)| one.matches(other))
    }
}

/// A service that is served.
pub struct ServedService {
    pub name: String,
    /// Labels of its metrics.
    pub subject: Subject,
    origin: ServedDatabase,
    pub exposure: ServedExposure,
    read: LoginPool,
    write: LoginPool,
    further: HashMap<String, LoginPool>,
    /// The process's own connection, for the catalogs.
    own: LoginPool,
    pub(crate) statistics: DatabaseStatistics,
    pub(crate) replicas: ServiceReplicas,
    pub(crate) guard: Arc<ServiceGuard>,
    pub breaker: Arc<ServerBreaker>,
    pub(crate) cursors: CursorKey,
    pub(crate) ids: DocumentIds,
    pub(crate) transactions: Arc<OpenTransactions>,
    pub(crate) cache: CachedAnswers,
    catalog: RwLock<Option<(String, Arc<ServedCatalog>)>>,
    /// Last look at the catalogs; held by the one that looks.
    looking: tokio::sync::Mutex<Option<CatalogLook>>,
    /// `true` if the last look was answered.
    is_ready: AtomicBool,
    /// Places for answers that are sent while they are read.
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) in_flight: Arc<BytesInFlight>,
    /// One document at a time: each holds the description of all relations.
    pub documents: tokio::sync::Mutex<()>,
}

/// End of a look at the catalogs, and what it found.
type CatalogLook = (Instant, HttpResult<Arc<ServedCatalog>>);

/// Interval at which expired answers are removed.
const EXPIRY: Duration = Duration::from_secs(60);

/// Interval at which the catalogs are compared; a migration shows within two seconds.
const INTERVAL: Duration = Duration::from_secs(1);

impl ServedService {
    /// Makes the pools; they connect when they are used.
    ///
    /// # Errors
    /// If a pool cannot be made.
    pub fn new(database: ServedDatabase) -> Result<ServedService> {
        ServedService::after(database, None, &Arc::default())
    }

    /// Makes the service that replaces a former one: budgets, figures and open transactions stay.
    ///
    /// # Errors
    /// If a pool cannot be made.
    pub(crate) fn after(
        database: ServedDatabase,
        former: Option<&ServedService>,
        in_flight: &Arc<BytesInFlight>,
    ) -> Result<ServedService> {
        let times = database.exposure.transactions;
        let database_connections = database.read.connections;
        let transactions = former.filter(|former| former.exposure.transactions == times);
        let transactions = transactions.map_or_else(
            || Arc::new(OpenTransactions::new(times, database.write.connections)),
            |former| former.transactions.clone(),
        );
        let further =
            database.further.iter().map(|target| Ok((target.role.clone(), LoginPool::new(target)?)));
        Ok(ServedService {
            read: LoginPool::new(&database.read)?,
            write: LoginPool::new(&database.write)?,
            own: LoginPool::new(&database.read.for_catalogs())?,
            further: further.collect::<Result<_>>()?,
            replicas: ServiceReplicas::new(&database.replicas)?,
            statistics: DatabaseStatistics::new(&database.read.database, database.monitor.clone()),
            guard: former.map(|former| former.guard.clone()).unwrap_or_default(),
            breaker: database.read.breaker.clone(),
            cursors: CursorKey::derive(
                database.write.password.as_ref().map(ExposeSecret::expose_secret),
                &database.name,
            ),
            ids: DocumentIds::default(),
            transactions,
            cache: CachedAnswers::default(),
            subject: Subject {
                service: database.name.clone(),
                server: database.server.clone(),
                database: database.read.database.clone(),
            },
            name: database.name.clone(),
            exposure: database.exposure.clone(),
            origin: database,
            catalog: RwLock::new(None),
            looking: tokio::sync::Mutex::default(),
            is_ready: AtomicBool::new(false),
            streams: Arc::new(Semaphore::new(streams_of(database_connections))),
            in_flight: in_flight.clone(),
            documents: tokio::sync::Mutex::default(),
        })
    }

    /// Connects to the server, if it has to prove its identity.
    ///
    /// # Errors
    /// If the server is not the one that the settings trust.
    pub async fn verify_server(&self) -> Result<()> {
        self.read.verify_server().await
    }

    /// Returns `true` if the service serves this database as it is.
    pub fn serves(&self, database: &ServedDatabase) -> bool {
        self.origin.matches(database)
    }

    /// Sets the passwords of new connections, by login, and returns `true` if one of them is another one.
    pub fn set_passwords(&self, passwords: &BTreeMap<String, SecretString>) -> bool {
        self.pools().filter(|pool| pool.set_password(passwords.get(pool.login()))).count() > 0
    }

    fn pools(&self) -> impl Iterator<Item = &LoginPool> {
        let pools = [&self.read, &self.write, &self.own].into_iter().chain(self.further.values());
        pools.chain(self.statistics.pool()).chain(self.replicas.pools())
    }

    /// Returns the pool of a login.
    pub(crate) fn pool(&self, right: CallerRight) -> &LoginPool {
        match right {
            CallerRight::Read => &self.read,
            CallerRight::Write => &self.write,
        }
    }

    /// Returns the pool of a caller for statements that may write, or for those that read.
    ///
    /// # Errors
    /// If the caller's own login has no pool: it is never given another one.
    pub(crate) fn pool_of(&self, caller: &ServeCaller, writes: bool) -> HttpResult<&LoginPool> {
        match &caller.login {
            Some(login) => self.further.get(login).ok_or_else(unavailable),
            None => Ok(self.pool(if writes { caller.right } else { CallerRight::Read })),
        }
    }

    /// Returns the name of the login that such a statement of a caller gets.
    pub fn login_of<'a>(&'a self, caller: &'a ServeCaller, writes: bool) -> &'a str {
        let own = self.pool(if writes { caller.right } else { CallerRight::Read });
        caller.login.as_deref().unwrap_or_else(|| own.login())
    }

    /// Returns the connections that are in use.
    pub(crate) fn used_connections(&self) -> usize {
        self.pools().map(|pool| pool.connections().used).sum()
    }

    /// Returns `true` if the last look at the catalogs was answered.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    /// Returns `true` if a relation of this name is exposed, as far as the catalogs are known.
    pub(crate) fn exposes(&self, name: &str) -> bool {
        let known = self.catalog.read();
        known.as_ref().is_some_and(|(_, catalog)| catalog.relations().any(|one| one.name == name))
    }

    /// Returns the catalog. A request that comes before the first look waits for its end, but no longer than for a statement.
    pub async fn catalog(&self) -> HttpResult<Arc<ServedCatalog>> {
        if let Some((_, known)) = &*self.catalog.read() {
            return Ok(known.clone());
        }
        let found = tokio::time::timeout(self.exposure.limits.timeout, self.first_look()).await;
        found.unwrap_or_else(|_| Err(no_catalog()))
    }

    /// Returns what the last look found, or looks for the first time.
    async fn first_look(&self) -> HttpResult<Arc<ServedCatalog>> {
        let mut last = self.looking.lock().await;
        match &*last {
            Some((_, found)) => found.clone(),
            None => self.look_and_remember(&mut last).await,
        }
    }

    /// Looks at the catalogs. One looks at a time: those that waited for it get what it found.
    pub async fn refresh(&self) -> HttpResult<Arc<ServedCatalog>> {
        let asked = Instant::now();
        let mut last = self.looking.lock().await;
        if let Some((ended, found)) = &*last
            && *ended >= asked
        {
            return found.clone();
        }
        self.look_and_remember(&mut last).await
    }

    async fn look_and_remember(&self, last: &mut Option<CatalogLook>) -> HttpResult<Arc<ServedCatalog>> {
        let found = self.look().await;
        self.is_ready.store(found.is_ok(), Ordering::Release);
        *last = Some((Instant::now(), found.clone()));
        found
    }

    /// Compares the catalogs with the known ones, and reads them where they differ.
    async fn look(&self) -> HttpResult<Arc<ServedCatalog>> {
        let fingerprint = self.text(&statements::fingerprint(&self.exposure.schemas)).await?;
        let known = self.catalog.read().clone();
        if let Some((_, catalog)) = known.filter(|(known, _)| *known == fingerprint) {
            return Ok(catalog);
        }
        let exposure = &self.exposure;
        let json =
            self.text(&statements::read(&exposure.schemas, &exposure.functions, &exposure.cache)).await?;
        let mut catalog = ServedCatalog::parse(&json, &self.exposure).map_err(|error| {
            tracing::warn!("the catalogs of {} cannot be read: {error}", self.name);
            no_catalog()
        })?;
        catalog.version.clone_from(&fingerprint);
        for one in catalog.uncached() {
            tracing::warn!("{}: no answer of {} is kept: {}", self.name, one.relation, one.why);
        }
        let catalog = Arc::new(catalog);
        // Their statements were judged by the previous catalogs.
        self.pools().for_each(LoginPool::renew);
        self.guard.forget();
        self.cache.forget();
        *self.catalog.write() = Some((fingerprint, catalog.clone()));
        Ok(catalog)
    }

    async fn text(&self, question: &Statement) -> HttpResult<String> {
        let rows = ask(&self.own, question, &[]).await?.map_err(|error| {
            tracing::warn!(
                "the catalogs of {} cannot be read: {}",
                self.name,
                error.answer(true, false).code
            );
            no_catalog()
        })?;
        Ok(rows
            .first()
            .and_then(|row| row.try_get::<_, Option<String>>(0).ok().flatten())
            .unwrap_or_default())
    }

    /// Removes the answers that are kept for idempotency keys and have expired: each login those of its own.
    async fn expire(&self) {
        for pool in self.further.values().chain([&self.write]) {
            let removed = loop {
                match in_own_transaction(pool, &idempotency::expire(), &[]).await {
                    Ok(Ok(idempotency::EXPIRED_AT_ONCE)) => {}
                    ended => break ended,
                }
            };
            // A login that only reads keeps no answers.
            if let Ok(Err(error)) = removed {
                tracing::debug!("no answer of {} was removed: {}", self.name, error.answer(true, false).code);
            }
        }
    }

    /// Follows migrations, and removes expired answers, until the service is dropped.
    pub async fn follow(self: Arc<Self>) {
        let mut expired = Instant::now();
        loop {
            let begun = Instant::now();
            if let Err(error) = self.refresh().await {
                tracing::debug!("the catalogs of {} could not be compared: {}", self.name, error.message);
            }
            // Catalogs that take long are read half of the time at most.
            tokio::time::sleep(INTERVAL.max(begun.elapsed())).await;
            if self.exposure.records.keys && expired.elapsed() >= EXPIRY {
                self.expire().await;
                expired = Instant::now();
            }
            self.replicas.look(&self.own).await;
        }
    }
}

/// Returns the answer where the catalogs cannot be read.
fn no_catalog() -> HttpError {
    HttpError::new(503, "PGRST002", "Could not query the database for the schema cache. Retrying.")
        .header("Retry-After", "1")
}
