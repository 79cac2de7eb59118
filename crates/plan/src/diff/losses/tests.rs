//! Tables of privileges and of the logins that lose them.

use super::*;
use crate::diff::{Selection, StoredLogins, diff};
use martydb_model::{
    AccessExtent, AccessGrant, AccessLevel, AccessRole, AclEntry, ActualObject, ActualRole, DbName,
    DefaultAcl, Membership, SchemaName,
};
use martydb_samples::{desired, provisioned, role};

fn open_room(acl: &[(&str, &str)]) -> ActualServer {
    let mut actual = provisioned(&desired(&["csca"]), 160_000);
    let entry = |(to, privilege): &(&str, &str)| AclEntry {
        grantee: if *to == "PUBLIC" { Grantee::Public } else { Grantee::Role(role(to)) },
        grantor: role("postgres"),
        privilege: (*privilege).to_owned(),
        grantable: false,
    };
    let room = martydb_model::ActualDatabase {
        owner: "postgres".into(),
        allow_connections: true,
        connection_limit: -1,
        acl: acl.iter().map(entry).collect(),
        ..Default::default()
    };
    actual.databases.insert(DbName::found("postgres").unwrap(), room);
    let admin = ActualRole { login: true, createrole: true, inherit: true, ..ActualRole::default() };
    actual.roles.insert(role("adm"), admin);
    actual
}

fn lost_grants(actual: &ActualServer) -> Vec<String> {
    let desired = desired(&["csca"]);
    let plan = diff(&desired, actual, &StoredLogins::All, &Selection::all(&desired));
    plan.losses.iter().flat_map(Loss::grants).map(|one| one.to_string()).collect()
}

#[test]
fn an_admin_who_comes_in_with_everybody_is_named() {
    let open = [("PUBLIC", "CONNECT"), ("adm", "TEMPORARY")];
    assert_eq!(lost_grants(&open_room(&open)), ["GRANT CONNECT ON DATABASE \"postgres\" TO \"adm\""]);
    // Closed already: the role could not connect before either.
    assert_eq!(lost_grants(&open_room(&[])), Vec::<String>::new());
}

#[test]
fn a_right_of_its_own_or_of_a_group_is_enough() {
    let none = Vec::<String>::new();
    assert_eq!(lost_grants(&open_room(&[("PUBLIC", "CONNECT"), ("adm", "CONNECT")])), none);
    let mut actual = open_room(&[("PUBLIC", "CONNECT"), ("dba", "CONNECT")]);
    let row = |inherit| Membership {
        role: role("dba"),
        member: role("adm"),
        grantor: Some(role("postgres")),
        admin: false,
        inherit,
        set: true,
    };
    actual.memberships.push(row(false));
    assert_eq!(lost_grants(&actual).len(), 1);
    actual.memberships.push(row(true));
    assert_eq!(lost_grants(&actual), none);
}

fn acl(entries: &[(&str, &str)]) -> Vec<AclEntry> {
    let entry = |(to, privilege): &(&str, &str)| AclEntry {
        grantee: if *to == "PUBLIC" { Grantee::Public } else { Grantee::Role(role(to)) },
        grantor: role("csca_owner"),
        privilege: (*privilege).to_owned(),
        grantable: false,
    };
    entries.iter().map(entry).collect()
}

fn object(kind: ObjectKind, name: &str, held: &[(&str, &str)]) -> ActualObject {
    let routine = kind == ObjectKind::Function;
    ActualObject {
        kind,
        schema: SchemaName::public(),
        name: name.into(),
        signature: routine.then(|| format!("public.{name}()")),
        owner: role("csca_owner"),
        security_definer: false,
        dependent: false,
        is_plain: false,
        policies_spare_owner: false,
        of_table: None,
        acl: acl(held),
        column_acl: vec![],
    }
}

