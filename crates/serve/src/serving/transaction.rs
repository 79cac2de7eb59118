//! Settings of a request's transaction.

use martydb_model::sql::{Keyword, stmt};

use crate::callers::RequestCaller;
use crate::compile::CompiledStatement;
use crate::face::api::IsolationLevel;
use crate::face::rest::Preferences;
use crate::session::{DatabaseFault, LoginSession};
use crate::settings::ServedExposure;

/// Time zone and claims of a transaction. Both end with it, so that they are never those of the next request.
pub struct TransactionSettings {
    zone: Option<String>,
    claims: Option<String>,
    isolation: Option<IsolationLevel>,
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
            isolation: None,
        }
    }

    /// Sets the isolation of the transaction; `None` is the default of the login.
    #[must_use]
    pub fn isolated(mut self, isolation: Option<IsolationLevel>) -> TransactionSettings {
        self.isolation = isolation;
        self
    }

    /// Returns the time zone and the claims.
    pub fn texts(&self) -> [Option<&str>; 2] {
        [self.zone.as_deref(), self.claims.as_deref()]
    }

    /// Returns `true` if there are none: a read needs no transaction.
    pub fn is_empty(&self) -> bool {
        self.zone.is_none() && self.claims.is_none() && self.isolation.is_none()
    }

    /// Begins a transaction with the settings.
    pub async fn begin(&self, session: &mut LoginSession, writes: bool) -> Result<(), DatabaseFault> {
        let (level, mode) = (level(self.isolation), Keyword(if writes { "READ WRITE" } else { "READ ONLY" }));
        session.execute(&stmt!("BEGIN {level}{mode}")).await?;
        if let Some(zone) = &self.zone {
            let statement = stmt!("SELECT pg_catalog.set_config('TimeZone', $1::text, true)");
            session.query(&CompiledStatement::new(statement, vec![zone.clone()])).await?;
        }
        if let Some(claims) = &self.claims {
            let statement = stmt!("SELECT pg_catalog.set_config('request.jwt.claims', $1::text, true)");
            session.query(&CompiledStatement::new(statement, vec![claims.clone()])).await?;
        }
        Ok(())
    }
}

fn level(isolation: Option<IsolationLevel>) -> Keyword {
    Keyword(match isolation {
        None => "",
        Some(IsolationLevel::ReadCommitted) => "ISOLATION LEVEL READ COMMITTED ",
        Some(IsolationLevel::RepeatableRead) => "ISOLATION LEVEL REPEATABLE READ ",
        Some(IsolationLevel::Serializable) => "ISOLATION LEVEL SERIALIZABLE ",
    })
}
