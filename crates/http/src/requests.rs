//! Requests of a connection of HTTP/2. One without requests ends, and so does one whose client gives up what it asks for: each request
//! that is given up has to be cancelled on a server.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Requests that a client may give up on a connection, beyond as many as it lets end.
const GIVEN_UP: u64 = 100;

#[derive(Debug, Default)]
struct RequestCounts {
    begun: u64,
    ended: u64,
    given_up: u64,
}

impl RequestCounts {
    fn is_idle(&self) -> bool {
        self.begun == self.ended + self.given_up
    }
}

/// Requests of a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionRequests(watch::Sender<RequestCounts>);

impl ConnectionRequests {
    /// Counts a request, which is given up where the value is dropped before its end.
    pub(crate) fn begin(&self) -> OpenRequest {
        self.0.send_modify(|counts| counts.begun += 1);
        OpenRequest { all: self.clone(), has_ended: false }
    }

    /// Waits until no request has been in progress for a time.
    pub(crate) async fn idle(&self, limit: Duration) {
        let mut counts = self.0.subscribe();
        loop {
            let Ok(begun) = counts.wait_for(RequestCounts::is_idle).await.map(|counts| counts.begun) else {
                return;
            };
            if timeout(limit, counts.wait_for(|counts| counts.begun != begun)).await.is_err() {
                return;
            }
        }
    }

    /// Waits until the client has given up too many requests.
    pub(crate) async fn given_up(&self) {
        let too_many = |counts: &RequestCounts| counts.given_up > GIVEN_UP + counts.ended;
        let mut counts = self.0.subscribe();
        let _ended = counts.wait_for(too_many).await;
    }
}

/// A request in progress.
#[derive(Debug)]
pub(crate) struct OpenRequest {
    all: ConnectionRequests,
    has_ended: bool,
}

impl OpenRequest {
    pub(crate) fn end(&mut self) {
        self.has_ended = true;
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.all.0.send_modify(|counts| match self.has_ended {
            true => counts.ended += 1,
            false => counts.given_up += 1,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_connection_is_idle_only_without_requests_and_not_between_quick_ones() {
        let requests = ConnectionRequests::default();
        let open = requests.begin();
        assert!(timeout(3 * MOMENT, requests.idle(MOMENT)).await.is_err());
        drop(open);
        let quick = async {
            for _ in 0..10 {
                tokio::time::sleep(MOMENT / 4).await;
                requests.begin().end();
            }
        };
        tokio::select! {
            () = requests.idle(2 * MOMENT) => panic!("it is in use"),
            () = quick => {}
        }
        requests.idle(MOMENT).await;
    }

    #[tokio::test]
    async fn a_client_gives_up_as_many_requests_as_it_lets_end_and_some_more() {
        let requests = ConnectionRequests::default();
        (0..50).for_each(|_| requests.begin().end());
        (0..GIVEN_UP + 50).for_each(|_| drop(requests.begin()));
        assert!(timeout(MOMENT, requests.given_up()).await.is_err());
        drop(requests.begin());
        requests.given_up().await;
    }
}
