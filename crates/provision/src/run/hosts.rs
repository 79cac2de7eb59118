//! Which of several hosts a run goes to: found once, and kept for all of its connections, so that a failover in between
//! is an error and no work on two servers.

use secrecy::SecretString;

use super::Run;
use martydb_config::manifest::ServerUrl;
use martydb_model::RoleKind;
use martydb_model::error::Result;
use martydb_pg::server::Login;
use martydb_pg::server::hosts::{ChosenHost, HostCandidate, choose};

impl Run {
    /// The URL with the host that this run goes to. The admin looks, by `typed` where its password was asked for; a service's
    /// login where no password of the admin is known.
    pub(super) async fn located(
        &self,
        server: &str,
        url: &ServerUrl,
        typed: Option<&SecretString>,
    ) -> Result<ServerUrl> {
        if url.others.is_empty() {
            return Ok(url.clone());
        }
        // Held while the hosts are tried: every service of the server waits for the same answer.
        let mut pinned = self.pinned.lock().await;
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
                tracing::info!("server {server}: this run goes to {}", candidates[number].endpoint);
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
