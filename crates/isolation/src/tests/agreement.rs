//! Plan, audit and probe read the same tables: every cell is tested with all three.

use serde_json::json;

use crate::audit::testing::{Server, server};
use crate::proof::privileges::rules::{Class, PRIVILEGES as FORBIDDEN};
use martydb_catalog::{CatalogObject, DatabaseCatalog, Snapshot};
use martydb_model::contract::{
    ATTRIBUTES, DefaultKind, GRANTS, LOGIN, ObjectClass, Privilege, allowed, allows, builtin, granted,
};
use martydb_model::{
    AclEntry, ActualObject, ActualServer, DbName, DesiredServer, Grantee, ObjectKind, RoleKind, RoleName,
    SchemaName,
};
use martydb_plan::{Action, Object, Selection, StoredLogins, diff};

const PRIVILEGES: &[Privilege] = &[
    Privilege::Connect,
    Privilege::Create,
    Privilege::Delete,
    Privilege::Execute,
    Privilege::Insert,
    Privilege::Maintain,
    Privilege::References,
    Privilege::Select,
    Privilege::Temporary,
    Privilege::Trigger,
    Privilege::Truncate,
    Privilege::Update,
    Privilege::Usage,
];

/// Classes of objects inside a database: the kind for `plan` and `audit`, and the schema and name.
const OBJECTS: &[(ObjectClass, ObjectKind, &str, (&str, &str))] = &[
    (ObjectClass::Table, ObjectKind::Table, "table", ("public", "o")),
    (ObjectClass::Table, ObjectKind::View, "view", ("public", "o")),
    (ObjectClass::Sequence, ObjectKind::Sequence, "sequence", ("public", "o")),
    (ObjectClass::Function, ObjectKind::Function, "function", ("public", "o")),
    (ObjectClass::SecurityDefiner, ObjectKind::Procedure, "procedure", ("public", "o")),
    (ObjectClass::Type, ObjectKind::Type, "type", ("public", "o")),
    (ObjectClass::History, ObjectKind::Table, "table", ("martydb", "history")),
    (ObjectClass::History, ObjectKind::Table, "table", ("public", "refinery_schema_history")),
];

/// Returns every role and privilege, for an object of the owner.
fn cells() -> impl Iterator<Item = (RoleKind, Privilege)> {
    RoleKind::ALL.into_iter().flat_map(|kind| PRIVILEGES.iter().map(move |privilege| (kind, *privilege)))
}

/// A server on which `apply` has just ended.
fn provisioned() -> Server {
    server(18).service("csca")
}

fn role(desired: &DesiredServer, kind: RoleKind) -> RoleName {
    desired.services.values().next().unwrap().role(kind).clone()
}

fn database() -> DbName {
    DbName::new("csca_db").unwrap()
}

fn entry(grantee: RoleName, grantor: &str, privilege: Privilege) -> AclEntry {
    AclEntry {
        grantee: Grantee::Role(grantee),
        grantor: RoleName::found(grantor).unwrap(),
        privilege: privilege.name().into(),
        grantable: false,
    }
}

/// Returns `true` if the plan changes nothing on the server.
fn plan_accepts(desired: &DesiredServer, actual: &ActualServer) -> bool {
    diff(desired, actual, &StoredLogins::All, &Selection::all(desired)).steps.is_empty()
}

/// Returns the findings about a role, by id.
fn findings(
    desired: &DesiredServer,
    actual: &ActualServer,
    inside: DatabaseCatalog,
    role: &RoleName,
) -> Vec<&'static str> {
    let databases = [("csca_db".to_owned(), inside)].into();
    let snapshot = Snapshot { actual: actual.clone(), databases, ..Snapshot::default() };
    let all = crate::audit::audit(desired, &snapshot, &|_| None);
    all.into_iter().filter(|finding| finding.role == role.as_str()).map(|finding| finding.id).collect()
}

