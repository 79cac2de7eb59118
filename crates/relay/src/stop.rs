//! Stop signal, shared by all parts of a relay.

use std::sync::Arc;

use tokio::sync::watch;

use martydb_pg::wire::interrupt;

/// Stop that a signal or a holder of a clone requests.
#[derive(Clone)]
pub struct StopSignal(Arc<watch::Sender<bool>>);

impl StopSignal {
    /// Returns a stop that signals request. A single task listens for all clones.
    pub fn on_signal() -> StopSignal {
        let stop = StopSignal(Arc::new(watch::channel(false).0));
        let asked = stop.clone();
        tokio::spawn(async move {
            interrupt::arrived().await;
            asked.0.send_replace(true);
        });
        stop
    }

    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the stop is requested.
    pub async fn asked(&self) {
        let mut asked = self.0.subscribe();
        let _sender_is_here = asked.wait_for(|asked| *asked).await;
    }
}
