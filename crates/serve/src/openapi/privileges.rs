//! Privileges of a caller's logins, as the database tells them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// A relation as the statement [`describe`](crate::catalog::statements::describe) tells it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct DescribedRelation {
    pub oid: u32,
    pub comment: Option<String>,
    pub privileges: Vec<String>,
    pub columns: Vec<DescribedColumn>,
}

/// A column on which the login has a privilege.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct DescribedColumn {
    pub name: String,
    pub r#type: String,
    pub comment: Option<String>,
    pub nullable: bool,
    pub default: bool,
    pub generated: bool,
    pub privileges: Vec<String>,
}

/// Privileges of the login that reads, of the one that writes if the caller may, and the functions that it may call.
#[derive(Debug, Clone, Default)]
pub struct CallerPrivileges {
    pub read: BTreeMap<u32, DescribedRelation>,
    pub write: BTreeMap<u32, DescribedRelation>,
    pub callable: BTreeSet<u32>,
}

impl CallerPrivileges {
    /// Returns a relation as the login that a statement of this privilege gets sees it.
    pub fn relation(&self, oid: u32, privilege: &str) -> Option<&DescribedRelation> {
        if privilege == "SELECT" { self.read.get(&oid) } else { self.write.get(&oid) }
    }

    /// Returns the columns of a relation on which the login has a privilege.
    pub fn columns<'a>(
        &'a self,
        oid: u32,
        privilege: &'static str,
    ) -> impl Iterator<Item = &'a DescribedColumn> {
        let columns = self.relation(oid, privilege).into_iter().flat_map(|one| &one.columns);
        columns.filter(move |column| column.privileges.iter().any(|held| held == privilege))
    }
}
