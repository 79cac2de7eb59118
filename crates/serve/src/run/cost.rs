//! Planner cost of a statement, asked for before it is executed with these values for the first time.

use crate::callers::ServeCaller;
use crate::compile::CompiledStatement;
use crate::error::HttpResult;
use crate::run::service::ServedService;
use crate::session::{DatabaseResult, LoginSession};

/// Charges a caller for a statement, and rejects one above the limit of the service.
pub(super) async fn check_cost(
    service: &ServedService,
    caller: &ServeCaller,
    session: &mut LoginSession,
    compiled: &CompiledStatement,
) -> DatabaseResult<HttpResult<()>> {
    let limit = service.exposure.limits.cost;
    if limit.is_none() && caller.cost.is_none() {
        return Ok(Ok(()));
    }
    let login = caller.login.as_deref();
    let cost = match service.guard.known(login, compiled) {
        Some(cost) => cost,
        None => {
            let cost = planned(session, compiled).await?;
            // A refused cost is that of these values: the next request of this form is asked for by its own.
            if limit.is_none_or(|limit| cost <= limit as f64) {
                service.guard.learn(login, compiled, cost);
            }
            cost
        }
    };
    Ok(service.guard.charge(caller, limit, cost))
}

async fn planned(session: &mut LoginSession, compiled: &CompiledStatement) -> DatabaseResult<f64> {
    let rows = session.query(&compiled.explained()).await?;
    let text = rows.first().and_then(LoginSession::json).unwrap_or_default();
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    // An unreadable plan has infinite cost.
    Ok(plan.pointer("/0/Plan/Total Cost").and_then(serde_json::Value::as_f64).unwrap_or(f64::INFINITY))
}
