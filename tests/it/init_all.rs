//! The main job: from nothing to proven, and again with nothing to do.

use crate::support::{Project, Server};

#[test]
fn init_all_migrates_three_services_and_then_has_nothing_to_do() {
    let server = Server::start();
    let project = Project::new(&server, "main");
    let first = project.run(&["init-all", "-y"]).expect(0);
    for words in [
        "Provisioned", "provisioned", "Migrated", "migrated", "Isolation", "denied",
        "0 breaches, 0 inconclusive",
    ] {
        assert!(first.stdout.contains(words), "{words} is missing:\n{}", first.stdout);
    }
    let mark = server.log().len();
    let second = project.run(&["init-all"]).expect(0);
    assert!(second.stdout.contains("Nothing to do"), "{}", second.stdout);
    let log = server.log_since(mark);
    for word in ["CREATE ", "ALTER ", "DROP ", "GRANT ", "REVOKE ", "COMMENT ", "INSERT "] {
        assert!(!log.contains(&format!("statement: {word}")), "{word} in\n{log}");
    }
}

#[test]
fn the_document_holds_all_three_parts() {
    let server = Server::start();
    let project = Project::new(&server, "doc");
    let document = project.json(&["init-all", "-y"], 0);
    assert_eq!(document["command"], "init-all");
    assert_eq!(document["upgrade"]["services"][0]["applied"].as_array().unwrap().len(), 2);
    assert_eq!(document["verify_isolation"]["summary"]["breaches"], 0);
    // Two services with three logins, at two databases of services, postgres and template1.
    assert_eq!(document["verify_isolation"]["summary"]["probes"], 6 * 4);
}

#[test]
fn without_confirmation_nothing_is_changed() {
    let server = Server::start();
    let project = Project::new(&server, "asked");
    let done = project.run(&["init-all"]).expect(2);
    assert!(done.stderr.contains("need a confirmation"), "{}", done.stderr);
    // A missing answer is reported as a statement: questions are for a terminal.
    let (reported, rest) = (
        "can affect other users of this server, and this is not a terminal, so no confirmation could be asked\nhint: ",
        &done.stderr,
    );
    assert!(rest.contains(reported) && !rest.contains('?'), "{rest}");
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database"), "3");
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'asked%'"), "0");
}

#[test]
fn an_unreachable_server_ends_with_5() {
    let mut server = Server::start();
    let project = Project::new(&server, "down");
    server.crash();
    for command in ["plan", "status", "verify-isolation", "test-connections", "current", "history"] {
        let document = project.json(&[command], 5);
        assert_eq!(document["command"], command, "{document:#}");
    }
    let document = project.json(&["upgrade", "--all"], 5);
    assert_eq!(document["services"][0]["outcome"], "failed");
}

#[test]
fn an_unprovisioned_service_is_distinguished_from_a_wrong_password() {
    let server = Server::start();
    let project = Project::new(&server, "apart");
    let document = project.json(&["status"], 0);
    assert_eq!(document["services"][0]["state"], "not_provisioned");
    let done = project.run(&["upgrade", "--all"]).expect(1);
    assert!(done.stderr.contains("martydb apply --service apart_a"), "{}{}", done.stdout, done.stderr);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database"), "3");
}
