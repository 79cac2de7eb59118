//! Stop signal, shared by all parts of a relay.

use std::sync::Arc;

use tokio::sync::watch;

use martydb_pg::wire::interrupt;

/// Stop that a signal or a holder of a clone requests.
#[derive(Clone)]
pub(crate) struct StopSignal {
    whole: Arc<watch::Sender<bool>>,
    /// Stop of a part.
    own: Arc<watch::Sender<bool>>,
}

impl StopSignal {
    /// Returns a stop that signals request. A single task listens for all clones.
    pub(crate) fn on_signal() -> StopSignal {
        let whole = Arc::new(watch::channel(false).0);
        let asked = whole.clone();
        tokio::spawn(async move {
            interrupt::arrived().await;
            asked.send_replace(true);
        });
        StopSignal { own: whole.clone(), whole }
    }

    /// Returns a stop for a part, which ends with the whole or by itself.
    #[must_use]
    pub(crate) fn of_part(&self) -> StopSignal {
        StopSignal { whole: self.whole.clone(), own: Arc::new(watch::channel(false).0) }
    }

    /// Requests the stop of this part.
    pub(crate) fn ask(&self) {
        self.own.send_replace(true);
    }

    pub(crate) fn is_requested(&self) -> bool {
        *self.whole.borrow() || *self.own.borrow()
    }

    /// Waits until the stop is requested.
    pub(crate) async fn asked(&self) {
        let (mut whole, mut own) = (self.whole.subscribe(), self.own.subscribe());
        tokio::select! {
            _sender_is_here = whole.wait_for(|asked| *asked) => {}
            _sender_is_here = own.wait_for(|asked| *asked) => {}
        }
    }
}
