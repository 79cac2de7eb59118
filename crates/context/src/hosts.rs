//! Choice among several hosts of a server. It is made once and used for all connections of the run, so a failover
//! in between is an error instead of work on two servers.

use secrecy::SecretString;

use super::Context;
use martydb_manifest::ServerUrl;
use martydb_model::RoleKind;
use martydb_model::error::Result;
use martydb_pg::server::Login;
use martydb_pg::server::hosts::{ChosenHost, HostCandidate, choose};

impl Context {
    /// Returns the URL with the host of this run. The admin connects to choose it, with `typed` if its password was
    /// typed; a service's login does so if no password of the admin is known.
    pub(crate) async fn located(
        &self,
        server: &str,
        url: &ServerUrl,
        typed: Option<&SecretString>,
    ) -> Result<ServerUrl> {
        if url.others.is_empty() {
            return Ok(url.clone());
        }
        // Held while the hosts are tried: every service of the server waits for the same answer.
        let mut pinned = self.servers.pinned.lock().await;
        if let Some(number) = pinned.get(server) {
            return Ok(url.at(*number));
        }
        let mut candidates = vec![];
        for one in url.each() {
            let password = typed.cloned().or_else(|| self.admin_password(server, &one));
            let known = password.is_some();
            let admin = Login::of_admin(one.user.clone(), password).requiring(one.require_auth.as_ref());
            let mut logins = vec![(admin, one.database.clone())];
            if !known {
                logins.extend(self.any_login(server).await);
            }
            candidates.push(HostCandidate { endpoint: one.endpoint(), logins });
        }
        match choose(server, &candidates, url.target).await? {
            ChosenHost::Fits(number) => {
                pinned.insert(server.to_owned(), number);
                tracing::info!("server {server}: this run uses {}", candidates[number].endpoint);
                Ok(url.at(number))
            }
            ChosenHost::Unknown(number) => Ok(url.at(number)),
        }
    }

    async fn any_login(&self, server: &str) -> Option<(Login, String)> {
        let service = self.manifest.services.values().find(|service| service.server == server)?;
        let secrets = self.secrets(std::slice::from_ref(service)).await.ok()?;
        let login = self.login(service, RoleKind::App, &secrets).ok()?;
        Some((login, service.database.to_string()))
    }
}
