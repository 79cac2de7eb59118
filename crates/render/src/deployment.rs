//! Map of the deployment, derived from the manifest: servers, services, and their connections. Every target is
//! written from it.
//!
//! Network paths and database privileges have the same source, [`entitled`]: a service's programs can connect to a
//! database if and only if the manifest gives them a login there.

mod ambiguity;
mod serving;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::location::{embedded, host_in, unnamed_password};
use super::redis::{self, RedisNode};
use martydb_manifest::{FurtherLogin, Manifest, ServerLocation, ServerUrl};
use martydb_model::deploy::{ServerDeployment, ServicePods, Workload, label};
use martydb_model::error::{Error, Result};
use martydb_model::{AccessRole, DbName, DesiredService, Outbox, ServiceName};
use martydb_secrets::CredentialKey;
use martydb_secrets::credentials;

pub(crate) use serving::ReplicaNode;

/// Paths of the project's files, for targets that refer to them.
#[derive(Debug, Clone)]
pub struct ProjectPaths {
    /// Path from the rendered file's folder to the manifest's.
    pub from_file: String,
    /// Path from the repository's root to the manifest's folder; `.` if they are the same.
    pub in_repository: String,
}

pub struct DeploymentPlan<'a> {
    pub manifest: &'a Manifest,
    pub places: ProjectPaths,
    pub namespace: String,
    pub servers: Vec<ServerNode<'a>>,
    /// Server to which the map was restricted.
    pub only: Option<&'a str>,
    pub redis: Vec<RedisNode<'a>>,
    pub services: Vec<ServiceNode<'a>>,
    /// Logins of services, then further logins.
    pub logins: Vec<LoginNode<'a>>,
    /// Contents of the Compose file to merge, only for Compose.
    pub extra: Option<Value>,
}

/// A server of the manifest.
pub struct ServerNode<'a> {
    pub name: &'a str,
    pub url: &'a ServerUrl,
    pub deploy: &'a ServerDeployment,
    /// Host name for its clients if it is deployed with them; `None` for an external server.
    pub host: Option<String>,
    /// Variable with the admin's password, for martydb.
    pub password_variable: String,
    /// Services whose programs may log in to it.
    pub clients: BTreeSet<&'a ServiceName>,
}

impl ServerNode<'_> {
    /// Returns the name of the Kubernetes Secret with the admin's password.
    pub(crate) fn admin_secret(&self) -> String {
        format!("{}-admin", label(self.name))
    }
}

/// A login whose password is in a Kubernetes Secret.
pub struct LoginNode<'a> {
    pub key: CredentialKey,
    /// Its own service, or the first that a further login may use; otherwise the first on its server.
    pub service: &'a DesiredService,
    /// Its initial database.
    pub database: DbName,
}

/// A service of the manifest.
pub struct ServiceNode<'a> {
    pub service: &'a DesiredService,
    /// Name without `_`, for names that do not allow it.
    pub label: String,
    pub pods: &'a ServicePods,
    /// Services whose databases its programs may connect to, including its own.
    pub databases: BTreeSet<&'a ServiceName>,
}

/// An outbox that a deployed relay publishes.
pub struct OutboxNode<'a> {
    pub service: &'a DesiredService,
    pub outbox: &'a Outbox,
}

/// Returns pairs of a service and a service whose database its programs may connect to.
pub(crate) fn entitled(manifest: &Manifest) -> BTreeSet<(&ServiceName, &ServiceName)> {
    let own = manifest.services.keys().map(|name| (name, name));
    let further = manifest.services.values().flat_map(|service| {
        let roles = manifest.access.get(&service.server);
        let granted = service.access.iter().filter_map(move |grant| roles?.get(&grant.role));
        granted.filter_map(AccessRole::user).map(|user| (user, &service.name))
    });
    own.chain(further).collect()
}

