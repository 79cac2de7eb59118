//! The wish to end, as all parts of a relay see it.

use std::sync::Arc;

use tokio::sync::watch;

use martydb_pg::wire::interrupt;

/// Asked for by a signal, or by the holder of a copy.
#[derive(Clone)]
pub struct StopSignal(Arc<watch::Sender<bool>>);

impl StopSignal {
    /// One that a signal asks for. One task looks for all.
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

    /// Waits until it is.
    pub async fn asked(&self) {
        let mut asked = self.0.subscribe();
        let _sender_is_here = asked.wait_for(|asked| *asked).await;
    }
}
