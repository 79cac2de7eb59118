//! Following of all services in parallel: a restarting server is waited for, and a service that fails does not affect
//! the others.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::app::App;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sqlstate;
use martydb_pg::backoff::Backoff;
use martydb_pg::outage::{Outage, OutageChange};
use martydb_pg::server::Access;
use martydb_split::{FollowEnd, SplitService, SplitSides, follow_service, followed_from};

/// Time for which an unreachable server is retried, and the pauses between the tries.
const PATIENCE: Duration = Duration::from_secs(90);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Time after which a followed service counts as connected again.
const SETTLED: Duration = Duration::from_secs(10);

/// Shared database, and how its services are followed.
pub(crate) struct FollowedSource<'a> {
    pub app: &'a App,
    pub access: &'a Access,
    pub database: &'a str,
    pub until_caught_up: bool,
}

impl FollowedSource<'_> {
    /// Follows these services, in the direction of each, until the split is over.
    ///
    /// # Errors
    /// The errors of all services that could not be followed, after the others have ended.
    pub(crate) async fn follow(&self, services: &[SplitService]) -> Result<()> {
        let following = services.iter().filter(|one| followed_from(one.phase).is_some());
        let results = join_all(following.map(|one| self.follow_one(&one.name))).await;
        let errors = results.into_iter().filter_map(Result::err);
        errors.reduce(Error::and_also).map_or(Ok(()), Err)
    }

    async fn follow_one(&self, name: &str) -> Result<()> {
        let service = self.app.service(name)?;
        let Err(error) = self.patiently(service).await else { return Ok(()) };
        if error.kind != Kind::Interrupted {
            tracing::warn!(target: "martydb", "warning: service \"{name}\" is no longer followed: {error}");
        }
        Err(error.while_doing(format!("service \"{name}\" is no longer followed")))
    }

    /// Follows a service, and retries while its servers are unreachable.
    async fn patiently(&self, service: &DesiredService) -> Result<FollowEnd> {
        let mut backoff = Backoff::endless(FIRST_PAUSE, LONGEST_PAUSE);
        let mut outage = Outage::default();
        loop {
            let begun = Instant::now();
            let Err(error) = self.once(service).await else { return Ok(FollowEnd::Over) };
            if begun.elapsed() > SETTLED {
                backoff.reset();
                outage.record(None);
            }
            if !passes(&error) || backoff.waited() > PATIENCE {
                return Err(error);
            }
            if let Some(OutageChange::Began(why)) = outage.record(Some(&error)) {
                tracing::info!(target: "martydb", "reconnecting to the servers of service \"{}\": {why}", service.name);
            }
            tokio::time::sleep(backoff.pause()).await;
        }
    }

    async fn once(&self, service: &DesiredService) -> Result<FollowEnd> {
        let mut sides = SplitSides::open(self.app, self.access, self.database, service).await?;
        let end = follow_service(&mut sides, self.until_caught_up).await;
        sides.close().await;
        end
    }
}

/// Returns `true` if a server is restarting or temporarily unreachable.
fn passes(error: &Error) -> bool {
    let starting = error.sqlstate.as_deref() == Some(sqlstate::CANNOT_CONNECT_NOW);
    error.kind != Kind::Interrupted && (error.is_lost() || starting)
}
