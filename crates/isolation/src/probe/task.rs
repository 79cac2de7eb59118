//! Input of a run of probes: the logins and the databases of one server.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use secrecy::SecretString;

use super::verdict::AccessPolicy;
use martydb_catalog::StoredPasswords;
use martydb_model::{
    AccessLevel, AccessRole, DatabaseKind, DbName, DesiredServer, DesiredService, MONITOR_SERVICE, RoleKind,
    RoleName, ServerName, ServiceName,
};
use martydb_pg::server::{Access, Endpoint, Login};
use martydb_pg::wire::ATTEMPT_TIMEOUT;
use martydb_secrets::Secrets;

/// Duration of an attempt on the same machine or in the same data center, with SCRAM.
const NEAR: Duration = Duration::from_millis(10);

/// One login of a service. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct ProbeLogin {
    pub service: ServiceName,
    pub kind: RoleKind,
    pub role: RoleName,
    /// Database to which it may connect, or the first of them.
    pub database: DbName,
    /// Other databases to which it may connect.
    pub also: Vec<DbName>,
    /// Set for a further login, whose privileges inside a database come from the manifest instead of the contract.
    pub further: bool,
    /// Set if the manifest lets it follow changes, so the server accepts its replication connections.
    pub replicates: bool,
    /// Stored password. Without one, it can log in only if the server does not ask for one.
    pub password: Option<SecretString>,
}

impl ProbeLogin {
    /// Makes a login of the contract, which may connect to the database of its service.
    pub fn new(
        service: ServiceName,
        kind: RoleKind,
        role: RoleName,
        database: DbName,
        password: Option<SecretString>,
    ) -> ProbeLogin {
        ProbeLogin {
            service,
            kind,
            role,
            database,
            also: vec![],
            further: false,
            replicates: false,
            password,
        }
    }

