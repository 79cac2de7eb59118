//! Snapshots of what people see.

use std::time::Duration;

use super::*;
use crate::model::{
    AclEntry, ActualDatabase, ActualServer, DbName, Grantee, RoleKind, RoleName, ServiceName,
};
use crate::probe::{DatabaseKind, Door, ProbeDatabase, ProbeLogin, Seen, Task, judge};
use crate::server::{Endpoint, Host, Tls};
use crate::wire::{Attempt, LetIn, Outcome, Refused};

const NARROW: Look = Look { colour: false, width: Some(80) };

fn attempt(outcome: Outcome) -> Attempt {
    Attempt { outcome, latency: Duration::from_millis(3), connections: 1 }
}

fn let_in() -> Outcome {
    Outcome::LetIn(LetIn { tls: false, server_version: "15.1".into(), answers: vec![] })
}

fn refused(sqlstate: &str, routine: &str, message: &str) -> Outcome {
    let (sqlstate, message) = (sqlstate.into(), message.into());
    Outcome::Refused(Refused { sqlstate, message, routine: Some(routine.into()) })
}

fn denied() -> Outcome {
    refused("42501", "CheckMyDatabase", "permission denied for database")
}

fn login(service: &str, kind: RoleKind) -> ProbeLogin {
    ProbeLogin {
        service: ServiceName::new(service).unwrap(),
        kind,
        role: RoleName::new(format!("{service}_{}", kind.key())).unwrap(),
        database: DbName::new(format!("marty_{service}")).unwrap(),
        password: None,
    }
}

fn database(name: &str, kind: DatabaseKind, allow_connections: bool) -> ProbeDatabase {
    ProbeDatabase { name: DbName::found(name).unwrap(), allow_connections, kind, door: Door::Closed }
}

fn task(services: &[String]) -> Task {
    let kind = |name: &String| DatabaseKind::Service(ServiceName::new(name.as_str()).unwrap());
    let mut databases: Vec<_> =
        services.iter().map(|name| database(&format!("marty_{name}"), kind(name), true)).collect();
    databases.push(database("postgres", DatabaseKind::Maintenance, true));
    databases.push(database("template0", DatabaseKind::Template, false));
    databases.push(database("template1", DatabaseKind::Template, true));
    Task {
        server: "main".into(),
        endpoint: Endpoint { host: Host::Tcp("localhost".into()), port: 1, tls: Tls::default() },
        logins: services
            .iter()
            .flat_map(|service| RoleKind::LOGINS.map(|kind| login(service, kind)))
            .collect(),
        databases,
        concurrency: 1,
        timeout: Duration::from_secs(1),
        sample: false,
    }
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| name.to_string()).collect()
}

/// What a server would answer if `answer` has an opinion, and denies else.
fn seen(task: &Task, answer: impl Fn(&str, &str) -> Option<Outcome>) -> Vec<Seen> {
    let ask = |login: &ProbeLogin, database: &DbName| {
        let usual = if login.database == *database { let_in() } else { denied() };
        attempt(answer(login.role.as_str(), database.as_str()).unwrap_or(usual))
    };
    let one = |login: &ProbeLogin| Seen {
        control: ask(login, &login.database),
        others: task.others(login).map(|n| (n, ask(login, &task.databases[n].name))).collect(),
    };
    task.logins.iter().map(one).collect()
}

fn server(grants: &[(&str, Grantee)]) -> ActualServer {
    let owner = || RoleName::new("adm").unwrap();
    let mut server = ActualServer { version: 150018, ..ActualServer::default() };
    for (database, grantee) in grants {
        let entry = AclEntry {
            grantee: grantee.clone(),
            grantor: owner(),
            privilege: "CONNECT".into(),
            grantable: false,
        };
        let actual = ActualDatabase { owner: "adm".into(), acl: vec![entry], ..ActualDatabase::default() };
        server.databases.insert(DbName::found(*database).unwrap(), actual);
    }
    server
}

const FOUR: [&str; 4] = ["csca", "document_signer", "passport_engine", "pkd_service"];

#[test]
fn all_is_well() {
    let task = task(&names(&FOUR));
    let matrix = judge(&task, &seen(&task, |_, _| None), None);
    insta::assert_snapshot!(text(&matrix, &matrix.findings, &NARROW));
}

