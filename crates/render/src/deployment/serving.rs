//! Part of the map that the data service needs: what it exposes, to whom, and the servers and replicas that it reaches, among all
//! replicas.

use super::{DeploymentPlan, ServerNode, ServiceNode};
use martydb_manifest::{Replica, ReplicaRole};
use martydb_model::deploy::Workload;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, ServiceExposure};

/// A replica, with its server.
pub struct ReplicaNode<'p> {
    pub server: &'p ServerNode<'p>,
    pub replica: &'p Replica,
    /// `true` if a deployed data service reads it.
    pub served: bool,
}

impl<'a> DeploymentPlan<'a> {
    /// Returns the services that a deployed data service exposes to a caller.
    pub fn exposed(&self) -> impl Iterator<Item = &ServiceNode<'a>> {
        self.services.iter().filter(|node| self.exposes(node.service))
    }

    fn exposes(&self, service: &DesiredService) -> bool {
        self.manifest.deploy.workloads.contains(&Workload::Serve)
            && service.serve.is_some()
            && self.manifest.serve.callers_of(&service.name).next().is_some()
    }

    /// Returns `true` if the project deploys the data service, whether or not the target has services.
    pub(crate) fn runs_serve(&self) -> bool {
        self.manifest.services.values().any(|service| self.exposes(service))
    }

    /// Returns `true` if the data service is deployed.
    pub fn serves(&self) -> bool {
        self.exposed().next().is_some()
    }

    /// Returns `true` if a deployed data service reaches the server.
    pub(crate) fn has_exposed(&self, server: &ServerNode<'_>) -> bool {
        self.exposed().any(|node| node.service.server == server.name)
    }

    /// Returns the replicas of all servers.
    pub fn replicas(&self) -> impl Iterator<Item = ReplicaNode<'_>> {
        self.servers.iter().flat_map(|server| {
            let mut own = self.exposed().filter(|node| node.service.server == server.name);
            let reads =
                own.any(|node| node.service.serve.as_ref().is_some_and(ServiceExposure::reads_at_replicas));
            self.manifest.servers[server.name].replicas.iter().map(move |replica| {
                let served = reads && replica.role == ReplicaRole::Read;
                ReplicaNode { server, replica, served }
            })
        })
    }

    /// Returns the replicas that a deployed data service reads.
    pub fn served_replicas(&self) -> impl Iterator<Item = ReplicaNode<'_>> {
        self.replicas().filter(|node| node.served)
    }

    /// Returns `true` if the programs of a service are a caller of the data service, which has their name.
    pub(crate) fn is_caller(&self, client: &ServiceNode<'_>) -> bool {
        self.exposed().any(|node| {
            let mut callers = self.manifest.serve.callers_of(&node.service.name);
            callers.any(|(name, _)| name == client.service.name.as_str() || name == client.label)
        })
    }

    /// Checks that the data service can reach its servers: it would end with 2 otherwise.
    ///
    /// # Errors
    /// If one is elsewhere, and its certificate is not verified.
    pub(crate) fn check_server_tls(&self) -> Result<()> {
        let servers = self.servers.iter().filter(|server| self.has_exposed(server));
        let servers = servers.map(|server| (format!("server \"{}\"", server.name), server.url));
        let replicas = self.served_replicas().map(|served| {
            let name =
                format!("replica \"{}\" of the server \"{}\"", served.replica.name, served.server.name);
            (name, &*served.replica.url)
        });
        let mut all = servers.chain(replicas);
        let Some((name, _)) = all.find(|(_, url)| !url.endpoint().is_safe()) else { return Ok(()) };
        let message =
            format!("a deployed data service reaches the {name} only by TLS with a verified certificate");
        let hint = "write sslmode=verify-full into its url, or leave the data service out: deploy: { workloads: [monitor, relay] }";
        Err(Error::manifest(message).hint(hint))
    }
}
