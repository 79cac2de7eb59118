//! Secrets in places that others can read, each with a text that contains none.

use serde_json::json;

use crate::audit::testing::{NOTHING, Server, assert_finds, assert_grave, healthy, row};
use martydb_catalog::{Leak, LeakedSecret, VERIFIER, VerifierCopy};

/// A password of `blue` in the secret store.
const STORED: &str = "k2J9sLq0";

fn commented(role: &str, text: &str) -> Server {
    healthy().role(role, |found| found.comment = Some(text.into()))
}

#[test]
fn a_secret_in_a_comment_is_named() {
    let line = |severity, role| format!("{severity} | secret-in-the-open | blue | PUBLIC | - | role {role}");
    assert_grave([
        (commented("blue_app", "initial pw hunter2"), &[&line("high", "blue_app")]),
        (commented("red_app", STORED), &[&line("critical", "red_app")]),
        (commented("red_app", "token: n/a"), &[]),
        (commented("red_app", "the app of red, see the wiki"), &[]),
    ]);
    let database =
        |text: &str| healthy().alter_database("blue_db", |found| found.comment = Some(text.into()));
    assert_finds(&database("pw hunter2"), "high | secret-in-the-open | blue | PUBLIC | - | database blue_db");
    assert_eq!(database("psql \"host=db user=blue_ro password=<from vault>\"").found(), NOTHING);
}

#[test]
fn a_secret_in_a_setting_is_named() {
    let line = "high | secret-in-the-open | blue | PUBLIC | - | role blue_app";
    assert_finds(&healthy().set("blue_app", "app.api_key", "abc123def"), line);
    assert_eq!(healthy().set("blue_app", "app.tenant", "blue").grave(), NOTHING);
    let hook = ("blue.hook".to_owned(), "https://blue:x9@hooks.example".to_owned());
    let database = healthy().alter_database("blue_db", |found| found.settings.push(hook));
    assert_finds(&database, "high | secret-in-the-open | blue | PUBLIC | - | database blue_db");
    let cut = healthy().set("blue_app", "app.text", &martydb_model::cut("abc", 90_000_000));
    assert_finds(&cut, "medium | unsearched-text | blue | blue_app | - | setting app.text");
}

#[test]
fn a_line_of_a_file_counts_for_who_reads_it() {
    let written = |name: &str, value: &str, cut: bool| {
        let line =
            json!({ "name": name, "file": "/data/postgresql.conf", "line": 3, "value": value, "cut": cut });
        healthy().unmanaged("watcher").with(|snapshot| snapshot.files = Some(vec![row(line)]))
    };
    let of_files = |severity| {
        format!("{severity} | secret-in-the-open | - | PUBLIC | - | the server's configuration files")
    };
    assert_finds(&written("fleet.region", "api_key=abc123def", false), &of_files("high"));
    assert_finds(
        &written("fleet.region", "x", true),
        "medium | unsearched-text | - | PUBLIC | - | setting fleet.region",
    );
    assert_eq!(written("fleet.region", "north", false).found(), NOTHING);
    let conninfo =
        |text: &str| written("primary_conninfo", text, false).member("watcher", "pg_read_all_settings");
    let line =
        |severity| format!("{severity} | secret-in-the-open | - | watcher | - | setting primary_conninfo");
    assert_finds(&conninfo("user=postgres password=x9"), &line("critical"));
    assert_finds(&conninfo("user=none password=swordfish9"), &line("medium"));
    assert_eq!(conninfo("user=postgres host=db").grave(), NOTHING);
    assert_eq!(written("primary_conninfo", "user=postgres password=x9", false).found(), NOTHING);
}

#[test]
fn the_name_of_a_session_is_named_once_for_its_role() {
    let named = |text: &str| {
        let session = |pid| {
            json!({
                "pid": pid, "role": "red_app", "open": true, "streams": false, "database": "red_db", "application": text,
                "since": null,
            })
        };
        healthy().with(|snapshot| snapshot.state.sessions.extend([7, 8].map(|pid| row(session(pid))))).found()
    };
    assert_eq!(
        named("token=abc123def456"),
        ["high | secret-in-the-open | red | PUBLIC | - | sessions of red_app"]
    );
    assert_eq!(named("PostgreSQL JDBC Driver"), NOTHING);
}

#[test]
fn a_secret_inside_a_database_is_named_unless_it_is_the_readers_own() {
    let leak = |reader: Option<&str>, secret| {
        let found = Leak { object: "function public.dial()".into(), reader: reader.map(Into::into), secret };
        let server =
            healthy().unmanaged("clerk").role("chief", |found| (found.login, found.superuser) = (true, true));
        server.inside("red_db", |catalog| catalog.texts.leaks.push(found))
    };
    let stored = |service: &str| LeakedSecret::Stored(service.into());
    let url = |user: &str| LeakedSecret::ConnectionString(user.into());
    let shape = |name: &str| LeakedSecret::Shape(name.into());
    let line = |start: &str| format!("{start} | red_db | function public.dial()");
    assert_grave([
        (leak(None, stored("blue")), &[&line("critical | secret-in-the-open | blue | PUBLIC")]),
        (leak(Some("red_app"), stored("blue")), &[&line("critical | secret-in-the-open | blue | red_app")]),
        (leak(None, url("blue_ro")), &[&line("high | secret-in-the-open | blue | PUBLIC")]),
        (leak(None, url("chief")), &[&line("high | secret-in-the-open | - | PUBLIC")]),
        (leak(None, shape("a GitHub token")), &[&line("medium | secret-in-the-open | red | PUBLIC")]),
        (leak(None, shape(VERIFIER)), &[&line("high | secret-in-the-open | red | PUBLIC")]),
        (leak(Some("red_app"), stored("red")), &[]),
        (leak(Some("postgres"), stored("blue")), &[]),
        (leak(None, url("red_app")), &[]),
        (leak(None, url("clerk")), &[]),
        (leak(None, url("unknown")), &[]),
    ]);
}

#[test]
fn a_copy_of_the_verifiers_is_named_by_who_reads_it() {
    let copy = |reader: Option<&str>| {
        let found =
            VerifierCopy { table: "table public.backup".into(), readers: vec![reader.map(Into::into)] };
        healthy().inside("red_db", |catalog| catalog.texts.copies.push(found))
    };
    let line = |role| format!("high | secret-in-the-open | red | {role} | red_db | table public.backup");
    assert_grave([
        (copy(Some("red_owner")), &[&line("red_owner")]),
        (copy(None), &[&line("PUBLIC")]),
        (copy(Some("postgres")), &[]),
    ]);
}

#[test]
fn a_text_that_was_not_searched_is_reported() {
    let left = healthy().inside("red_db", |catalog| {
        let left = catalog.texts.unsearched.entry(Some("red_owner".into())).or_default();
        (left.texts, left.bytes) = (1, 90_000_000);
        catalog.texts.unsearched_objects = 2;
    });
    assert_eq!(
        left.found(),
        [
            "medium | unsearched-text | red | red_owner | red_db | texts of red_owner",
            "low | unsearched-text | red | PUBLIC | red_db | large objects",
        ]
    );
}
