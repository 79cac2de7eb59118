//! A server in memory, as the audit reads it: services as `apply` leaves them. A test adds a leak and reads the findings:
//! `healthy().grant("CONNECT", "blue_db", "PUBLIC").found()`.

mod changes;
mod service;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use martydb_catalog::{CatalogObject, DatabaseCatalog, Snapshot};
use martydb_model::{
    AclEntry, ActualDatabase, ActualRole, ActualServer, Admin, Capacity, DbName, DesiredServer, Grantee,
    RoleName,
};

pub const NOTHING: [&str; 0] = [];

/// Desired and actual state of one server.
#[derive(Clone)]
pub struct Server {
    pub desired: DesiredServer,
    pub snapshot: Snapshot,
}

/// Returns a server with the services `red` and `blue`, on which the audit finds nothing.
pub fn healthy() -> Server {
    server(17).service("red").service("blue")
}

/// Returns a server of a major version on which `apply` closed the maintenance databases for a manifest without services.
pub fn server(major: u32) -> Server {
    let superuser =
        ActualRole { superuser: true, login: true, connection_limit: -1, ..ActualRole::default() };
    let actual = ActualServer {
        version: major * 10000,
        admin: Admin { name: "postgres".into(), superuser: true, ..Admin::default() },
        bootstrap: "postgres".into(),
        maintenance: "postgres".into(),
        capacity: Capacity { max_connections: 100, reserved: 3, in_use: 1 },
        roles: [(role("postgres"), superuser)].into(),
        ..ActualServer::default()
    };
    let desired = DesiredServer {
        name: "main".into(),
        project: "pair".into(),
        platform: None,
        close_maintenance: true,
        database_owner: None,
        embedded: false,
        verified: false,
        services: [].into(),
        access: [].into(),
        leaving: vec![],
        index: Default::default(),
    };
    let hba = Some(super::hba::tests::lines("host all all 127.0.0.1/32 scram-sha-256\n"));
    let snapshot = Snapshot { actual, kept: Some([].into()), hba, ..Snapshot::default() };
    Server { desired, snapshot }.database("postgres").database("template1")
}

/// Reads a row as the catalog's queries return it.
pub fn row<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub fn role(name: &str) -> RoleName {
    RoleName::found(name).unwrap()
}

/// Returns an entry of an ACL; a privilege that ends in `*` has the grant option, as where the server prints an ACL.
pub fn entry(privilege: &str, grantee: &str, grantor: &str) -> AclEntry {
    AclEntry {
        grantee: if grantee == "PUBLIC" { Grantee::Public } else { Grantee::Role(role(grantee)) },
        grantor: role(grantor),
        privilege: privilege.trim_end_matches('*').into(),
        grantable: privilege.ends_with('*'),
    }
}

/// Returns an object of a database: a kind in words, and a name with its schema, of a function with its arguments.
fn object(kind: &str, shown: &str, owner: &str) -> CatalogObject {
    let own = (kind == "schema").then_some(shown);
    let (schema, name) = shown.split_once('.').map_or((own, shown), |(schema, name)| (Some(schema), name));
    let words = format!("{} {shown}", kind.to_uppercase());
    let is_routine = ["function", "procedure"].contains(&kind);
    row(json!({
        "kind": kind, "schema": schema, "name": name.split('(').next(), "display": shown, "grant_on": words, "alter": words,
        "owner": owner, "system": false, "added": false, "dependent": false, "definer": false, "atomic": false,
        "leakproof": false, "acl": null, "language": is_routine.then_some("plpgsql"), "trusted": is_routine.then_some(true),
    }))
}

impl Server {
    /// Adds a database of the admin that no other role may enter.
    pub fn database(mut self, name: &str) -> Server {
        let acl =
            ["CREATE", "CONNECT", "TEMPORARY"].map(|privilege| entry(privilege, "postgres", "postgres"));
        let found = ActualDatabase {
            owner: "postgres".into(),
            allow_connections: true,
            connection_limit: -1,
            acl: acl.into(),
            ..ActualDatabase::default()
        };
        self.snapshot.actual.databases.insert(DbName::found(name).unwrap(), found);
        let mut catalog = DatabaseCatalog { pristine: true, ..DatabaseCatalog::default() };
        catalog.privileged.schemas = ["pg_catalog", "public"]
            .map(|schema| row(json!({ "name": schema, "owner": "postgres", "acl": null })))
            .into();
        self.snapshot.databases.insert(name.into(), catalog);
        self
    }

    fn actual_database(&mut self, name: &str) -> &mut ActualDatabase {
        self.snapshot.actual.databases.get_mut(&DbName::found(name).unwrap()).unwrap()
    }

    fn catalog_of(&mut self, database: &str) -> &mut DatabaseCatalog {
        self.snapshot.databases.get_mut(database).unwrap()
    }

    /// Returns the findings, a line each: severity, id, service, role, database and object.
    pub fn found(&self) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        let known = |text: &str| text.contains("k2J9sLq0").then(|| "blue".to_owned());
        let findings = super::audit(&self.desired, &self.snapshot, &known);
        let line = |one: &martydb_model::findings::Finding| {
            let (service, database, object) = (text(&one.service), text(&one.database), text(&one.object));
            format!("{} | {} | {service} | {} | {database} | {object}", one.severity.word(), one.id, one.role)
        };
        findings.iter().map(line).collect()
    }

    /// Returns the findings that end a verification with 4.
    pub fn grave(&self) -> Vec<String> {
        self.found().into_iter().filter(|line| !line.starts_with("low")).collect()
    }
}

/// Compares the grave findings of each server.
pub fn assert_grave<const N: usize>(cases: [(Server, &[&str]); N]) {
    for (server, expected) in cases {
        assert_eq!(server.grave(), expected);
    }
}

/// Asserts that a line is among the findings.
pub fn assert_finds(server: &Server, line: &str) {
    let found = server.found();
    assert!(found.iter().any(|one| one == line), "{line}\n{found:#?}");
}

#[test]
fn a_provisioned_server_has_no_finding() {
    for major in [13, 14, 15, 16, 17, 18] {
        assert_eq!(server(major).service("red").service("blue").found(), NOTHING, "{major}");
    }
}

#[test]
fn every_file_of_rules_has_unit_tests() {
    let mut without = vec![];
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/audit"), &mut without);
    assert!(without.is_empty(), "{without:#?}");
}

/// Collects the files that have a rule and no unit tests, neither in themselves nor for their folder.
fn visit(folder: &Path, without: &mut Vec<PathBuf>) {
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.is_dir() {
            visit(&file, without);
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let is_tested = text.contains("mod tests") || folder.join("tests.rs").exists();
        if text.contains("fn judge") && !is_tested {
            without.push(file);
        }
    }
}
