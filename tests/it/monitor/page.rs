//! The page at `/`: the report, behind the password, made again after each proof.

use super::monitored;
use super::served::Served;
use crate::support::{Admin, Server, until};

#[test]
fn the_page_shows_the_newest_proof_and_the_checks() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mop");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let served = Served::start(&project, &["--isolation-every", "2s"]);
    until("the first page", || served.get("/", "").body.contains("Checks of the last day"));
    let answer = served.get("/", "");
    assert!(answer.body.contains("Nothing is wrong") && answer.body.contains("mop_a"), "{}", answer.body);
    assert!(
        answer.head.contains("content-security-policy: default-src 'none'; style-src 'sha256-"),
        "{}",
        answer.head
    );
    assert!(answer.head.contains("cache-control: no-store"), "{}", answer.head);
    assert!(answer.body.contains("<meta http-equiv=\"refresh\" content=\"60\">"));
    for password in project.passwords() {
        assert!(!answer.body.contains(&password), "a password is on the page");
    }
    server.sql("postgres", "GRANT CONNECT ON DATABASE mop_a TO mop_b_app");
    until("the breach on the page", || {
        let body = served.get("/", "").body;
        body.contains("Something is wrong") && body.contains("mop_b_app")
    });
}
