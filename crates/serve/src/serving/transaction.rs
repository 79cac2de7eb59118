//! Settings of a request's transaction.

use martydb_model::sql::stmt;

use crate::callers::RequestCaller;
use crate::compile::CompiledStatement;
use crate::face::rest::Preferences;
use crate::session::{DatabaseFault, LoginSession};
use crate::settings::ServedExposure;

/// Time zone and claims of a transaction. Both end with it, so that they are never those of the next request.
pub struct TransactionSettings {
    zone: Option<String>,
    claims: Option<String>,
}

impl TransactionSettings {
    /// Returns the settings of a request.
    pub fn of(
        exposure: &ServedExposure,
        caller: &RequestCaller,
        preferences: &Preferences,
    ) -> TransactionSettings {
        TransactionSettings {
            zone: preferences.timezone.clone(),
            claims: exposure.claims.then(|| caller.shown_claims()),
        }
    }

    /// Returns `true` if there are none: a read needs no transaction.
    pub fn is_empty(&self) -> bool {
        self.zone.is_none() && self.claims.is_none()
    }

    /// Begins a transaction with the settings.
    pub async fn begin(&self, session: &mut LoginSession, writes: bool) -> Result<(), DatabaseFault> {
        session.execute(&if writes { stmt!("BEGIN READ WRITE") } else { stmt!("BEGIN READ ONLY") }).await?;
        if let Some(zone) = &self.zone {
            let statement = stmt!("SELECT pg_catalog.set_config('TimeZone', $1::text, true)");
            session.query(&CompiledStatement { statement, values: vec![zone.clone()] }).await?;
        }
        if let Some(claims) = &self.claims {
            let statement = stmt!("SELECT pg_catalog.set_config('request.jwt.claims', $1::text, true)");
            session.query(&CompiledStatement { statement, values: vec![claims.clone()] }).await?;
        }
        Ok(())
    }
}