fn with_object(
    desired: &DesiredServer,
    (class, kind, _, (schema, name)): (ObjectClass, ObjectKind, &str, (&str, &str)),
    acl: Vec<AclEntry>,
) -> ActualServer {
    let mut actual = provisioned().snapshot.actual;
    let contents = actual.databases.get_mut(&database()).unwrap().contents.as_mut().unwrap();
    let routine = matches!(kind, ObjectKind::Function | ObjectKind::Procedure);
    contents.objects.push(ActualObject {
        kind,
        schema: SchemaName::found(schema).unwrap(),
        name: name.into(),
        signature: routine.then(|| format!("{schema}.{name}()")),
        owner: role(desired, RoleKind::Owner),
        security_definer: class == ObjectClass::SecurityDefiner,
        dependent: false,
        is_plain: false,
        policies_spare_owner: false,
        of_table: None,
        acl,
        column_acl: vec![],
    });
    actual
}

fn catalog_with(
    class: ObjectClass,
    kind: &str,
    (schema, name): (&str, &str),
    acl: &[AclEntry],
) -> DatabaseCatalog {
    let object = json!({
        "kind": kind, "schema": schema, "name": name, "display": name, "grant_on": "TABLE o", "owner": "csca_owner",
        "system": false, "added": false, "dependent": false, "definer": class == ObjectClass::SecurityDefiner,
        "atomic": false, "leakproof": false, "acl": null,
    });
    let mut object: CatalogObject = serde_json::from_value(object).unwrap();
    object.acl = acl.to_vec();
    DatabaseCatalog { pristine: true, objects: vec![object], ..DatabaseCatalog::default() }
}

#[test]
fn plan_and_audit_accept_what_the_table_allows_on_an_object() {
    let Server { desired, .. } = provisioned();
    for row in OBJECTS {
        for (kind, privilege) in cells().filter(|(kind, _)| *kind != RoleKind::Owner) {
            let expected = allows(kind, row.0, privilege.name());
            let who = role(&desired, kind);
            let acl = vec![entry(who.clone(), "csca_owner", privilege)];
            let actual = with_object(&desired, *row, acl.clone());
            assert_eq!(plan_accepts(&desired, &actual), expected, "plan: {row:?} {kind:?} {privilege:?}");
            let ids =
                |acl: &[AclEntry]| findings(&desired, &actual, catalog_with(row.0, row.2, row.3, acl), &who);
            assert_eq!(ids(&acl) == ids(&[]), expected, "audit: {row:?} {kind:?} {privilege:?}");
        }
    }
}

#[test]
fn plan_and_audit_accept_what_the_table_allows_on_the_database() {
    let Server { desired, .. } = provisioned();
    for (kind, privilege) in cells() {
        let expected = allows(kind, ObjectClass::Database, privilege.name());
        let who = role(&desired, kind);
        let (plain, mut actual) = (provisioned().snapshot.actual, provisioned().snapshot.actual);
        let acl = &mut actual.databases.get_mut(&database()).unwrap().acl;
        let new = entry(who.clone(), "postgres", privilege);
        if !acl.contains(&new) {
            acl.push(new);
        }
        assert_eq!(plan_accepts(&desired, &actual), expected, "plan: {kind:?} {privilege:?}");
        let same = findings(&desired, &actual, DatabaseCatalog::default(), &who)
            == findings(&desired, &plain, DatabaseCatalog::default(), &who);
        assert_eq!(same, expected, "audit: {kind:?} {privilege:?}");
    }
}

