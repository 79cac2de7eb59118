//! What all objects of the operator CloudNativePG have in common.

use serde::Serialize;

use super::objects::{Labels, workload};

pub const API: &str = "postgresql.cnpg.io/v1";

/// The port of every server, and of every pooler.
pub const PORT: u16 = 5432;

/// The operator's plugin for backups: <https://cloudnative-pg.io/plugin-barman-cloud/>.
pub const BARMAN: &str = "barman-cloud.cloudnative-pg.io";

#[derive(Serialize)]
pub struct ByName {
    pub name: String,
}

impl ByName {
    pub fn cluster(host: &str) -> ByName {
        ByName { name: workload(host).to_owned() }
    }
}

/// The label that the operator gives to a server's pods.
pub fn pod_labels(host: &str) -> Labels {
    [("cnpg.io/cluster".to_owned(), workload(host).to_owned())].into()
}

/// The label that it gives to a pooler's pods. Newer ones have that of the server's pods too.
pub fn pooler_labels(host: &str) -> Labels {
    [("cnpg.io/poolerName".to_owned(), pooler_name(host))].into()
}

/// The name of a server's pooler, and of the Service that leads to it.
pub fn pooler_name(host: &str) -> String {
    format!("{}-pooler-rw", workload(host))
}
