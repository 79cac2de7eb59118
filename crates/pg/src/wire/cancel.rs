//! A cancel request: a connection of its own that names the backend and proves its secret key.

use std::time::Duration;

use postgres_protocol::message::frontend;

use super::dial::Address;
use super::tls::Transport;

const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct CancelTarget {
    pub address: Address,
    /// As the session's own connection: a cancel key does not go over an unencrypted connection where the session
    /// is encrypted.
    pub transport: Transport,
    /// The backend's process number and secret key.
    pub key: (i32, i32),
}

impl CancelTarget {
    /// Asks the server to cancel what the backend is doing. The server does not answer; whether it worked shows in the
    /// session.
    pub async fn cancel(&self) {
        let request = async {
            let Ok(mut opened) = self.address.open(self.transport).await else { return };
            let sent = opened.wire.send(|out| {
                frontend::cancel_request(self.key.0, self.key.1, out);
                Ok(())
            });
            if sent.await.is_ok() {
                // The server hangs up once it has passed the request on.
                let _hung_up = opened.wire.receive().await;
            }
        };
        let _too_late = tokio::time::timeout(TIMEOUT, request).await;
    }
}
