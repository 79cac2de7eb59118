//! What a verification did not see, and why.

use schemars::JsonSchema;
use serde::Serialize;

/// Something that could not be read, for any reason but a missing privilege: nothing is proven of what is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Unread {
    /// The service whose it is; `None` where it is no service's.
    pub service: Option<String>,
    /// The server.
    pub server: String,
    /// The database; `None` where it is the whole server.
    pub database: Option<String>,
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct NotExamined {
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What would allow it.
    pub grant: Option<String>,
}
