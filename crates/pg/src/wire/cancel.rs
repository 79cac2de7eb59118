//! Cancel requests: a connection of its own that sends the backend's PID and secret key.

use std::time::Duration;

use postgres_protocol::message::frontend;

use super::dial::Address;
use super::tls::Transport;

const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct CancelTarget {
    pub address: Address,
    /// Transport of the session's own connection: a cancel key is not sent over an unencrypted connection if the
    /// session is encrypted.
    pub transport: Transport,
    /// PID and secret key of the backend.
    pub key: (i32, i32),
}

impl CancelTarget {
    /// Requests cancellation of the backend's current statement. The server does not answer; only the session shows
    /// the effect.
    pub(crate) async fn cancel(&self) {
        let request = async {
            let Ok(mut opened) = self.address.open(self.transport).await else { return };
            let sent = opened.wire.send(|out| {
                frontend::cancel_request(self.key.0, self.key.1, out);
                Ok(())
            });
            if sent.await.is_ok() {
                // The server closes the connection once it has processed the request.
                let _hung_up = opened.wire.receive().await;
            }
        };
        let _too_late = tokio::time::timeout(TIMEOUT, request).await;
    }
}
