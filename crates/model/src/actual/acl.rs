//! Privileges, their grantees and grantors.

use serde::{Deserialize, Deserializer};

use crate::RoleName;
use crate::sql::{Fragment, Keyword, Statement};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "Option<RoleName>")]
pub enum Grantee {
    /// All roles, including future ones.
    Public,
    Role(RoleName),
}

impl From<Option<RoleName>> for Grantee {
    fn from(role: Option<RoleName>) -> Grantee {
        role.map_or(Grantee::Public, Grantee::Role)
    }
}

impl Grantee {
    /// Returns the role; `None` is PUBLIC.
    pub fn role(&self) -> Option<&RoleName> {
        match self {
            Grantee::Public => None,
            Grantee::Role(role) => Some(role),
        }
    }
}

impl std::fmt::Display for Grantee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Grantee::Public => f.write_str("PUBLIC"),
            Grantee::Role(role) => role.fmt(f),
        }
    }
}

impl Fragment for Grantee {
    fn render(&self) -> Statement {
        match self {
            Grantee::Public => Keyword("PUBLIC").render(),
            Grantee::Role(role) => role.render(),
        }
    }
}

/// One privilege on one object; a NULL ACL is expanded with `acldefault`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct AclEntry {
    pub grantee: Grantee,
    pub grantor: RoleName,
    /// Such as `CONNECT`; unknown ones as the server spells them.
    pub privilege: String,
    pub grantable: bool,
}

impl AclEntry {
    /// Returns PUBLIC's privileges on a new object.
    pub fn of_public<'a>(owner: &RoleName, privileges: impl Iterator<Item = &'a str>) -> Vec<AclEntry> {
        let entry = |privilege: &str| AclEntry {
            grantee: Grantee::Public,
            grantor: owner.clone(),
            privilege: privilege.into(),
            grantable: false,
        };
        privileges.map(entry).collect()
    }
}

/// Deserializes NULL, the result of an aggregate over no rows, as the default.
pub fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    value: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

/// Deserializes an ACL (NULL as empty) and sorts it, independent of the server's order.
pub fn sorted<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<AclEntry>, D::Error> {
    let mut entries: Vec<AclEntry> = null_as_default(value)?;
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
pub fn entry(grantee: Option<&str>, privilege: &str, grantor: &str) -> AclEntry {
    let role = |name: &str| RoleName::new(name).expect("a name");
    let (grantee, grantor) = (grantee.map(role).into(), role(grantor));
    AclEntry { grantee, grantor, privilege: privilege.into(), grantable: false }
}
