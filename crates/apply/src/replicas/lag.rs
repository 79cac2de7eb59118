//! Lag of replicas, in bytes and in time.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;

use super::replay::{ReplayPosition, replayed, written};
use super::{ReplicaAccess, of_server};
use martydb_context::Context;
use martydb_manifest::ReplicaRole;
use martydb_model::error::{Error, Result};
use martydb_model::sql::stmt;
use martydb_model::units::bytes;
use martydb_pg::server::{Access, Connection, query};

/// Time in which a replica that lags by nothing but the network replays what was written last. The time since its last
/// transaction says more about how busy the primary is.
const GRACE: Duration = Duration::from_millis(500);

/// State of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplicaState {
    /// It receives and replays.
    Streaming,
    /// Replay is paused there.
    Paused,
    /// It is a standby, and no server sends to it; it may replay an archive.
    NotStreaming,
    /// It is a standby no longer, such as after a failover.
    NotAStandby,
    /// Worker of a cluster, which replays nothing.
    Worker,
    Unreachable,
}

impl ReplicaState {
    /// Returns the state for people.
    pub fn words(self) -> &'static str {
        match self {
            ReplicaState::Streaming => "streaming",
            ReplicaState::Paused => "replay paused",
            ReplicaState::NotStreaming => "not streaming",
            ReplicaState::NotAStandby => "not a standby",
            ReplicaState::Worker => "worker",
            ReplicaState::Unreachable => "unreachable",
        }
    }
}

/// State of one replica, as `status` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct ReplicaStatus {
    pub server: String,
    pub name: String,
    pub role: ReplicaRole,
    pub state: ReplicaState,
    /// Bytes of WAL that the server has written and the replica has not replayed; `None` if unknown.
    pub lag_bytes: Option<i64>,
    /// Time since the last transaction that it replayed, zero if it has replayed everything; `None` if unknown.
    pub lag_ms: Option<i64>,
    /// Longest acceptable lag.
    pub max_lag_ms: Option<i64>,
    pub error: Option<Error>,
}

impl ReplicaStatus {
    /// Returns the state and the lag for people, such as `streaming, 23 MB and 15.0 s behind`.
    pub fn in_words(&self) -> String {
        let lag = match (self.lag_bytes, self.lag_ms) {
            (Some(0), _) => ", up to date".to_owned(),
            (Some(count), Some(ms)) => format!(", {} and {:.1} s behind", bytes(count), ms as f64 / 1000.0),
            (Some(count), None) => format!(", {} behind", bytes(count)),
            (None, _) => String::new(),
        };
        let limit = match self.max_lag_ms {
            Some(most) if self.is_late() && !lag.is_empty() => {
                format!(" (max_lag: {:.1} s)", most as f64 / 1000.0)
            }
            _ => String::new(),
        };
        let why = self.error.as_ref().map_or(String::new(), |error| format!(": {error}"));
        format!("{}{lag}{limit}{why}", self.state.words())
    }

    /// Returns `true` if applications can read there.
    pub fn is_usable(&self) -> bool {
        !matches!(self.state, ReplicaState::Unreachable | ReplicaState::NotAStandby)
    }

    /// Returns `true` if it lags by more than the manifest accepts, or if nothing shows that it does not.
    pub fn is_late(&self) -> bool {
        match (self.state, self.max_lag_ms) {
            (ReplicaState::Worker, _) => false,
            (ReplicaState::NotAStandby, _) => true,
            (_, None) => false,
            (_, Some(most)) => self.lag_ms.is_none_or(|lag| lag > most),
        }
    }
}

/// Returns the states of the replicas of these servers.
pub async fn of_servers(context: &Context, servers: &[String]) -> Vec<ReplicaStatus> {
    let one = async |server: &String| {
        let replicas = of_server(context, server).await;
        let primary = if replicas.is_empty() { None } else { context.access(server).await.ok() };
        join_all(replicas.iter().map(|replica| status(server, primary.as_ref(), replica))).await
    };
    join_all(servers.iter().map(one)).await.concat()
}

