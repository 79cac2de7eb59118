//! Snapshots of the text.

use std::time::Duration;

use super::MatrixExtent;
use super::table::server;
use crate::commands::verify::verify_isolation::document::VerifyReport;
use martydb_isolation::probe::{
    AccessPolicy, LoginAttempts, ProbeDatabase, ProbeLogin, ProbeSelection, Task, judge,
};
use martydb_isolation::proof::{Basis, Filter, ServerJudgement, VerifiedServer, assess, findings};
use martydb_model::sqlstate;
use martydb_model::{
    AclEntry, ActualDatabase, ActualServer, DatabaseKind, DbName, Grantee, RoleKind, RoleName, ServiceName,
};
use martydb_pg::server::{Endpoint, Host, Tls};
use martydb_pg::wire::{Accepted, Attempt, Outcome, Rejection};
use martydb_ui::report::Style;

const NARROW: Style = Style { colour: false, width: Some(80) };

fn attempt(outcome: Outcome) -> Attempt {
    Attempt { outcome, latency: Duration::from_millis(3), connections: 1 }
}

fn let_in() -> Outcome {
    Outcome::Accepted(Accepted { tls: false, server_version: "15.1".into(), answers: vec![] })
}

fn refused(sqlstate: &str, routine: &str, message: &str) -> Outcome {
    let (sqlstate, message) = (sqlstate.into(), message.into());
    Outcome::Rejected(Rejection { sqlstate, message, routine: Some(routine.into()) })
}

fn denied() -> Outcome {
    refused(sqlstate::INSUFFICIENT_PRIVILEGE, "CheckMyDatabase", "permission denied for database")
}

fn login(service: &str, kind: RoleKind) -> ProbeLogin {
    ProbeLogin {
        service: ServiceName::new(service).unwrap(),
        kind,
        role: RoleName::new(format!("{service}_{}", kind.key())).unwrap(),
        database: DbName::new(format!("marty_{service}")).unwrap(),
        also: vec![],
        further: false,
        replicates: false,
        password: None,
    }
}

fn database(name: &str, kind: DatabaseKind, allow_connections: bool) -> ProbeDatabase {
    ProbeDatabase {
        name: DbName::found(name).unwrap(),
        allow_connections,
        kind,
        policy: AccessPolicy::Closed,
    }
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
        most: 1,
        timeout: Duration::from_secs(1),
        patience: martydb_pg::server::PATIENCE,
        selection: ProbeSelection::All,
    }
}

#[test]
fn a_far_server_is_tried_with_more_logins_at_a_time() {
    let task = Task { concurrency: 8, most: 40, ..task(&[]) };
    let in_flight = |millis| task.in_flight(Duration::from_millis(millis));
    assert_eq!([0, 4, 19, 30, 50, 10_000].map(in_flight), [8, 8, 8, 24, 40, 40]);
    assert_eq!(Task { concurrency: 1, most: 1, ..task }.in_flight(Duration::from_secs(1)), 1);
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| name.to_string()).collect()
}

/// Returns the server's answers: those of `answer`, or denied.
fn seen(task: &Task, answer: impl Fn(&str, &str) -> Option<Outcome>) -> Vec<LoginAttempts> {
    let ask = |login: &ProbeLogin, database: &DbName| {
        let usual = if login.database == *database { let_in() } else { denied() };
        attempt(answer(login.role.as_str(), database.as_str()).unwrap_or(usual))
    };
    let one = |(index, login): (usize, &ProbeLogin)| LoginAttempts {
        control: ask(login, &login.database),
        others: task.others(index).into_iter().map(|n| (n, ask(login, &task.databases[n].name))).collect(),
    };
    task.logins.iter().enumerate().map(one).collect()
}