#[test]
fn breaches_and_unproven_probes_are_told_in_words() {
    let task = task(&names(&FOUR));
    let answers = seen(&task, |role, database| match (role, database) {
        ("csca_app", "marty_pkd_service") | (_, "postgres") => Some(let_in()),
        ("document_signer_app", _) => {
            Some(refused("28P01", "auth_failed", "password authentication failed for user"))
        }
        ("passport_engine_readonly", "marty_csca") => Some(refused(
            "28000",
            "ClientAuthentication",
            "no pg_hba.conf entry for host \"10.0.0.1\", user \"x\"",
        )),
        _ => None,
    });
    let app = Grantee::Role(RoleName::new("csca_app").unwrap());
    let catalogue = server(&[("marty_pkd_service", app), ("postgres", Grantee::Public)]);
    let matrix = judge(&task, &answers, Some(&catalogue));
    insta::assert_snapshot!(text(&matrix, &matrix.findings, &NARROW));
    insta::assert_snapshot!(serde_json::to_string_pretty(&matrix.findings).unwrap());
    insta::assert_snapshot!(serde_json::to_string_pretty(&matrix.matrix[..2]).unwrap());
    assert_eq!(judge(&task, &answers, None).findings.len(), 13);
}

#[test]
fn fifty_services_fit_in_eighty_columns() {
    let services: Vec<_> = (1..=50).map(|n| format!("service_with_a_name_{n}")).collect();
    let task = task(&services);
    let breach = |role: &str, database: &str| {
        (role == "service_with_a_name_7_app" && database == "marty_service_with_a_name_31").then(let_in)
    };
    let matrix = judge(&task, &seen(&task, breach), None);
    let shown = text(&matrix, &matrix.findings, &NARROW);
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let lines: Vec<_> = shown.lines().collect();
    insta::assert_snapshot!(lines[..12].join("\n"));
    insta::assert_snapshot!(lines[51..].join("\n"));
}

#[test]
fn a_hundred_services_come_in_bands() {
    let services: Vec<_> = (1..=100).map(|n| format!("s{n}")).collect();
    let task = task(&services);
    let shown = text(&judge(&task, &seen(&task, |_, _| None), None), &[], &NARROW);
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.starts_with("100 s100 ")).count(), 2);
}

#[test]
fn a_cell_shows_its_own_worst_and_says_what_it_hides() {
    let task = task(&names(&["a", "b"]));
    let fails = |role: &str, database: &str| match (role, database) {
        ("a_app", "marty_b") => Some(refused("57P03", "ProcessStartupPacket", "the server is starting up")),
        _ => None,
    };
    let shown = text(&judge(&task, &seen(&task, fails), None), &[], &NARROW);
    assert!(shown.contains("a  own     ?       denied  denied\n"), "{shown}");
    assert!(shown.contains("\nbeside a login that proved nothing (?) others of its service were denied\n"));
    // A login that does not reach its own proves nothing anywhere.
    let stale = |role: &str, _: &str| (role == "a_app").then(|| refused("28P01", "auth_failed", "no"));
    let shown = text(&judge(&task, &seen(&task, stale), None), &[], &NARROW);
    assert!(shown.contains("a  ?       ?       ?       ?\n"), "{shown}");
}

#[test]
fn what_was_not_tried_is_said() {
    let task = task(&names(&FOUR)).sampled();
    let sample = text(&judge(&task, &seen(&task, |_, _| None), None), &[], &NARROW);
    assert!(sample.contains("\nblank: not tried\n"), "{sample}");
    let none = text(&judge(&task, &[], None), &[], &NARROW);
    assert_eq!(none, "no logins were tried (--probes none)\n");
}

#[test]
fn attempts_beside_the_matrix_are_counted() {
    let task = task(&names(&FOUR));
    let mut matrix = judge(&task, &seen(&task, |_, _| None), None);
    matrix.trials = matrix.matrix[..5].to_vec();
    let last = "4 services, 12 logins, 72 probes: 72 passed, 0 breaches, 0 inconclusive, and 5 attempts beside the matrix\n";
    assert!(text(&matrix, &[], &Look::PLAIN).ends_with(last));
    assert!(text(&matrix, &[], &NARROW).lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn colour_only_adds() {
    let task = task(&names(&FOUR));
    let matrix = judge(&task, &seen(&task, |_, database| (database == "postgres").then(let_in)), None);
    let coloured = text(&matrix, &matrix.findings, &Look { colour: true, ..NARROW });
    let bare = ["32", "33", "1;31", "2", "0"]
        .iter()
        .fold(coloured.clone(), |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
    assert_ne!(coloured, bare);
    assert_eq!(bare, text(&matrix, &matrix.findings, &NARROW));
}

#[test]
fn names_cannot_move_the_cursor() {}
