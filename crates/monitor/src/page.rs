//! Page at `/`, which the program makes of the proofs that the checks hand over.

use std::sync::Arc;

use martydb_isolation::proof::Assessment;

/// Page at `/`, made by the program.
#[derive(Clone)]
pub struct MonitorPage {
    /// Takes each new proof of isolation.
    pub proven: Arc<dyn Fn(Assessment) + Send + Sync>,
    /// Returns the newest page.
    pub newest: Arc<dyn Fn() -> Arc<str> + Send + Sync>,
    /// Content-Security-Policy of the page.
    pub policy: String,
}