fn catalog(grants: &[(&str, Grantee)]) -> ActualServer {
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

fn judged(task: &Task, attempts: &[LoginAttempts], catalog: &ActualServer) -> ServerJudgement {
    let matrix = judge(task, attempts);
    let probes: Vec<_> = matrix.iter().collect();
    let (open, closed): (Vec<_>, Vec<_>) =
        task.databases.iter().cloned().partition(|database| database.allow_connections);
    ServerJudgement {
        server: VerifiedServer {
            name: task.server.clone(),
            columns: open,
            closed: closed.into_iter().map(|database| database.name.to_string()).collect(),
            ..VerifiedServer::default()
        },
        findings: findings(task, &probes, catalog, Basis::Login),
        matrix,
        ..ServerJudgement::default()
    }
}

fn report(judged: ServerJudgement) -> VerifyReport {
    let assessment = assess(vec![judged], vec![], &Filter::default());
    VerifyReport::without_changes(assessment)
}

fn text(judged: ServerJudgement, style: &Style) -> String {
    let report = report(judged);
    let view = report.assessment.by_server().next().unwrap();
    server(&view, MatrixExtent::Whole, style)
}

fn usual_text(judged: ServerJudgement, style: &Style) -> String {
    let report = report(judged);
    let view = report.assessment.by_server().next().unwrap();
    server(&view, MatrixExtent::Findings, style)
}

/// Without the findings of breaches.
fn grid_text(task: &Task, attempts: &[LoginAttempts], style: &Style) -> String {
    text(ServerJudgement { findings: vec![], ..judged(task, attempts, &ActualServer::default()) }, style)
}

fn full_text(task: &Task, attempts: &[LoginAttempts], style: &Style) -> String {
    text(judged(task, attempts, &ActualServer::default()), style)
}

const FOUR: [&str; 4] = ["csca", "document_signer", "passport_engine", "pkd_service"];

#[test]
fn all_is_well() {
    let task = task(&names(&FOUR));
    insta::assert_snapshot!(full_text(&task, &seen(&task, |_, _| None), &NARROW));
}

#[test]
fn breaches_and_inconclusive_probes_are_described() {
    let task = task(&names(&FOUR));
    let answers = seen(&task, |role, database| match (role, database) {
        ("csca_app", "marty_pkd_service") | (_, "postgres") => Some(let_in()),
        ("document_signer_app", _) => Some(refused(
            sqlstate::INVALID_PASSWORD,
            "auth_failed",
            "password authentication failed for user",
        )),
        ("passport_engine_readonly", "marty_csca") => Some(refused(
            sqlstate::INVALID_AUTHORIZATION,
            "ClientAuthentication",
            "no pg_hba.conf entry for host \"10.0.0.1\", user \"x\"",
        )),
        _ => None,
    });
    let app = Grantee::Role(RoleName::new("csca_app").unwrap());
    let catalog = catalog(&[("marty_pkd_service", app), ("postgres", Grantee::Public)]);
    insta::assert_snapshot!(text(judged(&task, &answers, &catalog), &NARROW));
    let assessment = report(judged(&task, &answers, &catalog)).assessment;
    insta::assert_snapshot!(serde_json::to_string_pretty(&assessment.findings).unwrap());
    insta::assert_snapshot!(serde_json::to_string_pretty(&assessment.matrix[..2]).unwrap());
    assert_eq!(judged(&task, &answers, &ActualServer::default()).findings.len(), 13);
}

#[test]
fn fifty_services_fit_in_eighty_columns() {
    let services: Vec<_> = (1..=50).map(|n| format!("service_with_a_name_{n}")).collect();
    let task = task(&services);
    let breach = |role: &str, database: &str| {
        (role == "service_with_a_name_7_app" && database == "marty_service_with_a_name_31").then(let_in)
    };
    let shown = full_text(&task, &seen(&task, breach), &NARROW);
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let lines: Vec<_> = shown.lines().collect();
    insta::assert_snapshot!(lines[..12].join("\n"));
    insta::assert_snapshot!(lines[51..].join("\n"));
}

#[test]
fn a_hundred_services_come_in_bands() {
    let services: Vec<_> = (1..=100).map(|n| format!("s{n}")).collect();
    let task = task(&services);
    let shown = grid_text(&task, &seen(&task, |_, _| None), &NARROW);
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.starts_with("100 s100 ")).count(), 2);
}

