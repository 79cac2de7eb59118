//! Preference of a read for a replica, and the token by which a caller sees its own write there.

use std::time::Duration;

use crate::callers::CallerRight;
use crate::error::{HttpError, HttpResult};
use crate::face::http_request::RestRequest;
use crate::run::replicas::position_at;
use crate::run::service::ServedService;
use crate::run::wal_position::{WRITTEN, WalPosition};

/// Longest wait for the token: the write is done, and its answer waits for nothing else.
const LONGEST_ASK: Duration = Duration::from_millis(500);

/// Preference of a request for a server to be read at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadPreference {
    pub nearest: bool,
    /// The write that it has to show.
    pub written: Option<WalPosition>,
}

impl ReadPreference {
    /// Parses the headers of a request; `None` for the primary.
    pub(crate) fn from_request(
        service: &ServedService,
        request: &RestRequest,
    ) -> HttpResult<Option<ReadPreference>> {
        let nearest = match request.header("read-preference").map(str::trim) {
            None | Some("primary") => return Ok(None),
            Some("secondary") => false,
            Some("nearest") => true,
            Some(_) => {
                let message = "Read-Preference is primary, secondary or nearest";
                return Err(HttpError::new(400, "PGRST100", message));
            }
        };
        let tokens = request.headers.iter().filter(|(name, _)| name == WRITTEN);
        let positions = tokens.map(|(_, token)| WalPosition::of_token(token, &service.cursors));
        // One of another process, or of before a rotation: the primary shows every write.
        let Ok(positions) = positions.collect::<HttpResult<Vec<_>>>() else { return Ok(None) };
        let written = positions.into_iter().max();
        // A record of a read is written, and that at the primary.
        let usable = !service.replicas.is_empty() && !service.exposure.records.reads;
        Ok(usable.then_some(ReadPreference { nearest, written }))
    }
}

impl ServedService {
    /// Returns the token of what was committed until now: a caller that sends it sees its own write at a replica.
    pub async fn written(&self) -> Option<String> {
        if self.replicas.is_empty() {
            return None;
        }
        let asked = tokio::time::timeout(LONGEST_ASK, position_at(self.pool(CallerRight::Read))).await;
        let (in_recovery, position) = asked.ok()?.ok()?;
        // A standby at the primary's address is behind the commit.
        if in_recovery {
            return None;
        }
        position.token(&self.cursors)
    }
}
