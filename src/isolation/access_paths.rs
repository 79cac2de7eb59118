//! Why a login can connect to a database. A probe shows that it can; the catalogue says through which grants, and each
//! of those has a statement that takes it away.

use std::collections::BTreeSet;

use crate::contract;
use crate::grants::{Repair, alter_role, revoke_connect, revoke_membership};
use crate::model::{AclEntry, ActualDatabase, ActualServer, DbName, Grantee, Membership, RoleName};
use crate::sql::Keyword;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPath {
    pub why: String,
    /// What closes it.
    pub repair: Repair,
    /// Whether it is PUBLIC that holds CONNECT.
    pub is_public: bool,
}

/// Every path that the catalogue shows: all of them have to be closed. None if the catalogue does not explain it.
pub fn access_paths(server: &ActualServer, role: &RoleName, database: &DbName) -> Vec<AccessPath> {
    let mut paths = vec![];
    if let Some(found) = server.databases.get(database) {
        paths.extend(granted(found, role, database));
        paths.extend(through_groups(server, found, role));
        if let Some(primary) = primary_of(server, role) {
            let own = access_paths(server, &primary, database).into_iter().filter(|path| !path.is_public);
            paths.extend(own.map(|path| {
                let why = format!("it is the alternate login of {primary}: {}", path.why);
                // The path of the primary has to be closed: the alternate stays its member.
                AccessPath { why, ..path }
            }));
        }
    }
    if server.roles.get(role).is_some_and(|found| found.superuser) {
        let repair = alter_role(role.as_str(), Keyword("NOSUPERUSER"));
        paths.push(AccessPath { why: "it is a superuser".into(), repair, is_public: false });
    }
    paths
}

fn connects(found: &ActualDatabase) -> impl Iterator<Item = &AclEntry> {
    found.acl.iter().filter(|entry| entry.privilege == "CONNECT")
}

/// CONNECT was granted to the role or to PUBLIC.
fn granted(found: &ActualDatabase, role: &RoleName, database: &DbName) -> Vec<AccessPath> {
    let path = |entry: &AclEntry| {
        // A plain REVOKE speaks for the database's owner only.
        let grantor = Some(&entry.grantor).filter(|grantor| grantor.as_str() != found.owner);
        let is_public = entry.grantee == Grantee::Public;
        let why = if is_public { "PUBLIC holds CONNECT" } else { "it holds CONNECT itself" };
        let repair = revoke_connect(database, &entry.grantee, grantor).restrict();
        AccessPath { why: why.into(), repair, is_public }
    };
    connects(found)
        .filter(|entry| entry.grantee.role().is_none_or(|holder| holder == role))
        .map(path)
        .collect()
}

/// It inherits from a group through which a role that holds CONNECT can be reached. CONNECT is inherited, so a
/// membership without INHERIT opens no database.
fn through_groups(server: &ActualServer, found: &ActualDatabase, role: &RoleName) -> Vec<AccessPath> {
    let primary = primary_of(server, role);
    let holders: BTreeSet<&RoleName> =
        connects(found).filter_map(|entry| entry.grantee.role()).filter(|holder| *holder != role).collect();
    let is_own =
        |row: &&Membership| row.member == *role && row.inherit && primary.as_ref() != Some(&row.role);
    let path = |row: &Membership, holder: &RoleName| {
        let group = &row.role;
        let through = if group == holder { String::new() } else { format!(", and so of {holder}") };
        let why = format!("it is a member of {group}{through}, which holds CONNECT");
        let grantor = row.grantor.as_ref().map(RoleName::as_str);
        let repair = revoke_membership(group.as_str(), role.as_str(), grantor, server.major()).restrict();
        AccessPath { why, repair, is_public: false }
    };
    let mut paths = vec![];
    for row in server.memberships.iter().filter(is_own) {
        let inherited = server.inherited_by(&row.role);
        paths.extend(
            holders.iter().filter(|holder| inherited.contains(**holder)).map(|holder| path(row, holder)),
        );
    }
    paths
}

fn primary_of(server: &ActualServer, role: &RoleName) -> Option<RoleName> {
    let primary = contract::primary_of(role.as_str())?;
    let joined = |row: &Membership| row.member == *role && row.role == primary && row.inherit;
    server.memberships.iter().any(joined).then_some(primary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ActualRole;

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
            version: 160_000,
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
            let fixes: Vec<_> = paths.iter().map(|path| path.repair.statement().to_string()).collect();
            assert_eq!(fixes, *expected, "{acl:?} {memberships:?}");
        }
    }
}
