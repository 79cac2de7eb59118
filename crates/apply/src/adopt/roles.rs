//! Users of the database as entries of `access:`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::holders::{HeldPrivileges, ScanContext};
use super::levels::{Extents, narrowest};
use martydb_manifest::login_name;
use martydb_model::contract::managed;
use martydb_model::sql::stmt;
use martydb_model::units::{counted, listed};
use martydb_model::{AclEntry, ActualObject, Grantee, Membership, ObjectKind, RoleName, SchemaName};

/// A role with access to the service's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdoptedRole {
    pub role: String,
    pub login: bool,
    /// Members, if it is a group.
    pub members: Vec<String>,
    pub connect: Vec<String>,
    pub read: Vec<String>,
    pub write: Vec<String>,
    /// `true` if it has an open session in the database.
    pub connected: bool,
    /// `true` if the manifest declares it already.
    pub declared: bool,
}

impl AdoptedRole {
    /// Returns its levels on one line.
    pub fn words(&self) -> String {
        let levels = [("connect", &self.connect), ("read", &self.read), ("write", &self.write)];
        let said = levels.into_iter().filter(|(_, extents)| !extents.is_empty());
        said.map(|(level, extents)| format!("{level} {}", listed(extents))).collect::<Vec<_>>().join("; ")
    }
}

/// Entries for all users, and notes on what `access:` cannot express.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declarations {
    pub roles: Vec<AdoptedRole>,
    pub notes: Vec<String>,
}

/// Returns roles with privileges that a level of `access:` grants, and logins with an open session. Privileges
/// through PUBLIC are revoked, so they are included.
pub fn adopted_roles(scene: &ScanContext<'_>) -> Declarations {
    let (mut holders, public) = scene.holders();
    let old_owners = scene.old_owners();
    holders.retain(|role, _| !old_owners.contains(role));
    let is_unsaid =
        |_: &RoleName, held: &mut HeldPrivileges| !held.is_expressible() && !held.unsaid.is_empty();
    let unsaid: BTreeMap<RoleName, HeldPrivileges> = holders.extract_if(.., is_unsaid).collect();
    holders.retain(|_, held| held.is_expressible());
    for role in newcomers(scene, &holders, &old_owners).into_iter().filter(|role| !unsaid.contains_key(role))
    {
        holders.entry(role).or_default().connects = true;
    }
    let (relations, mut found) = (scene.relations(), Declarations::default());
    found.notes.extend(unsaid.iter().map(|(role, held)| what_keeps(scene, role, held)));
    found.notes.extend(readers_of_all(scene, &holders));
    for (role, held) in holders {
        let held = held.with(&public);
        let extents = narrowest(scene.service.name.as_str(), &relations, &held.needs, &held.future);
        if let Some(why) = unfit(scene, &role) {
            found.notes.push(format!("{role} cannot be declared: its name {why}"));
            continue;
        }
        let person = person(scene, &role, &extents, &mut found.notes);
        let widened: Vec<String> =
            held.widened(&relations).iter().map(|(schema, name)| format!("{schema}.{name}")).collect();
        if !person.declared && !widened.is_empty() {
            let tables = listed(&widened);
            found.notes.push(format!(
                "{role} holds less on {tables} than `write` gives: SELECT, INSERT, UPDATE, DELETE"
            ));
        }
        found.roles.push(person);
    }
    found.notes.extend(calls_that_end(scene, &found.roles));
    found
}

/// Returns a note with the GRANTs for privileges outside all levels, which `apply` leaves alone.
fn what_keeps(scene: &ScanContext<'_>, role: &RoleName, held: &HeldPrivileges) -> String {
    let (database, acting) = (&scene.service.database, scene.actual.inherited_by(role));
    let holds = |acl: &[AclEntry], privilege: &str| {
        acl.iter().any(|entry| {
            entry.privilege == privilege && entry.grantee.role().is_some_and(|role| acting.contains(role))
        })
    };
    let connects = scene.actual.databases.get(database).is_some_and(|found| holds(&found.acl, "CONNECT"));
    let connect = stmt!("GRANT CONNECT ON DATABASE {database} TO {role}");
    let lacks_usage = |schema: &&SchemaName| {
        scene.contents.schemas.get(*schema).is_some_and(|found| !holds(&found.acl, "USAGE"))
    };
    let usage = held.unsaid.iter().filter(lacks_usage);
    let usage = usage.map(|schema| stmt!("GRANT USAGE ON SCHEMA {schema} TO {role}"));
    let all: Vec<String> =
        (!connects).then_some(connect).into_iter().chain(usage).map(|one| one.to_string()).collect();
    let left =
        format!("{role} holds only privileges that no level of `access:` grants; `apply` leaves them alone");
    if all.is_empty() { left } else { format!("{left}; to remain usable, they need: {}", all.join("; ")) }
}

