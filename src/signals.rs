//! Signals that end a run gracefully.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals that are handled from now on; until then each has its default effect.
pub(crate) struct Signals(Vec<(&'static str, Signal)>);

impl Signals {
    /// Starts to handle Ctrl-C, SIGTERM and a closed terminal. Needs a runtime.
    pub(crate) fn listen() -> Signals {
        let kinds = [
            ("SIGINT", SignalKind::interrupt()),
            ("SIGTERM", SignalKind::terminate()),
            ("SIGHUP", SignalKind::hangup()),
        ];
        // A signal that cannot be handled keeps its default effect.
        Signals(kinds.into_iter().filter_map(|(name, kind)| Some((name, signal(kind).ok()?))).collect())
    }

    /// Waits for the first signal and returns its name.
    pub(crate) async fn arrives(&mut self) -> &'static str {
        let waiting = self.0.iter_mut().map(|(name, signal)| {
            Box::pin(async move {
                signal.recv().await;
                *name
            })
        });
        futures_util::future::select_all(waiting).await.0
    }
}
