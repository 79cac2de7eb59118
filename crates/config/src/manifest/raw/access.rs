//! The key `access`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::lenient;

/// A role beyond the four of each service. What it may use is named `service`, `service.schema` or
/// `service.schema.table`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawAccess {
    /// It logs in, with a password that martydb makes if the role is not there yet.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub login: Option<bool>,
    /// It is a group of logins that others make.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub group: Option<bool>,
    /// The members of a group.
    pub members: Vec<String>,
    /// Where it may connect, and nothing else.
    pub connect: Vec<String>,
    /// What it may read.
    pub read: Vec<String>,
    /// What it may read and write.
    pub write: Vec<String>,
    /// The tables whose changes it may follow, by service, such as `csca: [public.outbox]`.
    pub replicate: BTreeMap<String, Vec<String>>,
    /// The service whose further login it is.
    pub of: Option<String>,
    /// Which of that service's logins it equals; default: app.
    pub like: Option<RawLike>,
    /// Simultaneous connections of the login; default: 10, and -1 is no limit.
    #[serde(deserialize_with = "lenient::optional")]
    pub connection_limit: Option<i32>,
    /// The last day on which it may do so, such as 2027-03-31.
    pub until: Option<String>,
    /// Why it may.
    pub reason: Option<String>,
}

/// A login of a service that others may equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawLike {
    App,
    Readonly,
}
