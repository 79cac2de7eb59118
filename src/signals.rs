//! Signals that end a run in good order.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals, listened to from now on; until then each has its usual effect.
pub struct Signals(Vec<(&'static str, Signal)>);

impl Signals {
    /// Starts to listen for Ctrl-C, SIGTERM and a closed terminal. Needs a runtime.
    pub fn listen() -> Signals {
        let kinds = [
            ("SIGINT", SignalKind::interrupt()),
            ("SIGTERM", SignalKind::terminate()),
            ("SIGHUP", SignalKind::hangup()),
        ];
        // One that cannot be listened to keeps its usual effect.
        Signals(kinds.into_iter().filter_map(|(name, kind)| Some((name, signal(kind).ok()?))).collect())
    }

    /// Waits for the first one and names it.
    pub async fn arrives(&mut self) -> &'static str {
        let waiting = self.0.iter_mut().map(|(name, signal)| {
            Box::pin(async move {
                signal.recv().await;
                *name
            })
        });
        futures_util::future::select_all(waiting).await.0
    }
}
