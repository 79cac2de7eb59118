//! Privileges of a caller's logins, according to the database.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// A relation as the statement [`describe`](crate::catalog::statements::describe) returns it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct DescribedRelation {
    pub oid: u32,
    pub(crate) comment: Option<String>,
    pub privileges: Vec<String>,
    pub columns: Vec<DescribedColumn>,
}

/// A column on which the login has a privilege.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct DescribedColumn {
    pub name: String,
    pub r#type: String,
    pub(crate) comment: Option<String>,
    pub(crate) nullable: bool,
    pub default: bool,
    pub generated: bool,
    pub privileges: Vec<String>,
}

/// Privileges of the login that reads, of the one that writes if the caller may, and the functions that it may call.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallerPrivileges {
    pub read: BTreeMap<u32, DescribedRelation>,
    pub write: BTreeMap<u32, DescribedRelation>,
    pub(crate) callable: BTreeSet<u32>,
}

impl CallerPrivileges {
    /// Returns a relation as the login that a statement of this privilege gets sees it.
    pub(crate) fn relation(&self, oid: u32, privilege: &str) -> Option<&DescribedRelation> {
        if privilege == "SELECT" { self.read.get(&oid) } else { self.write.get(&oid) }
    }

    /// Returns the columns of a relation on which the login has a privilege.
    pub(crate) fn columns<'a>(
        &'a self,
        oid: u32,
        privilege: &'static str,
    ) -> impl Iterator<Item = &'a DescribedColumn> {
        let columns = self.relation(oid, privilege).into_iter().flat_map(|one| &one.columns);
        columns.filter(move |column| column.privileges.iter().any(|held| held == privilege))
    }
}
