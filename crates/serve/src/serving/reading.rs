//! Reads at replicas: which one, and whether it shows what its caller has written. What a replica cannot answer is read at the
//! primary.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::action::RestRequest;
use super::place::{WRITTEN, WalPlace};
use super::replicas::{place, place_at};
use super::service::ServedService;
use crate::callers::{CallerRight, ServeCaller};
use crate::fault::{RequestFault, Served};
use crate::session::LoginSession;

/// Longest wait until a replica shows a write; then the primary is asked.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Time between two looks at a replica meanwhile.
const PAUSE: Duration = Duration::from_millis(3);

/// Wish of a request about where it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadWish {
    nearest: bool,
    /// The write that it has to show.
    written: Option<WalPlace>,
}

impl ReadWish {
    /// Parses the headers of a request; `None` for the primary.
    pub fn of(service: &ServedService, request: &RestRequest) -> Served<Option<ReadWish>> {
        let nearest = match request.header("read-preference").map(str::trim) {
            None | Some("primary") => return Ok(None),
            Some("secondary") => false,
            Some("nearest") => true,
            Some(_) => {
                let message = "Read-Preference is primary, secondary or nearest";
                return Err(RequestFault::new(400, "PGRST100", message));
            }
        };
        let token = request.header(WRITTEN);
        let written = token.map(|token| WalPlace::of_token(token, &service.cursors)).transpose()?;
        // A record of a read is written, and that at the primary.
        let usable = !service.replicas.is_empty() && !service.exposure.records.reads;
        Ok(usable.then_some(ReadWish { nearest, written }))
    }
}

impl ServedService {
    /// Returns a session at a replica that fulfils the wish, with its name; `None` where the primary has to be asked.
    pub async fn at_replica(
        &self,
        caller: &ServeCaller,
        wish: Option<ReadWish>,
    ) -> Option<(LoginSession, Arc<str>)> {
        let wish = wish?;
        let replica = self.replicas.choice(wish.nearest)?;
        let mut session = replica.pool(caller.login.as_deref())?.get().await.ok()?;
        if let Some(written) = wish.written {
            let end = Instant::now() + LONGEST_WAIT;
            while !shows(&mut session, written).await? {
                if Instant::now() >= end {
                    session.release();
                    return None;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Some((session, replica.name.clone()))
    }

    /// Returns the token of what was committed until now: a caller that sends it sees its own write at a replica.
    pub async fn written(&self) -> Option<String> {
        if self.replicas.is_empty() {
            return None;
        }
        place_at(self.pool(CallerRight::Read)).await.ok()?.1.token(&self.cursors)
    }
}

/// Returns `true` if the replica shows a write; `None` if it never will: it is no standby, or on another timeline.
async fn shows(session: &mut LoginSession, written: WalPlace) -> Option<bool> {
    let (in_recovery, place) = place(session).await?;
    let comparable = in_recovery && place.timeline == written.timeline;
    comparable.then(|| place.shows(written))
}
