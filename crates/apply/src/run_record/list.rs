//! Reading the record.

use serde::{Deserialize, Serialize};

use super::statements;
use martydb_catalog::inspect;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_model::{DesiredServer, RecordPlace};
use martydb_pg::server::{Access, execute, execute_protected, query_as};

/// One run on one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRun {
    pub at: String,
    /// Key of the server in the manifest.
    #[serde(default)]
    pub server: String,
    pub project: String,
    pub env: String,
    pub action: String,
    pub services: Vec<String>,
    pub by: String,
    pub host: String,
    pub tool: String,
    pub manifest_sha256: String,
    pub outcome: String,
    /// `None` for a run that goes on, or was killed.
    pub ended_at: Option<String>,
    pub note: Option<String>,
}

/// Record of one server.
#[derive(Debug, Clone, Default)]
pub struct RecordedRuns {
    /// Runs, the oldest first.
    pub runs: Vec<RecordedRun>,
    /// Reason why this server has no record that could be read; `None` if it has one, or none yet.
    pub unread: Option<String>,
}

/// Reads the newest rows of a server's record.
///
/// # Errors
/// If the server cannot be asked.
#[martydb_pg::boxed]
pub async fn recorded(access: &Access, desired: &DesiredServer, limit: u32) -> Result<RecordedRuns> {
    let mut session = access.read(&access.maintenance).await?;
    if desired.owning_service(&access.maintenance).is_some() {
        return Ok(RecordedRuns::default());
    }
    let place = inspect::run_record(&mut session).await?.place();
    if place == RecordPlace::Ready {
        execute(&mut session, &Statement::join(statements::held())).await?;
    }
    // No other session can change it now.
    let place =
        if place == RecordPlace::Ready { inspect::run_record(&mut session).await?.place() } else { place };
    let found = match place {
        RecordPlace::Ready => {
            let rows: Vec<String> = query_as(&mut session, &statements::newest(limit)).await?;
            let mut runs = rows.iter().map(|row| parsed(access, row)).collect::<Result<Vec<_>>>()?;
            runs.reverse();
            execute_protected(&mut session, &stmt!("ROLLBACK")).await?;
            RecordedRuns { runs, unread: None }
        }
        RecordPlace::Foreign(why) => RecordedRuns { runs: vec![], unread: Some(why) },
        RecordPlace::ToMake { .. } | RecordPlace::NotAllowed => RecordedRuns::default(),
    };
    session.close().await;
    Ok(found)
}

fn parsed(access: &Access, row: &str) -> Result<RecordedRun> {
    let run: RecordedRun = serde_json::from_str(row)
        .map_err(|error| Error::operation("the server's answer cannot be read").cause(error))?;
    Ok(RecordedRun { server: access.server.clone(), ..run })
}