/// Returns a note on logins that read every table through a predefined role and connect through PUBLIC.
fn readers_of_all(scene: &ScanContext<'_>, holders: &BTreeMap<RoleName, HeldPrivileges>) -> Option<String> {
    let reads = |role: &&RoleName| {
        let acting = scene.actual.inherited_by(role);
        let is_reader = |one: &&RoleName| matches!(one.as_str(), "pg_read_all_data" | "pg_write_all_data");
        acting.iter().any(is_reader) && !acting.iter().any(|one| holders.contains_key(*one))
    };
    let logins = scene.actual.roles.keys().filter(|role| scene.is_other(role) && scene.is_login(role));
    let names: Vec<&str> = logins.filter(reads).map(RoleName::as_str).collect();
    (!names.is_empty()).then(|| {
        let (service, names) = (&scene.service.name, listed(&names));
        format!("{names} may read every table of the server by a predefined role: `connect: [{service}]` under `access:` keeps their access")
    })
}

/// Returns a note on functions. PUBLIC may execute every function unless a migration revoked it; `read` grants
/// none.
fn calls_that_end(scene: &ScanContext<'_>, others: &[AdoptedRole]) -> Option<String> {
    let is_code = |found: &&ActualObject| matches!(found.kind, ObjectKind::Function | ObjectKind::Procedure);
    let by_public = |found: &&ActualObject| {
        found.acl.iter().any(|entry| entry.grantee == Grantee::Public && entry.privilege == "EXECUTE")
    };
    let own = scene.contents.objects.iter().filter(|found| scene.service.schemas.contains(&found.schema));
    let functions = own.filter(is_code).filter(by_public).count();
    let new = others.iter().filter(|person| !person.declared && person.write.is_empty());
    let names: Vec<&str> = new.map(|person| person.role.as_str()).collect();
    (functions > 0 && !names.is_empty()).then(|| {
        let (functions, names) = (counted(functions, "function"), listed(&names));
        format!("PUBLIC loses EXECUTE on {functions}: {names} can no longer call them; `write` on a schema grants it")
    })
}

/// Returns logins that hold no privileges themselves and use the database: those with a session, and members of a
/// group that do not inherit its CONNECT. A member that inherits connects through its group or the old owner.
fn newcomers(
    scene: &ScanContext<'_>,
    holders: &BTreeMap<RoleName, HeldPrivileges>,
    old_owners: &BTreeSet<RoleName>,
) -> Vec<RoleName> {
    // A member of the service's own roles connects through them.
    let is_own = |role: &RoleName| scene.service.kind_of(role).is_some();
    let enters = |role: &RoleName| holders.contains_key(role) || old_owners.contains(role) || is_own(role);
    let comes_in = |role: &RoleName| scene.actual.inherited_by(role).into_iter().any(enters);
    let of_groups = holders.keys().flat_map(|group| scene.actual.who_can_become(group));
    let all: BTreeSet<&RoleName> = scene.sessions.iter().chain(of_groups).collect();
    let new = |role: &&&RoleName| scene.is_other(role) && scene.is_login(role) && !comes_in(role);
    all.iter().filter(new).map(|role| (*role).clone()).collect()
}

/// Returns the reason why the manifest rejects the name.
fn unfit(scene: &ScanContext<'_>, role: &RoleName) -> Option<String> {
    if let Err(error) = RoleName::new(role.as_str()) {
        return Some(error.to_string());
    }
    login_name(role.as_str()).err().map(|(why, _)| why).filter(|_| scene.is_login(role))
}

fn person(
    scene: &ScanContext<'_>,
    role: &RoleName,
    extents: &Extents,
    notes: &mut Vec<String>,
) -> AdoptedRole {
    let login = scene.is_login(role);
    let declared = scene.service.access.iter().any(|grant| grant.role == *role);
    let members = if login { vec![] } else { members(scene, role, notes) };
    let service = scene.service.name.to_string();
    if !extents.unnamed.is_empty() && !declared {
        let names = listed(&extents.unnamed);
        notes.push(format!("{role}: a dot in a name cannot be written under `access:`, so it loses {names}"));
    }
    AdoptedRole {
        role: role.to_string(),
        login,
        members,
        connect: if extents.is_empty() { vec![service] } else { vec![] },
        read: extents.read.clone(),
        write: extents.write.clone(),
        connected: scene.sessions.contains(role),
        declared,
    }
}

