//! How one server of the manifest is reached: as the admin, and as the services' logins.

use std::time::Duration;

use sqlx::PgConnection;

use super::{Endpoint, Login, connect_with};
use crate::error::Result;

/// One server with the admin's login.
#[derive(Debug, Clone)]
pub struct Access {
    /// The key in the manifest.
    pub server: String,
    /// Where the admin connects.
    pub admin_endpoint: Endpoint,
    /// The admin.
    pub admin: Login,
    /// The database the admin connects to.
    pub maintenance: String,
    /// Where the services' logins connect.
    pub endpoint: Endpoint,
    /// Whether martydb runs the server itself.
    pub embedded: bool,
}

/// Settings that keep a superuser's session out of a tenant's hands: they win over settings of roles and
/// databases. Names are looked up in `pg_catalog` alone.
const PINNED: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("row_security", "off"),
    // Texts that the catalogue functions print must not depend on whom they are printed for.
    ("quote_all_identifiers", "off"),
];

/// Milliseconds between tries of a login that was refused by SQLSTATE 53300 (too many connections).
const FULL_SERVER_PAUSES: &[u64] = &[50, 100, 200, 400, 800, 1600, 3200];

impl Access {
    /// A session of the admin that cannot write.
    pub async fn read(&self, database: &str) -> Result<PgConnection> {
        let settings = [PINNED, &[("default_transaction_read_only", "on"), ("lock_timeout", "10s")]].concat();
        self.connect(database, &settings).await
    }

    /// A session of the admin that may write.
    pub async fn write(&self, database: &str) -> Result<PgConnection> {
        let settings = [PINNED, &[("lock_timeout", "10s")]].concat();
        self.connect(database, &settings).await
    }

    /// A server whose connections are all taken for a moment is worth waiting for: others work on it too.
    async fn connect(&self, database: &str, settings: &[(&str, &str)]) -> Result<PgConnection> {
        let mut pauses = FULL_SERVER_PAUSES.iter();
        loop {
            let attempt = connect_with(&self.admin_endpoint, &self.admin, database, settings).await;
            let full = attempt.as_ref().is_err_and(|error| error.sqlstate.as_deref() == Some("53300"));
            match pauses.next() {
                Some(pause) if full => tokio::time::sleep(Duration::from_millis(*pause)).await,
                _ => return attempt,
            }
        }
    }
}
