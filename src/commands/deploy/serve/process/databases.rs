//! Settings and passwords of the services, from the manifest and the secret store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;

use crate::app::App;
use martydb_manifest::ReplicaRole;
use martydb_model::contract::REFINERY_TABLE;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::{AccessRole, DesiredService, RoleName, ServerName, ServiceExposure};
use martydb_pg::server::{Access, Endpoint};
use martydb_secrets::CredentialKey;
use martydb_serve::{
    ExposedFunctions, LoginPool, LoginTarget, RecordOptions, ReplicaTargets, RequestLimits, ServedDatabase,
    ServedExposure, ServerBreaker, ServerConnector,
};

/// Parts that the services of a process share, also across reloads.
#[derive(Default)]
pub(crate) struct SharedParts {
    servers: BTreeMap<String, SharedServer>,
    /// Connection of the monitor's login to each server.
    monitors: BTreeMap<String, LoginPool>,
    /// Notified when a server rejects a password: the store may have a newer one.
    pub renewals: Arc<Notify>,
}

/// A server, as all its services share it: what one finds out, the others need not try.
#[derive(Clone)]
struct SharedServer {
    connector: ServerConnector,
    breaker: Arc<ServerBreaker>,
}

impl SharedParts {
    /// Returns the entry of a server; a changed endpoint creates a new entry.
    fn server(&mut self, name: &str, endpoint: &Endpoint) -> Result<SharedServer> {
        if let Some(known) = self.servers.get(name).filter(|known| known.connector.connects_to(endpoint)) {
            return Ok(known.clone());
        }
        let server = SharedServer { connector: ServerConnector::new(endpoint)?, breaker: Arc::default() };
        // The pool uses the old endpoint.
        self.monitors.remove(name);
        self.servers.insert(name.to_owned(), server.clone());
        Ok(server)
    }

    /// Reads settings and passwords of the services.
    pub(crate) async fn databases(
        &mut self,
        app: &App,
        services: &[(DesiredService, ServiceExposure)],
    ) -> Result<Vec<ServedDatabase>> {
        let mut databases = vec![];
        for (service, exposure) in services {
            databases.push(self.database(app, service, exposure).await?);
        }
        Ok(databases)
    }

    /// Reads settings and passwords of a service.
    pub(crate) async fn database(
        &mut self,
        app: &App,
        service: &DesiredService,
        exposure: &ServiceExposure,
    ) -> Result<ServedDatabase> {
        let further = further_logins(app, service);
        let passwords = passwords(app, service, exposure, &further).await?;
        let access = app.access(&service.server).await?;
        let logins = ServedLogins { service, exposure, passwords };
        let server = self.server(&service.server, &access.endpoint)?;
        let shared = (&server, &self.renewals);
        if monitor_login(app, &service.server).is_none() {
            self.monitors.remove(&service.server);
        } else if !self.monitors.contains_key(&service.server)
            && let Some(found) = monitor(app, &service.server, &access, shared).await?
        {
            self.monitors.insert(service.server.clone(), found);
        }
        let monitor = self.monitors.get(&service.server).cloned();
        let target = |role: &RoleName, reads_only| logins.target(role, reads_only, shared);
        let targets = (target(&exposure.reader, true), target(&exposure.writer, false));
        let others = further.iter().map(|login| target(login, true)).collect();
        let replicas = self.replicas(app, &logins, &further)?;
        Ok(ServedDatabase {
            name: service.name.to_string(),
            server: service.server.clone(),
            exposure: served_exposure(service, exposure),
            read: targets.0,
            write: targets.1,
            // Reads must not write; a write begins its transaction with READ WRITE.
            further: others,
            monitor,
            replicas,
        })
    }

    /// Returns the logins at the replicas that applications read at.
    fn replicas(
        &mut self,
        app: &App,
        logins: &ServedLogins<'_>,
        further: &BTreeSet<RoleName>,
    ) -> Result<Vec<ReplicaTargets>> {
        let server = &logins.service.server;
        let declared = app.manifest.servers[server].replicas_as(ReplicaRole::Read);
        let read = declared.filter(|_| logins.exposure.reads_at_replicas());
        let mut replicas = vec![];
        for replica in read {
            let there = self.server(&format!("{server} {}", replica.name), &replica.url.endpoint())?;
            let at = |role: &RoleName| logins.target(role, true, (&there, &self.renewals));
            replicas.push(ReplicaTargets {
                name: replica.name.clone(),
                read: at(&logins.exposure.reader),
                further: further.iter().map(at).collect(),
                max_lag: replica.max_lag,
            });
        }
        Ok(replicas)
    }
}

/// Returns the monitor's login on a server, if the manifest declares it.
fn monitor_login(app: &App, server: &str) -> Option<AccessRole> {
    app.manifest.desired(server).access.into_values().find(|role| role.monitors)
}

/// Logins of a service with what they need.
struct ServedLogins<'a> {
    service: &'a DesiredService,
    exposure: &'a ServiceExposure,
    passwords: BTreeMap<RoleName, SecretString>,
}

/// The server, and the channel that reports rejected passwords.
type SharedByPools<'a> = (&'a SharedServer, &'a Arc<Notify>);