/// Returns the members of a group without services' logins, which are restricted to their own databases.
fn members(scene: &ScanContext<'_>, group: &RoleName, notes: &mut Vec<String>) -> Vec<String> {
    let uses = |row: &&Membership| row.role == *group && !row.is_admin_alone();
    let rows = scene.actual.memberships.iter().filter(uses);
    let all: BTreeSet<&RoleName> = rows.map(|row| &row.member).collect();
    let (services, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|member| managed(scene.desired, member).is_some());
    for member in services {
        notes.push(format!(
            "{member} is a service's login and cannot be a member of {group}: `apply` ends that"
        ));
    }
    others.into_iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::{ActualDatabase, ActualRole, ActualSchema, ActualServer, Contents, DesiredServer};
    use martydb_samples::{acl_entry as entry, desired, empty, role};

    fn table(name: &str, owner: &str, acl: &[(Option<&str>, &str)]) -> ActualObject {
        ActualObject {
            is_plain: false,
            policies_spare_owner: false,
            kind: ObjectKind::Table,
            schema: SchemaName::public(),
            name: name.into(),
            signature: None,
            owner: role(owner),
            security_definer: false,
            dependent: false,
            of_table: None,
            acl: acl.iter().map(|(to, privilege)| entry(*to, privilege, owner)).collect(),
            column_acl: vec![],
        }
    }

    /// Returns a server with these roles (capitalized names are not logins), and memberships with their INHERIT
    /// option.
    fn server(desired: &DesiredServer, roles: &[&str], members: &[(&str, &str, bool)]) -> ActualServer {
        let mut actual = empty(150_000);
        for name in roles {
            let login = name.starts_with(|c: char| c.is_ascii_lowercase());
            actual.roles.insert(role(name), ActualRole { login, inherit: true, ..ActualRole::default() });
        }
        for (group, member, inherit) in members {
            let (role, member) = (role(group), role(member));
            let row = Membership { role, member, grantor: None, admin: false, inherit: *inherit, set: true };
            actual.memberships.push(row);
        }
        let acl = vec![entry(None, "CONNECT", "old")];
        let database =
            ActualDatabase { owner: "old".into(), allow_connections: true, acl, ..ActualDatabase::default() };
        actual.databases.insert(desired.services.values().next().unwrap().database.clone(), database);
        actual
    }

    fn found(actual: &ActualServer, objects: Vec<ActualObject>, sessions: &[&str]) -> Declarations {
        let desired = desired(&["shop"]);
        let service = desired.services.values().next().unwrap();
        let schema = ActualSchema { owner: role("old"), acl: vec![entry(None, "USAGE", "old")] };
        let contents =
            Contents { objects, schemas: [(SchemaName::public(), schema)].into(), ..Contents::default() };
        let sessions = sessions.iter().map(|name| role(name)).collect();
        adopted_roles(&ScanContext {
            desired: &desired,
            service,
            actual,
            contents: &contents,
            sessions: &sessions,
        })
    }

    fn words(all: &Declarations) -> Vec<String> {
        let one = |person: &AdoptedRole| {
            format!("{}: {} {}", person.role, person.words(), person.members.join(" "))
        };
        all.roles.iter().map(|person| one(person).trim_end().to_owned()).collect()
    }

    #[test]
    fn each_user_of_the_database_is_found_once() {
        let desired = desired(&["shop"]);
        let roles = ["old", "Bi", "alice", "bob", "guest", "idle", "shop_app", "all"];
        let members = [("Bi", "alice", true), ("Bi", "bob", false), ("shop_app", "friend", true)];
        let mut actual = server(&desired, &roles, &members);
        actual.roles.insert(role("friend"), ActualRole { login: true, ..ActualRole::default() });
        actual.roles.insert(RoleName::found("pg_read_all_data").unwrap(), ActualRole::default());
        let (of_all, member) = (RoleName::found("pg_read_all_data").unwrap(), role("all"));
        let row = Membership { role: of_all, member, grantor: None, admin: false, inherit: true, set: true };
        actual.memberships.push(row);
        let objects = vec![
            table("a", "old", &[(Some("Bi"), "SELECT"), (None, "SELECT")]),
            table("b", "old", &[(Some("Bi"), "SELECT")]),
        ];
        // The member that does not inherit needs CONNECT of its own; the member of the app role has it.
        let all = found(&actual, objects, &["alice", "guest", "friend", "old"]);
        assert_eq!(
            words(&all),
            ["Bi: read shop.public alice bob", "bob: read shop.public.a", "guest: read shop.public.a"]
        );
        assert_eq!(all.notes.len(), 1, "{:?}", all.notes);
        assert!(all.notes[0].starts_with("all may read every table"), "{:?}", all.notes);
    }

    #[test]
    fn privileges_outside_all_levels_are_noted_with_their_grants() {
        let desired = desired(&["shop"]);
        let actual =
            server(&desired, &["old", "column", "truncator", "Owners", "one"], &[("Owners", "one", true)]);
        let mut people =
            table("people", "old", &[(Some("truncator"), "TRUNCATE"), (Some("truncator"), "INSERT")]);
        people.column_acl.push(("name".into(), entry(Some("column"), "SELECT", "old")));
        let all = found(&actual, vec![people, table("theirs", "Owners", &[])], &["column"]);
        assert_eq!(
            words(&all),
            ["Owners: write shop.public.theirs one", "truncator: write shop.public.people"]
        );
        let kept = "GRANT CONNECT ON DATABASE \"shop_db\" TO \"column\"; GRANT USAGE ON SCHEMA \"public\" TO \"column\"";
        assert!(all.notes[0].ends_with(kept), "{:?}", all.notes);
        assert!(all.notes[1].starts_with("truncator holds less on public.people"), "{:?}", all.notes);
    }
}
