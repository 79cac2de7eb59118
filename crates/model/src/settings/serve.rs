//! The data service: what a service exposes, its two logins, and who may call.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::serve_limits::ServeLimits;
use crate::{DeclaredAudit, RoleName, SchemaName, ServiceName};

/// A service's `serve:` with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceExposure {
    /// Login of reads, `<service>_serve_ro`.
    pub reader: RoleName,
    /// Login of writes, `<service>_serve`.
    pub writer: RoleName,
    /// Exposed schemas, the default one first.
    pub schemas: Vec<SchemaName>,
    /// Exposed relations; empty for all.
    pub only: BTreeSet<String>,
    /// Relations that are not exposed.
    pub hide: BTreeSet<String>,
    /// Most connections of a process with each login.
    pub connections: u16,
    /// Longest wait for a free connection.
    pub wait: Duration,
    pub limits: ServeLimits,
    pub timeout: Duration,
    /// Statements slower than this are logged.
    pub slow: Duration,
    /// Functions that callers may call.
    pub functions: BTreeSet<String>,
    /// `true` if callers may ask for aggregates.
    pub aggregates: bool,
    /// Largest planner cost of a statement.
    pub cost: Option<u64>,
    /// Limits of transactions of several requests, if they are allowed.
    pub transactions: Option<TransactionTimes>,
    /// `true` if code of the service sees the caller's claims.
    pub claims: bool,
    /// `true` if callers may ask that a write is rolled back.
    pub rollback: bool,
    pub audit: DeclaredAudit,
    /// Tables whose answers are kept, with the longest time for which one is.
    pub cache: BTreeMap<String, Duration>,
    /// Logins of `access` by which callers write.
    pub further_writers: BTreeSet<RoleName>,
    /// Logins of `access` by which callers read only.
    pub further_readers: BTreeSet<RoleName>,
}

/// Times of a transaction of several requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionTimes {
    /// Between two requests.
    pub idle: Duration,
    /// From its beginning to its end.
    pub total: Duration,
}

impl ServiceExposure {
    /// Returns its own two logins, which `apply` creates.
    pub fn own_logins(&self) -> [&RoleName; 2] {
        [&self.writer, &self.reader]
    }

    /// Returns `true` if callers may read at replicas: a record of a read is written, and that at the primary.
    pub fn reads_at_replicas(&self) -> bool {
        !self.audit.reads
    }

    /// Returns the login of a caller.
    pub fn login_of<'a>(&'a self, caller: &'a DeclaredCaller) -> &'a RoleName {
        let own = if caller.writes { &self.writer } else { &self.reader };
        caller.login.as_ref().unwrap_or(own)
    }

    /// Returns the logins that may keep answers for idempotency keys.
    pub(crate) fn answering_logins(&self) -> impl Iterator<Item = &RoleName> {
        [&self.writer].into_iter().chain(&self.further_writers)
    }

    /// Returns the logins whose answers are kept.
    pub(crate) fn caching_logins(&self) -> impl Iterator<Item = &RoleName> {
        let all = [&self.reader].into_iter().chain(&self.further_readers).chain(&self.further_writers);
        all.filter(|_| !self.cache.is_empty())
    }

    /// Returns the logins by which callers read only.
    pub(crate) fn reading_logins(&self) -> impl Iterator<Item = &RoleName> {
        [&self.reader].into_iter().chain(&self.further_readers)
    }

    /// Returns the logins that write to the audit.
    pub(crate) fn audited_logins(&self) -> impl Iterator<Item = &RoleName> {
        let readers = self.reading_logins().filter(|_| self.audit.reads);
        self.answering_logins().filter(|_| self.audit.records()).chain(readers)
    }
}

/// The top level's `serve:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeSettings {
    pub listen: SocketAddr,
    pub tls: Option<ListenerFiles>,
    pub tokens: Option<DeclaredTokens>,
    /// Origins of pages that may read answers, or `*` for any.
    pub origins: Vec<String>,
    /// Folder of `swagger-ui-dist`, for the page that shows the OpenAPI document.
    pub docs: Option<PathBuf>,
    /// Limits of the process.
    pub limits: ServeLimits,
    /// Callers that prove who they are, by name.
    pub callers: BTreeMap<String, DeclaredCaller>,
    /// Callers for requests without a key, by their services.
    pub anonymous: BTreeMap<ServiceName, DeclaredCaller>,
}

/// Files of the listener's TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Authorities of callers that prove themselves by a certificate.
    pub client_authority: Option<PathBuf>,
}

/// Tokens that the data service accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredTokens {
    pub keys: TokenKeys,
    pub audience: String,
    /// Claim that names the caller.
    pub caller_claim: String,
}

/// Keys that verify tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKeys {
    /// A file with a JSON Web Key Set.
    Set(PathBuf),
    /// An environment variable with a shared secret.
    Secret(String),
}

/// Port of the data service.
const PORT: u16 = 8480;

/// Name of the callers that stand for requests without a key, one for each service.
pub const ANONYMOUS: &str = "anonymous";

impl ServeSettings {
    /// Returns all callers with their names.
    pub fn all_callers(&self) -> impl Iterator<Item = (&str, &DeclaredCaller)> {
        let named = self.callers.iter().map(|(name, caller)| (name.as_str(), caller));
        named.chain(self.anonymous.values().map(|caller| (ANONYMOUS, caller)))
    }

    /// Returns the callers of a service with their names.
    pub fn callers_of<'a>(
        &'a self,
        service: &'a ServiceName,
    ) -> impl Iterator<Item = (&'a str, &'a DeclaredCaller)> {
        self.all_callers().filter(move |(_, caller)| caller.service == *service)
    }
}

impl Default for ServeSettings {
    fn default() -> ServeSettings {
        ServeSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], PORT)),
            tls: None,
            tokens: None,
            origins: vec![],
            docs: None,
            limits: ServeLimits::default(),
            callers: BTreeMap::new(),
            anonymous: BTreeMap::new(),
        }
    }
}

/// A caller of the data service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredCaller {
    pub service: ServiceName,
    pub writes: bool,
    /// Login of `access` that its requests get; `None` for the service's own two.
    pub login: Option<RoleName>,
    /// Environment variable with its key; default: the secret store has the key's digest.
    pub key_env: Option<String>,
    /// Name in its certificate, if it proves itself by one; `None` for the caller without a key.
    pub san: Option<String>,
    /// Requests, and units of cost, for each second; `None` for any number.
    pub rate: Option<u32>,
    pub cost: Option<u32>,
}

impl DeclaredCaller {
    /// Returns a caller with the service's own two logins.
    pub fn writing(service: ServiceName) -> DeclaredCaller {
        DeclaredCaller {
            service,
            writes: true,
            login: None,
            key_env: None,
            san: None,
            rate: None,
            cost: None,
        }
    }
}