/// Returns the state of a replica, compared with its primary if that answers.
pub async fn status(server: &str, primary: Option<&Access>, replica: &ReplicaAccess) -> ReplicaStatus {
    let declared = &replica.replica;
    let lag = |lag: Duration| i64::try_from(lag.as_millis()).unwrap_or(i64::MAX);
    let none = ReplicaStatus {
        server: server.to_owned(),
        name: declared.name.clone(),
        role: declared.role,
        state: ReplicaState::Unreachable,
        lag_bytes: None,
        lag_ms: None,
        max_lag_ms: declared.max_lag.map(lag),
        error: None,
    };
    let found = match &replica.access {
        Ok(access) => read(primary, access, declared.role).await,
        Err(error) => Err(error.clone()),
    };
    match found {
        Ok(FoundLag { state, lag_bytes, lag_ms }) => ReplicaStatus { state, lag_bytes, lag_ms, ..none },
        Err(error) => ReplicaStatus { error: Some(error), ..none },
    }
}

struct FoundLag {
    state: ReplicaState,
    lag_bytes: Option<i64>,
    lag_ms: Option<i64>,
}

async fn read(primary: Option<&Access>, access: &Access, role: ReplicaRole) -> Result<FoundLag> {
    // The replay must follow the write.
    let written = match primary {
        Some(primary) => written(primary).await.ok(),
        None => None,
    };
    let mut session = access.read(&access.maintenance).await?;
    let state = state(&mut session, role).await?;
    if matches!(state, ReplicaState::Worker | ReplicaState::NotAStandby) {
        return Ok(FoundLag { state, lag_bytes: None, lag_ms: None });
    }
    let Some(written) = written else { return Ok(FoundLag { state, lag_bytes: None, lag_ms: None }) };
    let begun = Instant::now();
    loop {
        let Some(position) = replayed(&mut session, &written).await? else {
            return Ok(FoundLag { state: ReplicaState::NotAStandby, lag_bytes: None, lag_ms: None });
        };
        match position {
            ReplayPosition { behind: ..=0, .. } => {
                return Ok(FoundLag { state, lag_bytes: Some(0), lag_ms: Some(0) });
            }
            ReplayPosition { behind, idle_ms }
                if begun.elapsed() > GRACE || state == ReplicaState::Paused =>
            {
                return Ok(FoundLag { state, lag_bytes: Some(behind), lag_ms: idle_ms });
            }
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn state(session: &mut Connection, role: ReplicaRole) -> Result<ReplicaState> {
    let statement = stmt!(
        "SELECT pg_catalog.pg_is_in_recovery(),
           CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() ELSE false END,
           EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver)"
    );
    let rows = query(session, &statement).await?;
    let is = |at| rows.first().is_some_and(|row| row.try_get(at) == Ok(true));
    Ok(match (is(0), is(1), is(2), role) {
        (false, _, _, ReplicaRole::Worker) => ReplicaState::Worker,
        (false, ..) => ReplicaState::NotAStandby,
        (true, true, ..) => ReplicaState::Paused,
        (true, false, true, _) => ReplicaState::Streaming,
        (true, false, false, _) => ReplicaState::NotStreaming,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_without_a_known_lag_is_late_if_the_manifest_sets_a_limit() {
        let status = |state, lag_ms, max_lag_ms| ReplicaStatus {
            server: "main".into(),
            name: "r1".into(),
            role: ReplicaRole::Read,
            state,
            lag_bytes: None,
            lag_ms,
            max_lag_ms,
            error: None,
        };
        for (state, lag, most, late) in [
            (ReplicaState::Streaming, Some(0), Some(1000), false),
            (ReplicaState::Streaming, Some(1001), Some(1000), true),
            (ReplicaState::Streaming, Some(1001), None, false),
            (ReplicaState::Paused, None, Some(1000), true),
            (ReplicaState::NotAStandby, None, None, true),
            (ReplicaState::Worker, None, Some(1000), false),
        ] {
            assert_eq!(status(state, lag, most).is_late(), late, "{state:?} {lag:?} {most:?}");
        }
    }
}
