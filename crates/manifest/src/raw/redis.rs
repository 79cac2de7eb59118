//! `redis:` of a service.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient;

/// Keys of a service on a Redis server.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRedis {
    /// Redis server; default: the only one of the manifest.
    pub server: Option<String>,
    /// Beginning of all its keys and channels; default: `{service}:`.
    pub prefix: Option<String>,
    /// Let its users run Lua scripts, which hold up every other client of the server while they run; default: false.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub scripts: Option<bool>,
    /// Further commands of its users, each of which shows a little of the whole server: client|info, client|setinfo, dbsize,
    /// info, lastsave, time, wait; default: none.
    pub commands: Option<BTreeSet<String>>,
    /// Numbers of the databases whose keyspace events its app user may subscribe to, for its own keys alone; default: none.
    pub keyspace_events: Option<BTreeSet<u32>>,
}