#[test]
fn a_fresh_server_is_granted_what_the_table_grants() {
    let Server { desired, .. } = provisioned();
    let plan = diff(&desired, &server(18).snapshot.actual, &StoredLogins::All, &Selection::all(&desired));
    let to = |grantee: &Grantee, kind| *grantee == Grantee::Role(role(&desired, kind));
    for (kind, privilege) in cells() {
        for class in [ObjectClass::Database, ObjectClass::Schema] {
            let grants = plan.steps.iter().any(|step| match &step.action {
                Action::Grant { on: Object::Database(_), privileges, to: who } => {
                    class == ObjectClass::Database && to(who, kind) && privileges.contains(privilege)
                }
                Action::Grant { on: Object::Schema(_), privileges, to: who } => {
                    class == ObjectClass::Schema && to(who, kind) && privileges.contains(privilege)
                }
                _ => false,
            });
            assert_eq!(grants, granted(kind, class).contains(&privilege), "{class:?} {kind:?} {privilege:?}");
        }
        for (default, ..) in DefaultKind::ALL {
            let grants = plan.steps.iter().any(|step| match &step.action {
                Action::GrantDefault { on, privileges, to: who, .. } => {
                    on == default && to(who, kind) && privileges.contains(privilege)
                }
                _ => false,
            });
            let expected = granted(kind, default.class()).contains(&privilege);
            assert_eq!(grants, expected, "{default:?} {kind:?} {privilege:?}");
        }
    }
    for (default, ..) in DefaultKind::ALL {
        let revokes = plan.steps.iter().any(|step| match &step.action {
            Action::RevokeDefault { on, from: Grantee::Public, .. } => on == default,
            _ => false,
        });
        assert_eq!(revokes, !builtin(default.class()).is_empty(), "{default:?}");
    }
}

#[test]
fn the_probe_tries_no_privilege_that_the_table_allows() {
    let classes = [
        (Class::Tables, ObjectClass::Table),
        (Class::Columns, ObjectClass::Table),
        (Class::Sequences, ObjectClass::Sequence),
        (Class::Schemas, ObjectClass::Schema),
        (Class::Database, ObjectClass::Database),
        (Class::Definers, ObjectClass::SecurityDefiner),
    ];
    let mut asked = 0;
    for (kind, privilege) in cells().filter(|(kind, _)| LOGIN.belongs_to(*kind)) {
        for (class, of_contract) in classes {
            for row in FORBIDDEN.iter().filter(|row| row.class == class && row.asked == privilege.name()) {
                let expected = !allowed(kind, of_contract).contains(&privilege);
                assert_eq!(row.is_denied_to(kind), expected, "{} {kind:?}", row.what);
                asked += 1;
            }
        }
    }
    assert!(asked > 30, "{asked}");
}

#[test]
fn each_cell_is_in_the_table_once_and_every_power_is_withheld() {
    let mut cells: Vec<_> = GRANTS.iter().map(|row| (row.class, row.role)).collect();
    cells.sort();
    cells.dedup();
    assert_eq!(cells.len(), GRANTS.len());
    assert!(GRANTS.iter().all(|row| !row.privileges.is_empty()));
    assert_eq!(ATTRIBUTES.iter().filter(|attribute| attribute.is_power()).count(), 5);
    let Server { desired, .. } = provisioned();
    for attribute in ATTRIBUTES.iter().filter(|attribute| attribute.is_power()) {
        let mut actual = provisioned().snapshot.actual;
        let who = role(&desired, RoleKind::App);
        let found = actual.roles.get_mut(&who).unwrap();
        let before = found.clone();
        match attribute.on {
            "SUPERUSER" => found.superuser = true,
            "CREATEDB" => found.createdb = true,
            "CREATEROLE" => found.createrole = true,
            "REPLICATION" => found.replication = true,
            _ => found.bypassrls = true,
        }
        assert!((attribute.is_set)(found) && !(attribute.is_set)(&before), "{}", attribute.on);
        assert!(!plan_accepts(&desired, &actual), "{}", attribute.on);
        let ids = findings(&desired, &actual, DatabaseCatalog::default(), &who);
        assert!(ids.contains(&martydb_model::findings::ATTRIBUTE.id), "{}: {ids:?}", attribute.on);
    }
}

#[test]
fn a_provisioned_service_needs_no_step() {
    for major in 13..=18 {
        let Server { desired, snapshot } = server(major).service("csca").service("pkd");
        assert!(plan_accepts(&desired, &snapshot.actual), "{major}");
    }
}