#[test]
fn a_matrix_without_access_is_one_line() {
    let line = |services: &[String]| {
        let task = task(services);
        let judged = judged(&task, &seen(&task, |_, _| None), &ActualServer::default());
        usual_text(judged, &Style::PLAIN).lines().next().unwrap().to_owned()
    };
    assert_eq!(
        line(&names(&FOUR)),
        "4 services at 6 databases: every login connected to its own and was denied at all others (--matrix shows them)"
    );
    let sixty: Vec<_> = (1..=60).map(|n| format!("s{n}")).collect();
    assert!(line(&sixty).starts_with("60 services at 62 databases: every login"));
    let task = task(&names(&FOUR));
    let task = Task { selection: ProbeSelection::one_each(&task), ..task };
    let sample = judged(&task, &seen(&task, |_, _| None), &ActualServer::default());
    assert!(usual_text(sample, &Style::PLAIN).contains("denied at the others that were tried"));
}

#[test]
fn of_many_services_those_with_findings_are_shown() {
    let services: Vec<_> = (1..=60).map(|n| format!("s{n}")).collect();
    let task = task(&services);
    let breach = |role: &str, database: &str| match (role, database) {
        ("s7_app", "marty_s31") => Some(let_in()),
        ("s9_app", "marty_s2") => {
            Some(refused(sqlstate::CANNOT_CONNECT_NOW, "ProcessStartupPacket", "the server is starting up"))
        }
        _ => None,
    };
    let attempts = seen(&task, breach);
    let judgement =
        || ServerJudgement { findings: vec![], ..judged(&task, &attempts, &ActualServer::default()) };
    let shown = usual_text(judgement(), &NARROW);
    let expected = "    marty_s2  marty_s31\ns7  denied    BREACH\ns9  ?         denied\n\
        not shown: 58 services and 60 databases where all is denied (--matrix shows\n  them)\n";
    assert!(shown.starts_with(expected), "{shown}");
    assert!(text(judgement(), &NARROW).lines().count() > 60);
}

#[test]
fn a_cell_shows_its_own_worst_and_says_what_it_hides() {
    let task = task(&names(&["a", "b"]));
    let fails = |role: &str, database: &str| match (role, database) {
        ("a_app", "marty_b") => {
            Some(refused(sqlstate::CANNOT_CONNECT_NOW, "ProcessStartupPacket", "the server is starting up"))
        }
        _ => None,
    };
    let shown = grid_text(&task, &seen(&task, fails), &NARROW);
    assert!(shown.contains("a  own      ?        denied    denied\n"), "{shown}");
    assert!(
        shown.contains("\n? = at least one login was inconclusive; the service's other logins were denied\n")
    );
    // A login that fails at its own database proves nothing elsewhere.
    let stale = |role: &str, _: &str| {
        (role == "a_app").then(|| refused(sqlstate::INVALID_PASSWORD, "auth_failed", "no"))
    };
    let shown = grid_text(&task, &seen(&task, stale), &NARROW);
    assert!(shown.contains("a  ?        ?        ?         ?\n"), "{shown}");
}

#[test]
fn untried_checks_are_reported() {
    let task = task(&names(&FOUR));
    let task = Task { selection: ProbeSelection::one_each(&task), ..task };
    let sample = grid_text(&task, &seen(&task, |_, _| None), &NARROW);
    assert!(sample.contains("\nblank: not tried\n"), "{sample}");
    let none = grid_text(&task, &[], &NARROW);
    assert_eq!(none, "no logins were tried (--probes none)\n");
}

#[test]
fn extra_probes_are_counted() {
    let task = task(&names(&FOUR));
    let with_extra = || {
        let judged = judged(&task, &seen(&task, |_, _| None), &ActualServer::default());
        ServerJudgement { extra: judged.matrix[..5].to_vec(), ..judged }
    };
    let last =
        "4 services, 12 logins, 72 probes: 72 passed, 0 breaches, 0 inconclusive, plus 5 extra probes\n";
    assert!(text(with_extra(), &Style::PLAIN).ends_with(last));
    assert!(text(with_extra(), &NARROW).lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn colour_only_adds() {
    let task = task(&names(&FOUR));
    let attempts = seen(&task, |_, database| (database == "postgres").then(let_in));
    let coloured = full_text(&task, &attempts, &Style { colour: true, ..NARROW });
    let bare = ["32", "33", "1;31", "2", "0"]
        .iter()
        .fold(coloured.clone(), |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
    assert_ne!(coloured, bare);
    assert_eq!(bare, full_text(&task, &attempts, &NARROW));
}

#[test]
fn names_cannot_move_the_cursor() {}
