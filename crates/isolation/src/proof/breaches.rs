//! Breaches of the matrix as findings: the login that can connect, the access paths that the catalog shows, and the
//! fix.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::probe::{Probe, ProbeDatabase, ProbeLogin, Task, Verdict};
use martydb_model::contract;
use martydb_model::findings::{
    FOREIGN_CONNECT, Finding, FindingBuilder, FindingSource, MAINTENANCE_CONNECT, PUBLIC, TEMPLATE_CONNECT,
    UNMANAGED_CONNECT,
};
use martydb_model::grants::{Repair, alter_role, revoke_connect, revoke_membership};
use martydb_model::sql::Keyword;
use martydb_model::units::{counted, listed};
use martydb_model::{
    AclEntry, ActualDatabase, ActualServer, DatabaseKind, DbName, Grantee, Membership, RoleName,
};

/// Evidence of an inferred probe.
pub(crate) const WAY: &str = "simulated from the catalog";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The server accepted a login.
    Login,
    /// The login could not be tried; according to the catalog it would be accepted.
    Catalog,
}

/// Returns one finding per database to which PUBLIC may connect, and one per login with an access path of its own.
pub fn findings(task: &Task, probes: &[&Probe], server: &ActualServer, basis: Basis) -> Vec<Finding> {
    BreachJudge::new(task, server).findings(probes.iter().copied(), basis)
}

/// Judge of breaches, with the logins and databases of a task by their names.
pub(crate) struct BreachJudge<'a> {
    task: &'a Task,
    server: &'a ActualServer,
    logins: HashMap<&'a str, &'a ProbeLogin>,
    /// By their indexes.
    databases: HashMap<&'a str, usize>,
}

impl<'a> BreachJudge<'a> {
    pub(crate) fn new(task: &'a Task, server: &'a ActualServer) -> BreachJudge<'a> {
        let databases = task.databases.iter().enumerate();
        BreachJudge {
            task,
            server,
            logins: task.logins.iter().map(|login| (login.role.as_str(), login)).collect(),
            databases: databases.map(|(at, database)| (database.name.as_str(), at)).collect(),
        }
    }

    /// Returns the findings in the order of the task's databases.
    pub(crate) fn findings<'p>(
        &self,
        probes: impl IntoIterator<Item = &'p Probe>,
        basis: Basis,
    ) -> Vec<Finding> {
        let mut entrants: BTreeMap<usize, Vec<&ProbeLogin>> = BTreeMap::new();
        for probe in probes.into_iter().filter(|probe| probe.outcome == Verdict::Breach) {
            if let Some(at) = self.databases.get(probe.database.as_str()) {
                entrants.entry(*at).or_default().push(self.logins[probe.role.as_str()]);
            }
        }
        let of_database = |(at, entrants): (usize, Vec<&ProbeLogin>)| {
            let (task, server, database) = (self.task, self.server, &self.task.databases[at]);
            Breach { task, database, server, basis }.findings(&entrants)
        };
        entrants.into_iter().flat_map(of_database).collect()
    }
}

/// A database that logins can connect to although they must not.
struct Breach<'a> {
    task: &'a Task,
    database: &'a ProbeDatabase,
    server: &'a ActualServer,
    basis: Basis,
}

impl Breach<'_> {
    fn findings(&self, entrants: &[&ProbeLogin]) -> Vec<Finding> {
        let mut public: Option<AccessPath> = None;
        let mut found = vec![];
        for login in entrants {
            let paths = access_paths(self.server, &login.role, &self.database.name).into_iter();
            let (of_public, own): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_public);
            // Access only through PUBLIC is one finding for all logins of the server.
            if of_public.is_empty() || !own.is_empty() {
                let who = format!("{} of {}", login.role, login.service);
                found.push(self.finding(login.role.as_str(), &who, own));
            }
            public = public.or(of_public.into_iter().next());
        }
        if let Some(path) = public {
            let services: BTreeSet<_> = entrants.iter().map(|login| login.service.as_str()).collect();
            let services: Vec<_> = services.into_iter().collect();
            let who = format!("{} of {}", counted(entrants.len(), "login"), listed(&services));
            found.insert(0, self.finding(PUBLIC, &who, vec![path]));
        }
        found
    }

    fn finding(&self, role: &str, who: &str, paths: Vec<AccessPath>) -> Finding {
        let (kind, service) = match &self.database.kind {
            DatabaseKind::Service(service) => (FOREIGN_CONNECT, Some(service)),
            DatabaseKind::Maintenance => (MAINTENANCE_CONNECT, None),
            DatabaseKind::Template => (TEMPLATE_CONNECT, None),
            DatabaseKind::Unmanaged => (UNMANAGED_CONNECT, None),
        };
        let why: Vec<&str> = paths.iter().map(|path| path.why.as_str()).collect();
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join(", and ")) };
        let (source, seen) = match self.basis {
            Basis::Login => (FindingSource::Probe, format!("{who} connected{why}")),
            Basis::Catalog => (
                FindingSource::Audit,
                format!("{WAY}, since the password is not known: {who} could connect{why}"),
            ),
        };
        let found =
            kind.of(role).by(source).service_name(service).database(&self.database.name).evidence(seen);
        // Without duplicates, in the order of their text.
        let repairs = paths.into_iter().map(|path| (path.repair.statement().to_string(), path.repair));
        let repairs: BTreeMap<String, Repair> = repairs.collect();
        repairs.into_values().fold(found, FindingBuilder::fix).on(&self.task.server)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessPath {
    pub why: String,
    /// Statement that closes the path.
    pub repair: Repair,
    /// `true` if PUBLIC holds CONNECT.
    pub is_public: bool,
}

/// Returns all access paths that the catalog shows; each has to be closed. Empty if the catalog does not explain
/// the access.
pub(crate) fn access_paths(server: &ActualServer, role: &RoleName, database: &DbName) -> Vec<AccessPath> {
    let mut paths = vec![];
    if let Some(found) = server.databases.get(database) {
        paths.extend(granted(found, role, database));
        paths.extend(through_groups(server, found, role));
        if let Some(primary) = primary_of(server, role) {
            let own = access_paths(server, &primary, database).into_iter().filter(|path| !path.is_public);
            paths.extend(own.map(|path| {
                let why = format!("it is the alternate login of {primary}: {}", path.why);
                // The primary's path has to be closed: the alternate stays its member.
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

/// Returns paths by CONNECT granted to the role or to PUBLIC.
fn granted(found: &ActualDatabase, role: &RoleName, database: &DbName) -> Vec<AccessPath> {
    let path = |entry: &AclEntry| {
        // A plain REVOKE acts as the database's owner.
        let grantor = Some(&entry.grantor).filter(|grantor| grantor.as_str() != found.owner);
        let is_public = entry.grantee == Grantee::Public;
        let why = if is_public { "PUBLIC holds CONNECT" } else { "direct grant of CONNECT" };
        let repair = revoke_connect(database, &entry.grantee, grantor).restrict();
        AccessPath { why: why.into(), repair, is_public }
    };
    connects(found)
        .filter(|entry| entry.grantee.role().is_none_or(|holder| holder == role))
        .map(path)
        .collect()
}

/// Returns paths by membership in a group that holds CONNECT or reaches a role that does. CONNECT has to be
/// inherited, so a membership without INHERIT opens no database.
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
    use martydb_model::ActualRole;

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
