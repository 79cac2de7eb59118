//! Differences of a server's own objects from what initdb makes.

/// Difference from what initdb makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltinDifference {
    pub kind: String,
    pub change: BuiltinChange,
    /// Object with its kind, as the server describes it.
    pub display: String,
    /// Properties that help to judge it, such as the language of a function.
    pub detail: Option<String>,
    /// OID of the object.
    pub number: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuiltinChange {
    /// initdb makes this object differently.
    Changed,
    /// The object was created in a schema of the server later.
    Added,
    /// The object has an OID of initdb's, and the table does not know it: a newer minor release may have it.
    Unknown,
}

/// Differences of one database from what initdb makes.
#[derive(Debug, Clone, Default)]
pub struct BuiltinCatalog {
    /// Digest of the compared objects; equal in databases that have the same.
    pub digest: String,
    pub differences: Vec<BuiltinDifference>,
    /// Number of differences that are not named.
    pub unnamed: usize,
    /// Newest release of this major in the table, and `true` if the server is newer.
    pub release: (String, bool),
}
