//! Reads at replicas: the choice of one, and the wait until it shows what its caller has written. What a replica cannot answer is
//! read at the primary.

use std::time::{Duration, Instant};

use super::prepared::PreparedRequest;
use super::replicas::position;
use super::request_session::RequestSession;

/// Longest wait until a replica shows a write; then the primary is asked.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Time between two looks at a replica meanwhile.
const PAUSE: Duration = Duration::from_millis(3);

impl PreparedRequest<'_> {
    /// Returns a session at a replica that fulfils the request's preference; `None` where the primary has to be asked.
    pub(super) async fn at_replica(&self) -> Option<RequestSession> {
        let (preference, context) = (self.replica?, &self.context);
        let replicas = &context.service.replicas;
        let replica = replicas.choice(preference.nearest)?;
        let pool = replica.pool(context.caller.login.as_deref())?;
        let mut session = RequestSession::take(context, pool, self.session).await.ok()?;
        let end = Instant::now() + LONGEST_WAIT;
        loop {
            // Of this session: behind one name there may be several standbys.
            let (in_recovery, position) = position(&mut session.session).await?;
            let is_fit = in_recovery
                && replicas.is_within(replica, position)
                && preference.written.is_none_or(|written| written.timeline == position.timeline);
            if is_fit && preference.written.is_none_or(|written| position.shows(written)) {
                session.replica = Some(replica.name.clone());
                return Some(session);
            }
            if !is_fit || Instant::now() >= end {
                return session.release(Ok(None)).await.ok()?;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