impl<'a> DeploymentPlan<'a> {
    /// Creates a map for a target that refers to no server and deploys nothing.
    pub fn without_servers(manifest: &'a Manifest, places: ProjectPaths) -> DeploymentPlan<'a> {
        DeploymentPlan {
            manifest,
            places,
            namespace: label(&manifest.project),
            servers: vec![],
            only: None,
            redis: vec![],
            services: vec![],
            logins: vec![],
            extra: None,
        }
    }

    /// Creates the map.
    ///
    /// # Errors
    /// If a server has no address for its clients, or deployed names are ambiguous.
    pub fn new(manifest: &'a Manifest, places: ProjectPaths) -> Result<DeploymentPlan<'a>> {
        let entitled = entitled(manifest);
        let namespace = manifest.deploy.namespace.clone().unwrap_or_else(|| label(&manifest.project));
        if namespace.is_empty() {
            return Err(Error::manifest(format!(
                "cannot derive a Kubernetes namespace from project \"{}\"",
                manifest.project
            ))
            .hint("name one: deploy: { namespace: shop }"));
        }
        let servers = manifest.servers.keys().map(|name| server(manifest, name, &namespace, &entitled));
        let servers = servers.collect::<Result<Vec<_>>>()?;
        let redis = redis::nodes(manifest, &namespace)?;
        let services = manifest.services.values().map(|service| {
            let own = entitled.iter().filter(|(client, _)| **client == service.name);
            ServiceNode {
                service,
                label: label(service.name.as_str()),
                pods: &manifest.deploy.services[&service.name],
                databases: own.map(|(_, database)| *database).collect(),
            }
        });
        let (services, logins) = (services.collect(), logins(manifest));
        let nothing = DeploymentPlan::without_servers(manifest, places);
        let plan = DeploymentPlan { namespace, servers, redis, services, logins, ..nothing };
        plan.check_secrets()?;
        plan.check_names()?;
        plan.check_selectors()?;
        Ok(plan)
    }

    /// Leaves out the other servers and their services.
    ///
    /// # Errors
    /// If the manifest has no such server.
    pub fn restrict_to(&mut self, name: &str) -> Result<()> {
        self.servers.retain(|server| server.name == name);
        let Some(server) = self.servers.first() else {
            return Err(Error::usage(format!("the manifest has no server \"{name}\"")));
        };
        self.only = Some(server.name);
        self.services.retain(|node| node.service.server == name);
        self.logins.retain(|login| login.key.server == name);
        Ok(())
    }

    pub fn server(&self, name: &str) -> &ServerNode<'a> {
        self.servers
            .iter()
            .find(|server| server.name == name)
            .expect("every service names a server of the manifest")
    }

    /// Returns the servers that a service's programs may log in to.
    pub fn servers_of(&self, service: &ServiceNode<'_>) -> impl Iterator<Item = &ServerNode<'a>> {
        let name = &service.service.name;
        self.servers.iter().filter(move |server| server.clients.contains(name))
    }

    /// Returns `true` if the monitor is deployed.
    pub(crate) fn runs_monitor(&self) -> bool {
        let monitors = |role: &AccessRole| role.monitors;
        self.manifest.deploy.workloads.contains(&Workload::Monitor)
            && self.manifest.access.values().flat_map(BTreeMap::values).any(monitors)
    }

    /// Returns `true` if a deployed relay serves metrics in the cluster: to the Prometheus that scrapes the monitor, or to
    /// a declared one.
    pub(crate) fn measures_relay(&self) -> bool {
        self.outboxes().next().is_some() && (self.runs_monitor() || self.manifest.deploy.relay.is_some())
    }

    /// Returns the outboxes that a deployed relay publishes.
    pub fn outboxes(&self) -> impl Iterator<Item = OutboxNode<'a>> {
        let deployed = self.manifest.deploy.workloads.contains(&Workload::Relay);
        let services = self.services.iter().map(|node| node.service).filter(move |_| deployed);
        services.filter_map(|service| Some(OutboxNode { service, outbox: service.outbox.as_ref()? }))
    }

    /// Returns `true` if a service declares tables that are partitioned by time.
    pub fn has_partitions(&self) -> bool {
        self.manifest.services.values().any(|service| !service.partitions.is_empty())
    }

    /// Returns `true` if a deployed relay reads an outbox on the server.
    pub(crate) fn has_outbox(&self, server: &ServerNode<'_>) -> bool {
        self.outboxes().any(|node| node.service.server == server.name)
    }
}

/// Returns the workload behind a server's host: the host without the suffix of its Service. CloudNativePG names the
/// Service of a primary `<cluster>-rw`.
pub(crate) fn workload(host: &str) -> &str {
    host.strip_suffix("-rw").or_else(|| host.strip_suffix("-service")).unwrap_or(host)
}

/// Recommended Kubernetes labels for the application's name and its instance:
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>.
pub(crate) const NAME_LABEL: &str = "app.kubernetes.io/name";
pub(crate) const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";

/// Name label of all servers' pods.
pub(crate) const POSTGRES: &str = "postgres";

/// Name label of martydb's pods.
pub(crate) const MARTYDB: &str = "martydb";

/// Platform whose servers are deployed here; those of other platforms are external.
const OPERATOR: &str = "cnpg";

/// Names of objects that belong to no server and no service.
const RESERVED: [&str; 10] = [
    "init-all", "verify-isolation", MARTYDB, MONITOR, RELAY, SERVE, BACKUP, BACKUP_PRUNE, BACKUP_VERIFY,
    PARTITIONS,
];

/// Name of the monitor.
pub(crate) const MONITOR: &str = "martydb-monitor";

/// Name of the relay, and name label of its pods: they have no access to servers without an outbox.
pub(crate) const RELAY: &str = "martydb-relay";

/// Name of the data service, and name label of its pods: they have access to servers with an exposed service alone.
pub(crate) const SERVE: &str = "martydb-serve";

/// Name of the job that makes and removes partitions.
pub(crate) const PARTITIONS: &str = "martydb-partitions";

/// Names of backup jobs.
pub(crate) const BACKUP: &str = "martydb-backup";
pub(crate) const BACKUP_PRUNE: &str = "martydb-backup-prune";
pub(crate) const BACKUP_VERIFY: &str = "martydb-backup-verify";

fn server<'a>(
    manifest: &'a Manifest,
    name: &'a str,
    namespace: &str,
    entitled: &BTreeSet<(&'a ServiceName, &'a ServiceName)>,
) -> Result<ServerNode<'a>> {
    let ServerLocation::Url(url) = &manifest.servers[name].location else {
        return Err(embedded(
            manifest,
            name,
            &format!("postgresql://postgres@postgres-{name}:5432/postgres"),
        ));
    };
    let (deploy, here) = (&manifest.deploy.servers[name], host_in(namespace, &url.host));
    let host = here.filter(|_| {
        url.others.is_empty() && manifest.servers[name].platform.is_none_or(|one| one.name == OPERATOR)
    });
    let clients = entitled.iter().filter(|(_, database)| manifest.services[*database].server == name);
    Ok(ServerNode {
        name,
        url,
        deploy,
        host,
        password_variable: password_variable(manifest, name, url)?,
        clients: clients.map(|(client, _)| *client).collect(),
    })
}

/// Returns the variable from which martydb reads this server's admin password.
fn password_variable(manifest: &Manifest, name: &str, url: &ServerUrl) -> Result<String> {
    let found = credentials::password_variable(url, manifest.servers.len() == 1);
    found.map(str::to_owned).ok_or_else(|| unnamed_password(name))
}

fn logins(manifest: &Manifest) -> Vec<LoginNode<'_>> {
    let own = manifest
        .services
        .values()
        .flat_map(|service| CredentialKey::for_service(service).map(move |key| (key, service)));
    let own = own.map(|(key, service)| LoginNode { key, service, database: service.database.clone() });
    let further = manifest.further_logins_of(manifest.services.values()).filter_map(|login| {
        let FurtherLogin { server, role, service, database } = login;
        Some(LoginNode { key: CredentialKey::of_access(server, role)?, service, database })
    });
    own.chain(further).collect()
}
