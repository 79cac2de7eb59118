//! Signals that end a run in good order.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C, SIGTERM or a closed terminal, and names it.
pub async fn arrives() -> &'static str {
    let listen = |kind| signal(kind).ok();
    let (mut int, mut term, mut hup) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()), listen(SignalKind::hangup()));
    tokio::select! {
        () = next(&mut int) => "SIGINT",
        () = next(&mut term) => "SIGTERM",
        () = next(&mut hup) => "SIGHUP",
    }
}

/// Where a listener could not be set up, the signal keeps its usual effect, and nothing is waited for here.
async fn next(listener: &mut Option<tokio::signal::unix::Signal>) {
    match listener {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
