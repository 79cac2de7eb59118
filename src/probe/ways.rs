//! How a login gets into a database. A probe sees from outside that it does; the catalogue says why, and the
//! why says which statement closes the door.

use std::collections::BTreeSet;

use crate::model::{ActualServer, DbName, Grantee, Membership, RoleName};
use crate::sql::Statement;
use crate::stmt;

/// One reason why the server lets a role in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// It, or everybody, was granted CONNECT.
    Granted {
        /// The role itself or PUBLIC.
        grantee: Grantee,
        /// Who granted it, unless that was the database's owner: a plain REVOKE speaks for the owner only.
        grantor: Option<RoleName>,
    },
    /// It inherits from `group`, through which a role that holds CONNECT can be reached.
    Member {
        /// What the login itself is a member of.
        group: RoleName,
        /// Who granted that.
        grantor: Option<RoleName>,
        /// Who holds CONNECT: the group, or one further on.
        holder: RoleName,
    },
    /// It takes turns with `first`, whose member it is meant to be: what lets that one in has to go.
    Turns {
        /// The login whose twin it is.
        first: RoleName,
        /// How that one gets in.
        way: Box<Way>,
    },
    /// It passes every check.
    Superuser,
}

impl Way {
    /// For people.
    pub fn describe(&self) -> String {
        match self {
            Way::Granted { grantee: Grantee::Public, .. } => "PUBLIC holds CONNECT".into(),
            Way::Granted { .. } => "it holds CONNECT itself".into(),
            Way::Member { group, holder, .. } if group == holder => {
                format!("it is a member of {group}, which holds CONNECT")
            }
            Way::Member { group, holder, .. } => {
                format!("it is a member of {group}, and so of {holder}, which holds CONNECT")
            }
            Way::Turns { first, way } => {
                format!("it takes turns with {first}, and for that: {}", way.describe())
            }
            Way::Superuser => "it is a superuser".into(),
        }
    }

    /// The statement that closes it on this major version.
    pub fn fix(&self, major: u32, role: &RoleName, database: &DbName) -> Statement {
        match self {
            Way::Granted { grantee, grantor } => {
                let revoke = match grantee {
                    Grantee::Public => stmt!("REVOKE CONNECT ON DATABASE {db} FROM PUBLIC", db = database),
                    Grantee::Role(role) => {
                        stmt!("REVOKE CONNECT ON DATABASE {db} FROM {role}", db = database, role = role)
                    }
                };
                speaking_for(grantor.as_ref(), revoke)
            }
            // From 16 on each grantor has a row of its own, and REVOKE takes only that of the one it names.
            Way::Member { group, grantor: Some(grantor), .. } if major >= 16 => stmt!(
                "REVOKE {group} FROM {role} GRANTED BY {grantor}",
                group = group,
                role = role,
                grantor = grantor
            ),
            Way::Member { group, .. } => stmt!("REVOKE {group} FROM {role}", group = group, role = role),
            Way::Turns { first, way } => way.fix(major, first, database),
            Way::Superuser => stmt!("ALTER ROLE {role} NOSUPERUSER", role = role),
        }
    }

    /// Whether it lets in everybody, not this role alone.
    pub fn is_public(&self) -> bool {
        matches!(self, Way::Granted { grantee: Grantee::Public, .. })
    }
}

fn speaking_for(grantor: Option<&RoleName>, statement: Statement) -> Statement {
    match grantor {
        Some(grantor) => {
            Statement::join([stmt!("SET ROLE {role}", role = grantor), statement, stmt!("RESET ROLE")])
        }
        None => statement,
    }
}

/// Every way in that the catalogue shows: all of them have to be closed. None if the catalogue does not say.
pub fn ways_in(server: &ActualServer, role: &RoleName, database: &DbName) -> Vec<Way> {
    let mut ways = BTreeSet::new();
    if server.roles.get(role).is_some_and(|found| found.superuser) {
        ways.insert(Way::Superuser);
    }
    let Some(found) = server.databases.get(database) else { return ways.into_iter().collect() };
    if let Some(first) = takes_turns_with(server, role) {
        let own = ways_in(server, &first, database).into_iter().filter(|way| !way.is_public());
        ways.extend(own.map(|way| Way::Turns { first: first.clone(), way: Box::new(way) }));
    }
    for entry in found.acl.iter().filter(|entry| entry.privilege == "CONNECT") {
        match &entry.grantee {
            Grantee::Role(holder) if holder != role => ways.extend(through(server, role, holder)),
            grantee => {
                let grantor = Some(entry.grantor.clone()).filter(|grantor| grantor.as_str() != found.owner);
                ways.insert(Way::Granted { grantee: grantee.clone(), grantor });
            }
        }
    }
    ways.into_iter().collect()
}

/// The login whose twin it is, if it is one.
fn takes_turns_with(server: &ActualServer, role: &RoleName) -> Option<RoleName> {
    let first = RoleName::found(role.as_str().strip_suffix(crate::TWIN_SUFFIX)?).ok()?;
    let joined = |row: &Membership| row.member == *role && row.role == first && row.inherit;
    server.memberships.iter().any(joined).then_some(first)
}

/// CONNECT is inherited, so a membership without INHERIT opens no database.
fn through(server: &ActualServer, role: &RoleName, holder: &RoleName) -> Vec<Way> {
    let first = takes_turns_with(server, role);
    let own = server.memberships.iter().filter(|row| row.member == *role && row.inherit);
    own.filter(|row| first.as_ref() != Some(&row.role))
        .filter(|row| inherited(&server.memberships, &row.role).contains(holder))
        .map(|row| Way::Member {
            group: row.role.clone(),
            grantor: row.grantor.clone(),
            holder: holder.clone(),
        })
        .collect()
}

/// A role and everything it inherits from, however far away.
fn inherited<'a>(all: &'a [Membership], role: &'a RoleName) -> BTreeSet<&'a RoleName> {
    let mut reached = BTreeSet::from([role]);
    loop {
        let before = reached.len();
        let next: Vec<_> = all.iter().filter(|row| row.inherit && reached.contains(&row.member)).collect();
        reached.extend(next.into_iter().map(|row| &row.role));
        if reached.len() == before {
            return reached;
        }
    }
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
            // A twin stays a member of its first.
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
            let ways = ways_in(&server(acl, memberships), &role, &database);
            let fixes: Vec<_> = ways.iter().map(|way| way.fix(16, &role, &database).to_string()).collect();
            assert_eq!(fixes, *expected, "{acl:?} {memberships:?}");
        }
    }
}
