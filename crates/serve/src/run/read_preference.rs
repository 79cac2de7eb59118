//! Reads at replicas: the choice of one, and the wait until it shows what its caller has written. What a replica cannot answer is
//! read at the primary.

use std::time::{Duration, Instant};

use crate::callers::CallerRight;
use crate::fault::{RequestFault, Served};
use crate::handlers::rest_request::RestRequest;
use crate::run::replicas::{place, place_at};
use crate::run::service::ServedService;
use crate::run::wal_position::{WRITTEN, WalPlace};
use crate::run::{PreparedRequest, RequestSession};

/// Longest wait until a replica shows a write; then the primary is asked.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Longest wait for the token: the write is done, and its answer waits for nothing else.
const LONGEST_ASK: Duration = Duration::from_millis(500);

/// Time between two looks at a replica meanwhile.
const PAUSE: Duration = Duration::from_millis(3);

/// Preference of a request for a server to be read at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPreference {
    nearest: bool,
    /// The write that it has to show.
    written: Option<WalPlace>,
}

impl ReadPreference {
    /// Parses the headers of a request; `None` for the primary.
    pub fn of(service: &ServedService, request: &RestRequest) -> Served<Option<ReadPreference>> {
        let nearest = match request.header("read-preference").map(str::trim) {
            None | Some("primary") => return Ok(None),
            Some("secondary") => false,
            Some("nearest") => true,
            Some(_) => {
                let message = "Read-Preference is primary, secondary or nearest";
                return Err(RequestFault::new(400, "PGRST100", message));
            }
        };
        let tokens = request.headers.iter().filter(|(name, _)| name == WRITTEN);
        let places = tokens.map(|(_, token)| WalPlace::of_token(token, &service.cursors));
        // One of another process, or of before a rotation: the primary shows every write.
        let Ok(places) = places.collect::<Served<Vec<_>>>() else { return Ok(None) };
        let written = places.into_iter().max();
        // A record of a read is written, and that at the primary.
        let usable = !service.replicas.is_empty() && !service.exposure.records.reads;
        Ok(usable.then_some(ReadPreference { nearest, written }))
    }
}

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
            let (in_recovery, place) = place(&mut session.session).await?;
            let is_fit = in_recovery
                && replicas.is_within(replica, place)
                && preference.written.is_none_or(|written| written.timeline == place.timeline);
            if is_fit && preference.written.is_none_or(|written| place.shows(written)) {
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

impl ServedService {
    /// Returns the token of what was committed until now: a caller that sends it sees its own write at a replica.
    pub async fn written(&self) -> Option<String> {
        if self.replicas.is_empty() {
            return None;
        }
        let asked = tokio::time::timeout(LONGEST_ASK, place_at(self.pool(CallerRight::Read))).await;
        let (in_recovery, place) = asked.ok()?.ok()?;
        // A standby at the primary's address is behind the commit.
        if in_recovery {
            return None;
        }
        place.token(&self.cursors)
    }
}
