//! The key `app_url`: one URL, or one per purpose.

use schemars::JsonSchema;
use serde::Deserialize;

use super::forms::forms;

/// Address of the database for applications: hosts, ports, a database and parameters, without user and password.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum RawAppUrl {
    /// URL of a pooler, a public address, or several hosts.
    Url(String),
    /// One URL for applications that write, and one for those that only read.
    Map(RawAppUrlMap),
}

/// Addresses by purpose.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawAppUrlMap {
    /// URL that `martydb url` prints.
    pub write: Option<String>,
    /// URL that `martydb url --read-only` prints, such as that of a replica.
    pub read: Option<String>,
}

forms! {
    RawAppUrl,
    "a URL, or a map with the keys write and read",
    text => |url| Ok(RawAppUrl::Url(url.to_owned())),
    map => RawAppUrl::Map
}
