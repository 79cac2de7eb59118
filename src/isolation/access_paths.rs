//! Why a login can connect to a database. A probe shows that it can; the catalogue says through which grants, and each
//! of those has a statement that takes it away.

use std::collections::BTreeSet;

use crate::contract;
use crate::grants::{Repair, alter_role, revoke_connect, revoke_membership};
use crate::model::{ActualServer, DbName, Grantee, Membership, RoleName};
use crate::sql::Keyword;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessPath {
    /// CONNECT was granted to the role or to PUBLIC.
    Granted {
        grantee: Grantee,
        /// Who granted it, unless that was the database's owner: a plain REVOKE speaks for the owner only.
        grantor: Option<RoleName>,
    },
    /// It inherits from `group`, through which a role that holds CONNECT can be reached.
    Member {
        /// What the login itself is a member of.
        group: RoleName,
        grantor: Option<RoleName>,
        /// Who holds CONNECT: the group, or one further on.
        holder: RoleName,
    },
    /// It is the alternate login of `primary` and its member: the path of that role has to be closed.
    Alternate {
        primary: RoleName,
        path: Box<AccessPath>,
    },
    Superuser,
}

impl AccessPath {
    pub fn describe(&self) -> String {
        match self {
            AccessPath::Granted { grantee: Grantee::Public, .. } => "PUBLIC holds CONNECT".into(),
            AccessPath::Granted { .. } => "it holds CONNECT itself".into(),
            AccessPath::Member { group, holder, .. } if group == holder => {
                format!("it is a member of {group}, which holds CONNECT")
            }
            AccessPath::Member { group, holder, .. } => {
                format!("it is a member of {group}, and so of {holder}, which holds CONNECT")
            }
            AccessPath::Alternate { primary, path } => {
                format!("it is the alternate login of {primary}: {}", path.describe())
            }
            AccessPath::Superuser => "it is a superuser".into(),
        }
    }

    pub fn fix(&self, major: u32, role: &RoleName, database: &DbName) -> Repair {
        match self {
            AccessPath::Granted { grantee, grantor } => {
                revoke_connect(database, grantee, grantor.as_ref()).restrict()
            }
            AccessPath::Member { group, grantor, .. } => {
                let grantor = grantor.as_ref().map(RoleName::as_str);
                revoke_membership(group.as_str(), role.as_str(), grantor, major).restrict()
            }
            AccessPath::Alternate { primary, path } => path.fix(major, primary, database),
            AccessPath::Superuser => alter_role(role.as_str(), Keyword("NOSUPERUSER")),
        }
    }

    pub fn is_public(&self) -> bool {
        matches!(self, AccessPath::Granted { grantee: Grantee::Public, .. })
    }
}

/// Every path that the catalogue shows: all of them have to be closed. None if the catalogue does not explain it.
pub fn access_paths(server: &ActualServer, role: &RoleName, database: &DbName) -> Vec<AccessPath> {
    let mut paths = BTreeSet::new();
    if server.roles.get(role).is_some_and(|found| found.superuser) {
        paths.insert(AccessPath::Superuser);
    }
    let Some(found) = server.databases.get(database) else { return paths.into_iter().collect() };
    if let Some(primary) = primary_of(server, role) {
        let own = access_paths(server, &primary, database).into_iter().filter(|path| !path.is_public());
        paths
            .extend(own.map(|path| AccessPath::Alternate { primary: primary.clone(), path: Box::new(path) }));
    }
    for entry in found.acl.iter().filter(|entry| entry.privilege == "CONNECT") {
        match &entry.grantee {
            Grantee::Role(holder) if holder != role => paths.extend(through(server, role, holder)),
            grantee => {
                let grantor = Some(entry.grantor.clone()).filter(|grantor| grantor.as_str() != found.owner);
                paths.insert(AccessPath::Granted { grantee: grantee.clone(), grantor });
            }
        }
    }
    paths.into_iter().collect()
}

fn primary_of(server: &ActualServer, role: &RoleName) -> Option<RoleName> {
    let primary = contract::primary_of(role.as_str())?;
    let joined = |row: &Membership| row.member == *role && row.role == primary && row.inherit;
    server.memberships.iter().any(joined).then_some(primary)
}

