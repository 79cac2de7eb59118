//! `--fix` and `--terminate`: the statements that the findings name, shown, agreed to, and run.
//!
//! Each finding is closed on its own: one that the server refuses leaves the others to be closed. What is left
//! is said by the verification that follows, which looks again.

use super::{Arguments, VerifyReport};
use crate::error::Result;
use crate::probe::{Finding, Severity};
use crate::run::Run;
use crate::server::{Access, execute, lock};

/// The kind of finding that ends a session: never part of `--fix`, since it may end somebody's work.
const SESSION: &str = "session-outlived-revoke";

/// Closes what was asked for; returns whether anything was run, so that a second look is due.
pub async fn close(run: &Run, arguments: &Arguments, report: &VerifyReport) -> Result<bool> {
    let mut due: Vec<(&str, &Finding)> = vec![];
    for checked in &report.checked {
        let chosen = checked.findings.iter().filter(|finding| is_due(arguments, finding));
        due.extend(chosen.map(|finding| (checked.server.as_str(), finding)));
    }
    if due.is_empty() {
        return Ok(false);
    }
    for (server, finding) in &due {
        let place = finding.database.as_deref().unwrap_or(server);
        for statement in &finding.close {
            run.out.complain(&format!("{place}: {statement}"));
        }
    }
    run.confirm(&format!("Run these statements for {} findings?", due.len()))?;
    for server in report.checked.iter().map(|checked| checked.server.as_str()) {
        let here: Vec<&Finding> =
            due.iter().filter(|(name, _)| *name == server).map(|(_, finding)| *finding).collect();
        if !here.is_empty() {
            close_server(run, server, &here).await?;
        }
    }
    Ok(true)
}

fn is_due(arguments: &Arguments, finding: &Finding) -> bool {
    let asked = if finding.id == SESSION { arguments.terminate } else { arguments.fix };
    asked && finding.severity >= Severity::Medium && !finding.close.is_empty()
}

async fn close_server(run: &Run, server: &str, findings: &[&Finding]) -> Result<()> {
    let access = run.admin(server).await?;
    let _lock = lock::server(&access, run.lock_wait).await?;
    for finding in findings {
        if let Err(error) = close_one(&access, finding).await {
            run.out.complain(&format!("cannot close {} of {}: {error}", finding.id, finding.role));
        }
    }
    Ok(())
}

/// A session of its own for each: a statement that fails half way takes its `SET ROLE` with it.
async fn close_one(access: &Access, finding: &Finding) -> Result<()> {
    let database = finding.database.as_deref().unwrap_or(&access.maintenance);
    let mut connection = access.write(database).await?;
    for statement in &finding.close {
        execute(&mut connection, statement).await?;
    }
    Ok(())
}
