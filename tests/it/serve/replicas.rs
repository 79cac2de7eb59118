//! Reads at a standby, by choice of the caller, who sees what it has written.

use serde_json::json;

use super::api::{ApiService, served};
use super::client::Answer;
use crate::support::{Server, until};

impl ApiService {
    fn read_at(&self, path: &str, preference: &str, token: Option<&str>) -> Answer {
        let mut headers = vec![("Read-Preference", preference)];
        headers.extend(token.map(|token| ("Martydb-Written", token)));
        self.service.ask("GET", path, Some(&self.reader), &headers, "")
    }
}

#[test]
fn a_caller_reads_at_a_standby_and_sees_its_own_writes() {
    let primary = Server::with_standbys();
    let mut standby = primary.standby(&[]);
    let project = served(&primary, "srs", "{}");
    let manifest = project.read("martydb.yaml");
    let replicas = format!(
        "\n    replicas:\n      - {{ name: r1, url: \"postgresql://127.0.0.1:{}\" }}\nserve:",
        standby.port
    );
    project.write("martydb.yaml", &manifest.replacen("\nserve:", &replicas, 1));
    standby.catch_up_with(&primary);
    let api = ApiService::start(&project, "srs");
    let (rest, document) =
        ("/srs_a/rest/counter?id=eq.1&select=value", "/srs_a/api/db/counter/1?select=value");
    until("the standby is read", || {
        api.read_at(rest, "secondary", None).header("martydb-replica") == Some("r1")
    });
    assert_eq!(api.read_at(document, "secondary", None).header("martydb-replica"), Some("r1"));
    for preference in ["primary", "nearest"] {
        assert_eq!(api.read_at(rest, preference, None).status, 200);
    }
    assert_eq!(api.read_at(rest, "primary", None).header("martydb-replica"), None);

    // A caller with the token sees its write, most of the time at the standby.
    let write = |value: i32| {
        let done = api.write("PATCH", "counter/1", json!({"value": value}));
        assert_eq!(done.status, 200, "{}", done.body);
        done.header("martydb-written").unwrap().to_owned()
    };
    let (mut stale, mut there) = (0, 0);
    for value in 100..200 {
        let token = write(value);
        let path = if value % 2 == 0 { rest } else { document };
        let answer = api.read_at(path, "secondary", Some(&token));
        assert_eq!(answer.status, 200, "{}", answer.body);
        stale += usize::from(!answer.body.contains(&format!(":{value}")));
        there += usize::from(answer.header("martydb-replica").is_some());
    }
    assert!(stale == 0 && there > 50, "{stale} stale, {there} of 100 at the standby");

    // A standby that lags: without a token it is read as it is, with one the primary is read.
    standby.sql("postgres", "SELECT pg_wal_replay_pause()");
    until("replay is paused", || {
        standby.value("postgres", "SELECT pg_is_wal_replay_paused()::text") == "true"
    });
    let token = write(7);
    let behind = api.read_at(rest, "secondary", None);
    assert_eq!(
        (behind.header("martydb-replica"), behind.body.contains(":7")),
        (Some("r1"), false),
        "{}",
        behind.body
    );
    let seen = api.read_at(rest, "secondary", Some(&token));
    assert_eq!((seen.header("martydb-replica"), seen.body.contains(":7")), (None, true), "{}", seen.body);
    // Tables that only the primary has are read there.
    primary.sql("srs_a", "SET ROLE srs_a_owner; CREATE TABLE late (id int PRIMARY KEY)");
    until("the table shows", || api.read_at("/srs_a/rest/late", "primary", None).status == 200);
    let late = api.read_at("/srs_a/rest/late", "secondary", None);
    assert_eq!((late.status, late.header("martydb-replica")), (200, None), "{}", late.body);
    standby.sql("postgres", "SELECT pg_wal_replay_resume()");

    assert_eq!(api.read_at(rest, "fastest", None).status, 400);
    // A token that this process did not sign says nothing: the primary is read.
    for foreign in ["1-1.x", &*token.replacen('1', "2", 1)] {
        let answer = api.read_at(rest, "secondary", Some(foreign));
        assert_eq!((answer.status, answer.header("martydb-replica")), (200, None), "{foreign}");
    }
    let written = api.service.ask("GET", rest, Some(&api.writer), &[("Read-Preference", "secondary")], "");
    assert_eq!(written.header("martydb-written"), None);
    standby.crash();
    let answers: Vec<u16> = (0..10).map(|_| api.read_at(rest, "secondary", None).status).collect();
    assert_eq!(answers, [200; 10]);
}