/// CONNECT is inherited, so a membership without INHERIT opens no database.
fn through(server: &ActualServer, role: &RoleName, holder: &RoleName) -> Vec<AccessPath> {
    let primary = primary_of(server, role);
    let own = server.memberships.iter().filter(|row| row.member == *role && row.inherit);
    own.filter(|row| primary.as_ref() != Some(&row.role))
        .filter(|row| server.inherited_by(&row.role).contains(holder))
        .map(|row| AccessPath::Member {
            group: row.role.clone(),
            grantor: row.grantor.clone(),
            holder: holder.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AclEntry, ActualDatabase, ActualRole};

    fn name(text: &str) -> RoleName {
        RoleName::new(text).unwrap()
    }

    fn server(acl: &[(&str, &str)], memberships: &[(&str, &str, bool)]) -> ActualServer {
        let grantee = |text: &str| match text {
            "" => Grantee::Public,
            role => Grantee::Role(name(role)),
        };
        let entry = |(to, by): &(&str, &str)| AclEntry {
            grantee: grantee(to),
            grantor: name(by),
            privilege: "CONNECT".into(),
            grantable: false,
        };
        let row = |(role, member, inherit): &(&str, &str, bool)| Membership {
            role: name(role),
            member: name(member),
            grantor: Some(name("adm")),
            admin: false,
            inherit: *inherit,
            set: true,
        };
        let database = ActualDatabase {
            owner: "adm".into(),
            acl: acl.iter().map(entry).collect(),
            ..ActualDatabase::default()
        };
        let root = ActualRole { superuser: true, ..ActualRole::default() };
        ActualServer {
            memberships: memberships.iter().map(row).collect(),
            databases: [(DbName::new("b").unwrap(), database)].into(),
            roles: [(name("root"), root)].into(),
            ..ActualServer::default()
        }
    }

    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str, bool)], &'a str, &'a [&'a str]);

    #[test]
    fn every_way_in_is_named_and_closed() {
        let cases: &[Case] = &[
            (&[("", "adm")], &[], "a", &[r#"REVOKE CONNECT ON DATABASE "b" FROM PUBLIC"#]),
            (&[("a", "adm")], &[], "a", &[r#"REVOKE CONNECT ON DATABASE "b" FROM "a""#]),
            (&[("g", "adm")], &[("g", "a", true)], "a", &[r#"REVOKE "g" FROM "a" GRANTED BY "adm""#]),
            (
                &[("g", "adm")],
                &[("g", "h", true), ("h", "a", true)],
                "a",
                &[r#"REVOKE "h" FROM "a" GRANTED BY "adm""#],
            ),
            (&[("g", "adm")], &[("g", "a", false)], "a", &[]),
            // An alternate login stays a member of its primary.
            (&[("a", "adm")], &[("a", "a_b", true)], "a_b", &[r#"REVOKE CONNECT ON DATABASE "b" FROM "a""#]),
            (
                &[("g", "adm")],
                &[("g", "a", true), ("a", "a_b", true)],
                "a_b",
                &[r#"REVOKE "g" FROM "a" GRANTED BY "adm""#],
            ),
            (&[("g", "adm")], &[("g", "h", true), ("h", "g", true)], "a", &[]),
            (&[("c", "adm")], &[], "a", &[]),
            (&[], &[], "root", &[r#"ALTER ROLE "root" NOSUPERUSER"#]),
            (
                &[("a", "x")],
                &[],
                "a",
                &["SET ROLE \"x\";\nREVOKE CONNECT ON DATABASE \"b\" FROM \"a\";\nRESET ROLE"],
            ),
        ];
        let database = DbName::new("b").unwrap();
        for (acl, memberships, role, expected) in cases {
            let role = name(role);
            let paths = access_paths(&server(acl, memberships), &role, &database);
            let fixes: Vec<_> =
                paths.iter().map(|path| path.fix(16, &role, &database).statement().to_string()).collect();
            assert_eq!(fixes, *expected, "{acl:?} {memberships:?}");
        }
    }
}
