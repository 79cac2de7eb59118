//! Values of `martydb-model`, held against what plan, audit and probe make of them.

mod agreement;
mod replaced_marks;

use martydb_catalog::HbaLine;
use martydb_model::{AclEntry, RoleName};

/// An entry of an ACL; no grantee is PUBLIC.
pub(crate) fn entry(grantee: Option<&str>, privilege: &str, grantor: &str) -> AclEntry {
    let role = |name: &str| RoleName::new(name).expect("a name");
    let (grantee, grantor) = (grantee.map(role).into(), role(grantor));
    AclEntry { grantee, grantor, privilege: privilege.into(), grantable: false }
}

/// A line of pg_hba.conf for every user and address.
pub(crate) fn hba_line(database: &str, method: &str) -> HbaLine {
    HbaLine {
        line: 1,
        file: None,
        kind: Some("host".into()),
        databases: vec![database.into()],
        users: vec!["all".into()],
        address: Some("all".into()),
        netmask: None,
        method: Some(method.into()),
        options: vec![],
        error: None,
    }
}
