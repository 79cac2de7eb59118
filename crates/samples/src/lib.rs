//! States of servers for unit tests: as the manifest wants them, as they are when new, and after an `apply`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use martydb_model::{
    AclEntry, ActualDatabase, ActualRole, ActualServer, Admin, Contents, DbName, DefaultAcl, DesiredServer,
    DesiredService, Grantee, Membership, RoleKind, RoleName, RoleSetting, SchemaName, ServiceName,
};

pub fn role(name: &str) -> RoleName {
    RoleName::found(name).expect("a name")
}

pub fn service(name: &str) -> DesiredService {
    let roles = [
        (RoleKind::Owner, "owner"),
        (RoleKind::Migrator, "migrator"),
        (RoleKind::App, "app"),
        (RoleKind::Readonly, "ro"),
    ];
    DesiredService {
        name: ServiceName::new(name).expect("a name"),
        server: "main".into(),
        database: DbName::new(format!("{name}_db")).expect("a name"),
        migrations: PathBuf::new(),
        down: Default::default(),
        source: None,
        history_schema: SchemaName::history(),
        on_schema_drift: Default::default(),
        schemas: vec![SchemaName::new("public").expect("a name")],
        search_path: vec![SchemaName::new("public").expect("a name")],
        roles: roles.map(|(kind, suffix)| (kind, role(&format!("{name}_{suffix}")))).into(),
        connection_limit: [(RoleKind::Migrator, 5), (RoleKind::App, 50), (RoleKind::Readonly, 10)].into(),
        settings: [("lock_timeout".to_owned(), "5s".to_owned())].into(),
        extensions: vec![],
        parameters: Default::default(),
        prune: false,
        access: vec![],
        publications: vec![],
        outbox: None,
        partitions: vec![],
        serve: None,
        moved: None,
        dump_schema: false,
        lint: Default::default(),
    }
}

pub fn desired(names: &[&str]) -> DesiredServer {
    DesiredServer {
        name: "main".into(),
        project: "t".into(),
        platform: None,
        close_maintenance: true,
        database_owner: None,
        embedded: false,
        verified: false,
        services: names
            .iter()
            .map(|name| (ServiceName::new(*name).expect("a name"), service(name)))
            .collect(),
        access: Default::default(),
        leaving: vec![],
        index: Default::default(),
    }
}

pub fn empty(version: u32) -> ActualServer {
    let admin = Admin {
        name: "postgres".into(),
        superuser: true,
        createdb: true,
        createrole: true,
        ..Admin::default()
    };
    let root = ActualRole { superuser: true, login: true, connection_limit: -1, ..ActualRole::default() };
    ActualServer {
        version,
        admin,
        bootstrap: "postgres".into(),
        maintenance: "postgres".into(),
        roles: BTreeMap::from([(role("postgres"), root)]),
        ..ActualServer::default()
    }
}

pub fn entry(grantee: Grantee, privilege: &str, grantor: &str) -> AclEntry {
    AclEntry { grantee, grantor: role(grantor), privilege: privilege.into(), grantable: false }
}

/// An entry of an ACL; no grantee is PUBLIC.
pub fn acl_entry(grantee: Option<&str>, privilege: &str, grantor: &str) -> AclEntry {
    entry(grantee.map(role).into(), privilege, grantor)
}

pub fn to(name: &str, privilege: &str, grantor: &str) -> AclEntry {
    entry(Grantee::Role(role(name)), privilege, grantor)
}

/// A server on which `apply` has just ended: the state that must give an empty plan.
pub fn provisioned(desired: &DesiredServer, version: u32) -> ActualServer {
    let mut actual = empty(version);
    for service in desired.services.values() {
        add_roles(&mut actual, service);
        add_settings(&mut actual, service);
        actual.databases.insert(service.database.clone(), database(service));
    }
    actual
}

fn add_roles(actual: &mut ActualServer, service: &DesiredService) {
    for kind in RoleKind::ALL {
        let found = ActualRole {
            login: kind != RoleKind::Owner,
            inherit: kind != RoleKind::Migrator,
            connection_limit: service.connection_limit.get(&kind).copied().unwrap_or(-1),
            comment: Some("martydb:t".into()),
            ..ActualRole::default()
        };
        actual.roles.insert(service.role(kind).clone(), found);
    }
    actual.memberships.push(Membership {
        role: service.role(RoleKind::Owner).clone(),
        member: service.role(RoleKind::Migrator).clone(),
        grantor: Some(role("postgres")),
        admin: false,
        inherit: false,
        set: true,
    });
}

fn add_settings(actual: &mut ActualServer, service: &DesiredService) {
    let setting = |kind: RoleKind, database: Option<&DbName>, name: &str, value: &str| RoleSetting {
        role: service.role(kind).clone(),
        database: database.cloned(),
        name: name.into(),
        value: value.into(),
    };
    let database = Some(&service.database);
    for kind in [RoleKind::Migrator, RoleKind::App, RoleKind::Readonly] {
        put(actual, setting(kind, None, "lock_timeout", "5000ms"));
        put(actual, setting(kind, database, "search_path", "public"));
    }
    put(actual, setting(RoleKind::Migrator, database, "role", service.role(RoleKind::Owner).as_str()));
}

fn database(service: &DesiredService) -> ActualDatabase {
    let name = |kind| service.role(kind).as_str();
    let (owner, migrator, app, ro) =
        (name(RoleKind::Owner), name(RoleKind::Migrator), name(RoleKind::App), name(RoleKind::Readonly));
    let acl = vec![
        to("postgres", "CONNECT", "postgres"),
        to(owner, "CREATE", "postgres"),
        to(owner, "TEMPORARY", "postgres"),
        to(migrator, "CONNECT", "postgres"),
        to(app, "CONNECT", "postgres"),
        to(app, "TEMPORARY", "postgres"),
        to(ro, "CONNECT", "postgres"),
    ];
    ActualDatabase {
        owner: "postgres".into(),
        allow_connections: true,
        connection_limit: -1,
        acl,
        comment: Some("martydb:t".into()),
        contents: Some(contents(owner, app, ro)),
        ..ActualDatabase::default()
    }
}

/// An empty schema `public` and the default privileges of the owner.
fn contents(owner: &str, app: &str, ro: &str) -> Contents {
    let defaults: &[(char, &[(&str, &str)])] = &[
        ('r', &[(app, "SELECT"), (app, "INSERT"), (app, "UPDATE"), (app, "DELETE"), (ro, "SELECT")]),
        ('S', &[(app, "USAGE"), (app, "SELECT"), (ro, "SELECT")]),
        ('f', &[(app, "EXECUTE")]),
        ('T', &[]),
        ('n', &[(app, "USAGE"), (ro, "USAGE")]),
    ];
    let default_acls = defaults.iter().map(|(object, acl)| DefaultAcl {
        role: role(owner),
        schema: None,
        object: *object,
        acl: acl.iter().map(|(who, what)| to(who, what, owner)).collect(),
    });
    let schema = martydb_model::ActualSchema {
        owner: role(owner),
        acl: vec![to(app, "USAGE", owner), to(ro, "USAGE", owner)],
    };
    Contents {
        schemas: [(SchemaName::new("public").expect("a name"), schema)].into(),
        default_acls: default_acls.collect(),
        ..Contents::default()
    }
}

pub fn of_role<'a>(actual: &'a mut ActualServer, name: &str) -> &'a mut Vec<RoleSetting> {
    actual.role_settings.entry(role(name)).or_default()
}

pub fn put(actual: &mut ActualServer, setting: RoleSetting) {
    of_role(actual, setting.role.as_str()).push(setting.clone());
}
