//! One server at the depth of the audit.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::auth_files::{HbaLine, IdentLine};
use super::database::DatabaseCatalog;
use super::gaps::{NotExamined, Unread};
use super::server_state::ServerState;
use crate::model::{AclEntry, ActualServer, KeptPassword, RoleName};

/// What was read of one server. `None` stands for what the admin may not read.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Roles, memberships, databases and their settings, as a plan knows them.
    pub actual: ActualServer,
    pub state: ServerState,
    /// What is inside each database that the admin could connect to.
    pub databases: BTreeMap<String, DatabaseCatalog>,
    /// Privileges on parameters; none before 15.
    pub parameters: Vec<ParameterAcl>,
    pub kept: Option<BTreeMap<RoleName, KeptPassword>>,
    pub hba: Option<Vec<HbaLine>>,
    pub ident: Option<Vec<IdentLine>>,
    pub sources: Vec<SubscriptionSource>,
    pub not_examined: Vec<NotExamined>,
    pub unread: Vec<Unread>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ParameterAcl {
    pub parameter: String,
    #[serde(flatten)]
    pub entry: AclEntry,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SubscriptionSource {
    pub name: String,
    /// The database that its connection string names.
    pub from: Option<String>,
}
