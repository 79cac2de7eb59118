//! Replicas of a server: their sessions, how far they lag behind, and the wait until they have replayed a change. Nothing
//! is written there.

mod lag;
mod replay;

use futures_util::future::join_all;

use martydb_context::Context;
use martydb_manifest::{Replica, ReplicaRole};
use martydb_model::error::Result;
use martydb_pg::server::Access;

pub use lag::{ReplicaState, ReplicaStatus, of_servers, status};
pub(crate) use replay::not_replayed;
pub use replay::{NotReplayed, Replay};

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
pub async fn of_server(context: &Context, server: &str) -> Vec<ReplicaAccess> {
    let one = async |replica: &Replica| ReplicaAccess {
        replica: replica.clone(),
        access: context.at_replica(server, replica).await.access(server).await,
    };
    join_all(context.manifest.servers[server].replicas.iter().map(one)).await
}