    pub fn login(&self) -> Login {
        Login::of_service(self.role.as_str(), self.password.clone())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeDatabase {
    pub name: DbName,
    /// `datallowconn`; a database that accepts no connections is listed, not probed.
    pub allow_connections: bool,
    pub kind: DatabaseKind,
    pub policy: AccessPolicy,
}

/// Input of one run. Rows are in the order of `logins`, and within each in that of `databases`.
#[derive(Debug, Clone)]
pub struct Task {
    pub server: ServerName,
    pub endpoint: Endpoint,
    pub logins: Vec<ProbeLogin>,
    pub databases: Vec<ProbeDatabase>,
    /// Attempts at a time; see [`Capacity::share`](martydb_model::Capacity::share).
    pub concurrency: usize,
    /// Most attempts at a time, for a server with a slow network.
    pub most: usize,
    /// Timeout of one attempt, usually [`ATTEMPT_TIMEOUT`].
    pub timeout: Duration,
    /// Longest wait for a free connection.
    pub patience: Duration,
    pub selection: ProbeSelection,
}

/// Databases at which the logins of a task are tried in addition to their own.
#[derive(Debug, Clone, Default)]
pub enum ProbeSelection {
    #[default]
    All,
    /// Those of each login, by their index in `databases`.
    Chosen(Vec<Vec<usize>>),
}

impl Task {
    /// Makes a task with the logins of these services, all of them on this server, and without databases.
    pub fn new(
        access: &Access,
        desired: &DesiredServer,
        services: &[DesiredService],
        secrets: &Secrets,
        concurrency: usize,
    ) -> Task {
        let mut further: HashMap<ServiceName, Vec<ProbeLogin>> = HashMap::new();
        for login in further_logins(desired, services, secrets) {
            further.entry(login.service.clone()).or_default().push(login);
        }
        // In addition to those of their service.
        let of = |service: &DesiredService| {
            let extra = further.get(&service.name).into_iter().flatten().cloned();
            logins(service, secrets).into_iter().chain(extra).collect::<Vec<_>>()
        };
        Task {
            server: access.server.clone(),
            endpoint: access.endpoint.clone(),
            logins: services.iter().flat_map(of).chain(monitor(access, desired, secrets)).collect(),
            databases: vec![],
            concurrency,
            most: concurrency,
            timeout: ATTEMPT_TIMEOUT,
            patience: access.patience,
            selection: ProbeSelection::All,
        }
    }

    /// Returns the same task with the contract's logins of these services in place of its own.
    pub(crate) fn of_logins(&self, services: &[DesiredService], secrets: &Secrets) -> Task {
        let logins = services.iter().flat_map(|service| logins(service, secrets)).collect();
        Task { logins, ..self.clone() }
    }

    /// Returns the number of attempts at a time that keeps a server as busy as
    /// [`concurrency`](Task::concurrency) does at 10 ms per attempt: the latency of the network costs the
    /// server nothing. `quickest` is the shortest attempt, in which none waited for another.
    pub fn in_flight(&self, quickest: Duration) -> usize {
        let times = usize::try_from(quickest.as_millis() / NEAR.as_millis()).unwrap_or(usize::MAX);
        self.concurrency.saturating_mul(times).clamp(self.concurrency, self.most.max(self.concurrency))
    }

    /// Returns the databases at which a login, by its index, is tried in addition to its own, by their index in
    /// `databases`.
    pub fn others(&self, login: usize) -> Vec<usize> {
        match &self.selection {
            ProbeSelection::All => self.foreign(login),
            ProbeSelection::Chosen(chosen) => chosen[login].clone(),
        }
    }

    /// Returns every database that is not the login's own and accepts connections.
    pub fn foreign(&self, login: usize) -> Vec<usize> {
        (0..self.databases.len()).filter(|index| self.is_foreign(login, *index)).collect()
    }

    fn is_foreign(&self, login: usize, index: usize) -> bool {
        let (login, database) = (&self.logins[login], &self.databases[index]);
        // Test databases are the service's own.
        let is_own = matches!(&database.kind, DatabaseKind::Service(service) if *service == login.service);
        database.allow_connections
            && !is_own
            && database.name != login.database
            && !login.also.contains(&database.name)
    }

    /// Returns the passwords that texts on the server are searched for.
    pub(crate) fn stored_passwords(&self) -> StoredPasswords {
        let stored = |login: &ProbeLogin| Some((login.service.to_string(), login.password.clone()?));
        StoredPasswords::new(self.logins.iter().filter_map(stored))
    }
}

fn logins(service: &DesiredService, secrets: &Secrets) -> Vec<ProbeLogin> {
    let login = |kind| {
        let role = service.role(kind);
        let known = secrets.current(&service.server, role);
        let (role, password) =
            known.map_or((role.clone(), None), |(login, known)| (login, Some(known.clone())));
        ProbeLogin::new(service.name.clone(), kind, role, service.database.clone(), password)
    };
    RoleKind::LOGINS.into_iter().map(login).collect()
}

/// Returns further logins that may use one of the services and whose passwords are stored: others are not ours
/// to try.
fn further_logins(
    desired: &DesiredServer,
    services: &[DesiredService],
    secrets: &Secrets,
) -> Vec<ProbeLogin> {
    let (chosen, all) = (users(services), users(desired.services.values()));
    let login = |declared: &AccessRole| {
        let role = &declared.name;
        let password = secrets.get(&desired.name, role)?;
        let first = chosen.get(role)?.first()?;
        let writes = |level| matches!(level, AccessLevel::Write | AccessLevel::Like(RoleKind::App));
        let may_write = first.access.iter().any(|grant| grant.role == *role && writes(grant.level));
        let all = all.get(role).into_iter().flatten().map(|service| service.database.clone());
        Some(ProbeLogin {
            service: first.name.clone(),
            kind: if may_write { RoleKind::App } else { RoleKind::Readonly },
            role: role.clone(),
            database: first.database.clone(),
            also: all.filter(|name| *name != first.database).collect(),
            further: true,
            replicates: declared.follows_changes(),
            password: Some(password.clone()),
        })
    };
    let logins = desired.access.values().filter(|role| role.login && !role.expired);
    logins.filter_map(login).collect()
}

/// Returns the services that each further role may use.
fn users<'s>(
    services: impl IntoIterator<Item = &'s DesiredService>,
) -> HashMap<&'s RoleName, Vec<&'s DesiredService>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for service in services {
        let roles: BTreeSet<&RoleName> = service.access.iter().map(|grant| &grant.role).collect();
        roles.into_iter().for_each(|role| found.entry(role).or_default().push(service));
    }
    found
}

/// Returns the login of `martydb monitor`, whose own database is the maintenance database.
fn monitor(access: &Access, desired: &DesiredServer, secrets: &Secrets) -> Option<ProbeLogin> {
    let role = desired.access.values().find(|role| role.monitors)?;
    let service = ServiceName::new(MONITOR_SERVICE).ok()?;
    let database = DbName::found(access.maintenance.clone()).ok()?;
    let password = secrets.get(&desired.name, &role.name)?.clone();
    let login = ProbeLogin::new(service, RoleKind::Readonly, role.name.clone(), database, Some(password));
    Some(ProbeLogin { further: true, ..login })
}