/// A database that PUBLIC may enter and use: bob reads by a group, own by privileges of its own, eve has nothing.
fn open_house() -> ActualServer {
    let mut actual = provisioned(&desired(&["csca"]), 160_000);
    let login = || ActualRole { login: true, inherit: true, ..ActualRole::default() };
    for name in ["bob", "eve", "own"] {
        actual.roles.insert(role(name), login());
    }
    actual.roles.insert(role("root2"), ActualRole { superuser: true, ..login() });
    actual.roles.insert(role("readers"), ActualRole::default());
    actual.memberships.push(member("bob", "readers"));
    let found = actual.databases.get_mut(&DbName::found("csca_db").unwrap()).unwrap();
    found.acl.extend(acl(&[("PUBLIC", "CONNECT"), ("own", "CONNECT")]));
    let contents = found.contents.as_mut().unwrap();
    contents.schemas.get_mut(&SchemaName::public()).unwrap().acl.extend(acl(&[("PUBLIC", "USAGE")]));
    contents.objects = vec![
        object(ObjectKind::Table, "t", &[("readers", "SELECT"), ("own", "SELECT")]),
        object(ObjectKind::Function, "f", &[("PUBLIC", "EXECUTE")]),
        object(ObjectKind::Function, "g", &[("PUBLIC", "EXECUTE"), ("own", "EXECUTE")]),
        object(ObjectKind::Type, "mood", &[("PUBLIC", "USAGE")]),
    ];
    contents.default_acls.push(DefaultAcl {
        role: role("old"),
        schema: Some(SchemaName::public()),
        object: 'r',
        acl: acl(&[("PUBLIC", "SELECT"), ("own", "SELECT")]),
    });
    actual
}

fn member(member: &str, of: &str) -> Membership {
    let (role, member) = (role(of), role(member));
    Membership { role, member, grantor: None, admin: false, inherit: true, set: true }
}

fn planned(desired: &DesiredServer, actual: &ActualServer) -> Plan {
    diff(desired, actual, &StoredLogins::All, &Selection::all(desired))
}

fn shown(plan: &Plan) -> Vec<String> {
    plan.losses.iter().map(|loss| format!("{} from {}: {}", loss.what(), loss.from, loss.names())).collect()
}

#[test]
fn each_right_of_public_names_those_who_have_it_by_nothing_else() {
    let plan = planned(&desired(&["csca"]), &open_house());
    assert_eq!(
        shown(&plan),
        [
            "CONNECT on database csca_db from PUBLIC: bob, eve",
            "USAGE on schema public of csca_db from PUBLIC: bob, own",
            "EXECUTE on 2 functions of csca_db from PUBLIC: bob, csca_app, csca_ro, own",
            "SELECT on future tables of old in schema public of csca_db from PUBLIC: bob",
        ]
    );
    let keep: Vec<String> = plan.losses.iter().flat_map(Loss::grants).map(|one| one.to_string()).collect();
    assert_eq!(
        keep[2..],
        [
            "GRANT EXECUTE ON FUNCTION public.f() TO \"bob\", \"csca_app\", \"csca_ro\", \"own\"",
            "GRANT EXECUTE ON FUNCTION public.g() TO \"bob\", \"csca_app\", \"csca_ro\", \"own\"",
            "ALTER DEFAULT PRIVILEGES FOR ROLE \"old\" IN SCHEMA \"public\" GRANT SELECT ON TABLES TO \"bob\"",
        ]
    );
    let takes = |step: &&Step| matches!(step.action.verb(), crate::Verb::Revoke);
    for step in plan.steps.iter().filter(takes) {
        let felt = !step.action.object().contains("mood");
        assert_eq!(step.risk == Risk::Caution, felt, "{step:?}");
    }
}

