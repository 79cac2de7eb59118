//! Common parts of all CloudNativePG objects.

use serde_json::{Value, json};

use super::objects::{Labels, workload};

/// API of its objects.
pub(crate) const API: &str = "postgresql.cnpg.io/v1";

/// Port of every server and every pooler.
pub(crate) const PORT: u16 = 5432;

/// Backup plugin of the operator: <https://cloudnative-pg.io/plugin-barman-cloud/>.
pub(crate) const BARMAN: &str = "barman-cloud.cloudnative-pg.io";

/// Returns the reference to a server's Cluster.
pub(crate) fn cluster(host: &str) -> Value {
    json!({ "name": workload(host) })
}

/// Returns the operator's label for a server's pods.
pub(crate) fn pod_labels(host: &str) -> Labels {
    [("cnpg.io/cluster".to_owned(), workload(host).to_owned())].into()
}

/// Returns the operator's label for the pods behind a host of replicas: `<cluster>-ro`, or `-r` for all instances.
pub(crate) fn replica_labels(host: &str) -> Labels {
    pod_labels(host.strip_suffix("-ro").or_else(|| host.strip_suffix("-r")).unwrap_or(host))
}

/// Returns the operator's label for a pooler's pods. In newer versions they also have that of the server's pods.
pub(crate) fn pooler_labels(host: &str) -> Labels {
    [("cnpg.io/poolerName".to_owned(), pooler_name(host))].into()
}

/// Returns the name of a server's pooler and of its Service.
pub(crate) fn pooler_name(host: &str) -> String {
    format!("{}-pooler-rw", workload(host))
}
