//! Replicas of a server: their sessions, how far they lag behind, and the wait until they have replayed a change. Nothing
//! is written there.

mod lag;
mod replay;

use futures_util::future::join_all;

use martydb::app::Run;
use martydb_manifest::{Replica, ReplicaRole};
use martydb_model::error::Result;
use martydb_pg::server::Access;

pub use lag::{ReplicaState, ReplicaStatus, of_servers, status};
pub use replay::{NotReplayed, Replay, not_replayed};

/// A declared replica with the access of its server's admin.
pub struct ReplicaAccess {
    pub replica: Replica,
    /// Access, or the reason why there is none.
    pub access: Result<Access>,
}

impl ReplicaAccess {
    /// Returns `true` if it should replay what its server writes; a worker of a cluster has catalogs of its own.
    fn replays(&self) -> bool {
        self.replica.role != ReplicaRole::Worker
    }
}

/// Returns the replicas of a server, in the order of the manifest.
pub async fn of_server(run: &Run, server: &str) -> Vec<ReplicaAccess> {
    let one = async |replica: &Replica| ReplicaAccess {
        replica: replica.clone(),
        access: run.at_replica(server, replica).await.access(server).await,
    };
    join_all(run.manifest.servers[server].replicas.iter().map(one)).await
}