#[test]
fn rights_that_stay_without_a_way_to_them_are_dead() {
    let plan = planned(&desired(&["csca"]), &open_house());
    let left: Vec<&str> = plan.prunable.iter().map(|step| step.reason.as_str()).collect();
    let ending = |start: &str| {
        let found =
            left.iter().find(|reason| reason.starts_with(start)).unwrap_or_else(|| panic!("{left:#?}"));
        found.split_once("; ").map_or("", |(_, ending)| ending)
    };
    assert_eq!(ending("readers holds SELECT on table"), "dead: bob cannot connect to csca_db");
    assert_eq!(ending("own holds SELECT on table"), "dead: own cannot use schema public");
    assert_eq!(ending("own holds CONNECT"), "");
    // With CONNECT of its own it works, and without a login no role misses it.
    let mut actual = open_house();
    let found = actual.databases.get_mut(&DbName::found("csca_db").unwrap()).unwrap();
    found.acl.extend(acl(&[("readers", "CONNECT")]));
    let contents = found.contents.as_mut().unwrap();
    contents.schemas.get_mut(&SchemaName::public()).unwrap().acl.extend(acl(&[("readers", "USAGE")]));
    let plan = planned(&desired(&["csca"]), &actual);
    assert!(!plan.prunable.iter().any(|step| step.reason.contains("dead: bob")), "{:#?}", plan.prunable);
    actual.memberships.retain(|row| row.member != role("bob"));
    let plan = planned(&desired(&["csca"]), &actual);
    assert!(
        !plan.prunable.iter().any(|step| step.reason.contains("readers") && step.reason.contains("dead"))
    );
}

#[test]
fn a_predefined_role_or_a_grant_of_the_plan_is_a_way() {
    let mut actual = open_house();
    actual.roles.insert(role("pg_read_all_data"), ActualRole::default());
    actual.memberships.push(member("bob", "pg_read_all_data"));
    let plan = planned(&desired(&["csca"]), &actual);
    assert!(
        shown(&plan).contains(&"USAGE on schema public of csca_db from PUBLIC: own".to_owned()),
        "{:?}",
        shown(&plan)
    );
    let plan = planned(&declared(&["bob"]), &open_house());
    assert!(
        shown(&plan).contains(&"CONNECT on database csca_db from PUBLIC: eve".to_owned()),
        "{:?}",
        shown(&plan)
    );
}

/// The group of readers is declared, and may read.
fn declared(members: &[&str]) -> DesiredServer {
    let mut desired = desired(&["csca"]);
    let group = AccessRole {
        replicates: false,
        monitors: false,
        name: role("readers"),
        login: false,
        members: members.iter().map(|name| role(name)).collect(),
        connection_limit: -1,
        of: None,
        homes: Default::default(),
        expired: false,
        reason: "reports".into(),
    };
    let grant = AccessGrant { role: role("readers"), level: AccessLevel::Read, extent: AccessExtent::Whole };
    desired.services.values_mut().for_each(|service| service.access.push(grant.clone()));
    desired.access.insert(role("readers"), group);
    desired
}

#[test]
fn the_members_of_a_group_lose_what_it_loses() {
    let mut actual = open_house();
    let found = actual.databases.get_mut(&DbName::found("csca_db").unwrap()).unwrap();
    found.contents.as_mut().unwrap().objects[0].acl.extend(acl(&[
        ("readers", "DELETE"),
        ("readers", "INSERT"),
        ("bob", "INSERT"),
    ]));
    let plan = planned(&declared(&["bob"]), &actual);
    let lost: Vec<_> = shown(&plan).into_iter().filter(|line| line.contains("readers")).collect();
    assert_eq!(lost, ["DELETE on table public.t of csca_db from readers: bob"]);
}

/// `REVOKE EXECUTE … FROM app; GRANT EXECUTE … TO PUBLIC` in a migration leaves app only what `apply` takes from PUBLIC.
#[test]
fn a_service_s_login_that_loses_what_it_may_hold_is_named() {
    let mut actual = provisioned(&desired(&["csca", "pkd"]), 160_000);
    let contents =
        actual.databases.get_mut(&DbName::new("csca_db").unwrap()).unwrap().contents.as_mut().unwrap();
    contents.objects.push(object(ObjectKind::Function, "one", &[("PUBLIC", "EXECUTE")]));
    contents.objects.push(object(ObjectKind::Table, "t", &[("PUBLIC", "TRUNCATE")]));
    assert_eq!(lost_grants(&actual), ["GRANT EXECUTE ON FUNCTION public.one() TO \"csca_app\", \"csca_ro\""]);
}
