//! Checks of a deployment's map: no two objects, Secrets or pods are taken for each other.

use std::collections::BTreeMap;

use super::{
    DeploymentPlan, INSTANCE_LABEL, MARTYDB, NAME_LABEL, POSTGRES, RELAY, RESERVED, SERVE, workload,
};
use crate::redis::{self, REDIS};
use martydb_model::error::{Error, Result};

impl DeploymentPlan<'_> {
    /// Requires a separate Secret for each password.
    pub(super) fn check_secrets(&self) -> Result<()> {
        let admins = self
            .servers
            .iter()
            .map(|server| (server.admin_secret(), format!("the admin of server \"{}\"", server.name)));
        let logins = self.logins.iter().map(|login| {
            let whose = format!("\"{}\" on server \"{}\"", login.key.role, login.key.server);
            (login.key.secret_name(), whose)
        });
        let redis_admins = self
            .redis
            .iter()
            .map(|node| (node.admin_secret(), format!("the admin of server \"{}\"", node.server.name)));
        let users = redis::logins(self.manifest).map(|login| {
            (login.key.secret_name(), format!("\"{}\" on server \"{}\"", login.user, login.server.name))
        });
        let mut taken = BTreeMap::new();
        for (name, whose) in admins.chain(logins).chain(redis_admins).chain(users) {
            if let Some(other) = taken.insert(name.clone(), whose.clone()) {
                let message = format!("{other} and {whose} would share the secret \"{name}\"");
                return Err(Error::manifest(message)
                    .hint("rename one of them: a secret's name has - instead of _, and is in lower case"));
            }
        }
        Ok(())
    }

    /// Requires unique names of deployed objects.
    pub(super) fn check_names(&self) -> Result<()> {
        let mut taken: BTreeMap<&str, String> =
            RESERVED.map(|name| (name, "a program of martydb".to_owned())).into();
        let all = || self.servers.iter().map(|server| (server.name, server.host.as_deref()));
        let all = || all().chain(self.redis.iter().map(|node| (&*node.server.name, node.host.as_deref())));
        let servers = all().filter_map(|(name, host)| Some((host?, format!("server \"{name}\""))));
        let services = self
            .services
            .iter()
            .map(|node| (node.label.as_str(), format!("service \"{}\"", node.service.name)));
        for (name, what) in servers.chain(services) {
            if let Some(other) = taken.insert(name, what.clone()) {
                return Err(Error::manifest(format!(
                    "{other} and {what} would both be deployed as \"{name}\""
                ))
                .hint("rename one of them: the name of a service, or the host in the url of a server"));
            }
        }
        let mut workloads = BTreeMap::new();
        for (server, host) in all() {
            let workload = host.map(workload);
            if let Some(other) = workload.and_then(|workload| workloads.insert(workload, server)) {
                let message = format!("the servers \"{other}\" and \"{server}\" would be one workload");
                return Err(Error::manifest(message)
                    .hint("give them hosts that differ in more than -rw or -service at the end"));
            }
        }
        Ok(())
    }

    /// Requires unique selectors: a pod that two services select would have the access of both. A pod that is taken
    /// for a server's or for martydb's would have access to every server.
    pub(super) fn check_selectors(&self) -> Result<()> {
        for node in &self.services {
            let named = |key: &str| node.pods.selector.get(key).map(String::as_str);
            let redis = redis::here(&self.redis).next().map(|_| REDIS);
            let ours = named(NAME_LABEL)
                .is_some_and(|name| [POSTGRES, MARTYDB, RELAY, SERVE].contains(&name) || redis == Some(name));
            if ours || (node.pods.selector.len() == 1 && named(INSTANCE_LABEL).is_some()) {
                let message = format!(
                    "the pods of service \"{}\" could be taken for a server's or martydb's",
                    node.service.name
                );
                return Err(Error::manifest(message).hint(
                    "give them a label of their own, such as deploy: { selector: { app: \"{service}\" } }",
                ));
            }
        }
        for (number, one) in self.services.iter().enumerate() {
            if let Some(other) = self.services[..number].iter().find(|other| other.pods.overlaps(one.pods)) {
                let (one, other) = (&one.service.name, &other.service.name);
                return Err(Error::manifest(format!("a pod could be selected as \"{other}\" and as \"{one}\""))
                    .hint("give both selectors one label with different values, such as deploy: { selector: { app: \"{service}\" } }"));
            }
        }
        Ok(())
    }
}
