//! Numeric IDs for the rules, which compare millions of them.

/// A role; 0 is PUBLIC.
pub type RoleId = u32;
pub type DatabaseId = u32;
/// An object inside one database.
pub type ObjectId = u32;

/// A service of the manifest.
pub type ServiceId = u32;

pub const PUBLIC: RoleId = 0;

/// ID for what belongs to no service.
pub(crate) const NO_SERVICE: ServiceId = ServiceId::MAX;