impl ServedLogins<'_> {
    fn target(
        &self,
        role: &RoleName,
        reads_only: bool,
        (server, renewals): SharedByPools<'_>,
    ) -> LoginTarget {
        let (service, exposure) = (self.service, self.exposure);
        LoginTarget {
            connector: server.connector.clone(),
            database: service.database.to_string(),
            role: role.to_string(),
            password: self.passwords.get(role).cloned(),
            schemas: exposure.schemas.iter().chain(&service.search_path).map(ToString::to_string).collect(),
            timeout: exposure.timeout,
            reads_only,
            connections: usize::from(exposure.connections),
            wait: exposure.wait,
            breaker: server.breaker.clone(),
            renewals: renewals.clone(),
            is_own: false,
        }
    }
}

/// Most time of a statement about a server's statistics.
const STATISTICS: Duration = Duration::from_secs(5);

/// Returns a pool of the monitor's login, if the manifest has one and it was created.
async fn monitor(
    app: &App,
    server: &ServerName,
    access: &Access,
    (shared, renewals): SharedByPools<'_>,
) -> Result<Option<LoginPool>> {
    let Some((role, password)) = monitor_password(app, server).await? else { return Ok(None) };
    let target = LoginTarget {
        connector: shared.connector.clone(),
        database: access.maintenance.clone(),
        role: role.to_string(),
        password: Some(password),
        schemas: vec!["pg_catalog".into()],
        timeout: STATISTICS,
        reads_only: true,
        connections: 1,
        wait: STATISTICS,
        breaker: shared.breaker.clone(),
        renewals: renewals.clone(),
        is_own: true,
    };
    LoginPool::new(&target).map(Some)
}

async fn monitor_password(app: &App, server: &ServerName) -> Result<Option<(RoleName, SecretString)>> {
    let Some(login) = monitor_login(app, server) else { return Ok(None) };
    let Some(key) = CredentialKey::of_access(server, &login) else { return Ok(None) };
    let secrets = app.store.read_present(&[key]).await?;
    let password = secrets.get(server, &login.name).filter(|password| !password.expose_secret().is_empty());
    Ok(password.map(|password| (login.name.clone(), password.clone())))
}

/// Returns the passwords of all logins of a service as the store has them now, by login.
pub(crate) async fn current_passwords(
    app: &App,
    service: &DesiredService,
    exposure: &ServiceExposure,
) -> Result<BTreeMap<String, SecretString>> {
    let mut all = passwords(app, service, exposure, &further_logins(app, service)).await?;
    all.extend(monitor_password(app, &service.server).await?);
    Ok(all.into_iter().map(|(role, password)| (role.to_string(), password)).collect())
}

fn served_exposure(service: &DesiredService, exposure: &ServiceExposure) -> ServedExposure {
    let mut hide = exposure.hide.clone();
    // Events are the relay's, and no rows of the service, unless the manifest says so.
    let outbox = service.outbox.as_ref().map(|outbox| outbox.table.clone());
    hide.extend(outbox.filter(|table| !exposure.only.contains(table)));
    // Default privileges give the reading login SELECT on it; it is not a collection.
    hide.insert(REFINERY_TABLE.into());
    let limits = RequestLimits {
        most: exposure.limits,
        timeout: exposure.timeout,
        aggregates: exposure.aggregates,
        cost: exposure.cost,
        slow: exposure.slow,
    };
    ServedExposure {
        schemas: exposure.schemas.iter().map(ToString::to_string).collect(),
        only: exposure.only.clone(),
        hide,
        functions: ExposedFunctions::Listed(exposure.functions.clone()),
        limits,
        transactions: exposure.transactions,
        rollback: exposure.rollback,
        unfiltered_writes: false,
        volatile_reads: false,
        claims: exposure.claims,
        cache: exposure.cache.clone(),
        records: RecordOptions { writes: exposure.audit.writes, reads: exposure.audit.reads, keys: true },
    }
}

/// Returns the logins of `access` that callers of the service get.
fn further_logins(app: &App, service: &DesiredService) -> BTreeSet<RoleName> {
    let own = app.manifest.serve.callers_of(&service.name);
    own.filter_map(|(_, caller)| caller.login.clone()).collect()
}

async fn passwords(
    app: &App,
    service: &DesiredService,
    exposure: &ServiceExposure,
    further: &BTreeSet<RoleName>,
) -> Result<BTreeMap<RoleName, SecretString>> {
    let desired = app.manifest.desired(&service.server);
    let roles = || exposure.own_logins().into_iter().chain(further);
    let keys =
        roles().filter_map(|role| CredentialKey::of_access(&service.server, desired.access.get(role)?));
    let secrets = app.store.read(&keys.collect::<Vec<_>>()).await?;
    let mut passwords = BTreeMap::new();
    for role in roles() {
        let password =
            secrets.get(&service.server, role).filter(|password| !password.expose_secret().is_empty());
        let password = password.cloned().ok_or_else(|| {
            let message = format!("the secret store has no password of {role}");
            Error::new(Kind::Unreachable, message)
                .hint(format!("run `martydb apply --service {}`: it creates the login", service.name))
        })?;
        passwords.insert(role.clone(), password);
    }
    Ok(passwords)
}
