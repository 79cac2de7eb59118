//! The end of a process: requests in progress end, within their time, and nothing is said to have ended that has not.

use std::io::Read;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::{ApiService, served};
use super::client::{DataService, try_ask_at};
use crate::support::{Server, until};

const VIEWS: &str = "\
CREATE VIEW second AS SELECT pg_sleep(3)::text AS nothing;
CREATE OR REPLACE FUNCTION slow_counter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN NEW; END $$;
GRANT SELECT ON second TO sdw_a_serve, sdw_a_serve_ro";

const RUNNING: &str = "SELECT count(*)::text FROM pg_stat_activity WHERE usename LIKE 'sdw\\_a\\_serve%' AND state = 'active' AND query ~ 'second|counter'";

#[test]
fn a_stop_lets_requests_end_and_says_what_it_cancelled() {
    let server = Server::start();
    let exposure = "{ limits: { timeout: 4s }, transactions: { interactive: true } }";
    let project = served(&server, "sdw", exposure);
    server.sql("sdw_a", VIEWS);
    let api = ApiService::start(&project, "sdw");
    until("the view shows", || {
        api.service.ask("GET", "/sdw_a/rest/second?select=none", Some(&api.reader), &[], "").status == 400
    });
    let begun = api.write("POST", "transactions", Value::Null).json();
    let path = format!("transactions/{}/operations", begun["id"].as_str().unwrap());
    let insert = json!({"op": "insert", "collection": "customer", "values": {"name": "open"}});
    assert_eq!(api.write("POST", &path, insert).status, 200);
    let mut idle = TcpStream::connect(api.service.address()).unwrap();
    idle.set_read_timeout(Some(Duration::from_secs(5))).unwrap();

    let address = api.service.address().to_owned();
    let asked = |path: &str| try_ask_at(&address, "GET", path, None, &[], "").map(|one| one.status);
    thread::scope(|scope| {
        let running =
            scope.spawn(|| api.service.ask("GET", "/sdw_a/rest/second", Some(&api.reader), &[], "").status);
        until("it runs", || server.value("postgres", RUNNING) == "1");
        api.service.terminate();
        until("it stops", || asked("/ready") == Some(503));
        assert_eq!((asked("/live"), asked("/sdw_a/rest/customer")), (Some(200), Some(503)));
        assert_eq!(idle.read(&mut [0; 16]).unwrap(), 0, "an idle connection is closed");
        let locks = "SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'sdw_a_serve' AND state LIKE 'idle in transaction%'";
        until("the open transaction is rolled back", || server.value("postgres", locks) == "0");
        assert_eq!(running.join().unwrap(), 200);
    });
    let (code, said) = api.service.ended();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("stopped: no request is in progress"), "{said}");
    assert_eq!(server.value("sdw_a", "SELECT count(*)::text FROM customer WHERE name = 'open'"), "0");

    // A request that takes longer than its time is cancelled, and that is said.
    let api = ApiService::start(&project, "sdw");
    until("it is ready", || api.service.ask("GET", "/ready", None, &[], "").status == 200);
    let slow: Vec<Value> = (1..9)
        .map(|id| json!({"op": "update", "collection": "counter", "id": id, "values": {"value": 0}}))
        .collect();
    let slow = json!({ "operations": slow });
    thread::scope(|scope| {
        let address = api.service.address().to_owned();
        let (path, key) = (format!("{}/transaction", api.base), api.writer.clone());
        let body = slow.to_string();
        scope.spawn(move || try_ask_at(&address, "POST", &path, Some(&key), &[], &body));
        until("it runs", || server.value("postgres", RUNNING) == "1");
        let begun = Instant::now();
        api.service.terminate();
        let (code, said) = api.service.ended();
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("stopped: 1 request cancelled at the time limit"), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
        until("its statement is cancelled", || server.value("postgres", RUNNING) == "0");
    });

    // A second signal ends it at once: it waits for nothing, and says nothing of the request.
    let service = DataService::start(&project);
    until("it is ready", || service.ask("GET", "/ready", None, &[], "").status == 200);
    thread::scope(|scope| {
        let (address, there) = (service.address().to_owned(), service.address().to_owned());
        scope.spawn(move || try_ask_at(&there, "GET", "/sdw_a/rest/second", Some(&api.reader), &[], ""));
        until("it runs", || server.value("postgres", RUNNING) == "1");
        service.terminate();
        let stops =
            || try_ask_at(&address, "GET", "/ready", None, &[], "").is_some_and(|one| one.status == 503);
        until("it stops", stops);
        service.terminate();
        let (code, said) = service.ended();
        assert_eq!(code, Some(0), "{said}");
        assert!(!said.contains("stopped:"), "{said}");
    });
}
