//! Listener of the monitor in the cluster.

/// Port, and its name.
pub const PORT: u16 = 9187;
pub const METRICS: &str = "metrics";

/// Secrets with its certificate, and with its users.
pub const MONITOR_TLS: &str = "martydb-monitor-tls";
pub const MONITOR_USERS: &str = "martydb-monitor-users";
