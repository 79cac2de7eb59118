//! The key `access`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient;

/// A role beyond the four of each service. Objects are named `service`, `service.schema` or
/// `service.schema.table`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawAccess {
    /// Make it a login; martydb creates the password if the role does not exist yet.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub login: Option<bool>,
    /// Make it a group, whose members are logins that others create.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub group: Option<bool>,
    /// Members of a group.
    pub members: Vec<String>,
    /// Services to whose databases it may connect, without further privileges.
    pub connect: Vec<String>,
    /// Objects that it may read.
    pub read: Vec<String>,
    /// Objects that it may read and write.
    pub write: Vec<String>,
    /// Tables whose changes it may follow, by service, such as `csca: [public.outbox]`.
    pub replicate: BTreeMap<String, Vec<String>>,
    /// Service of which it is a further login.
    pub of: Option<String>,
    /// Login of that service whose privileges it has; default: app.
    pub like: Option<RawLike>,
    /// Connection limit of the login; default: 10, and -1 is no limit.
    #[serde(deserialize_with = "lenient::optional")]
    pub connection_limit: Option<i32>,
    /// Last day of these privileges, such as 2027-03-31.
    pub until: Option<String>,
    /// Reason for these privileges.
    pub reason: Option<String>,
}

/// A login of a service whose privileges others may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawLike {
    App,
    Readonly,
}
