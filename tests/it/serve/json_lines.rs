//! Rows as lines of JSON: sent while the database reads them, by a process that holds a small part of them; what goes wrong in
//! the middle is noticeable for the caller.

use std::io::Read;

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Server, until};

const ACCEPT: (&str, &str) = ("Accept", "application/x-ndjson");

/// Rows of the large answer, and the text in each: about 31 MB together.
const ROWS: usize = 85_000;
const TEXT: usize = 350;

const VIEWS: &str = "\
CREATE VIEW broken AS SELECT id, 1 / (50000 - id) AS share, name FROM customer;
CREATE VIEW broken_at_once AS SELECT id, 1 / (id - id) AS share FROM customer;
CREATE VIEW halting AS SELECT id, name, CASE WHEN id = 40000 THEN pg_sleep(60)::text END AS nothing FROM customer;
CREATE VIEW wide AS SELECT id, repeat('x', 2000) AS text FROM customer;
CREATE TABLE notes (id int PRIMARY KEY, raw json);
INSERT INTO notes VALUES (1, E'{\\r\\n \"a\":\\n1}'), (2, NULL);
";

/// Status, head and body of an answer, and `true` if it came to its end.
struct Received {
    head: String,
    body: Vec<u8>,
    is_whole: bool,
}

impl Received {
    /// Reads an answer, and puts its parts together (RFC 9112, section 7.1).
    fn read(mut stream: impl Read) -> Received {
        let mut all = vec![];
        // A connection that ends in the middle may be reset.
        let ended = stream.read_to_end(&mut all).is_ok();
        let at = all.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(all[..at].to_vec()).unwrap();
        let mut rest = &all[at + 4..];
        if !head.to_lowercase().contains("transfer-encoding: chunked") {
            return Received { head, body: rest.to_vec(), is_whole: ended };
        }
        let (mut body, mut is_whole) = (vec![], false);
        while let Some(line) = rest.windows(2).position(|bytes| bytes == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
            rest = &rest[line + 2..];
            if size == 0 {
                is_whole = rest == b"\r\n";
                break;
            }
            if rest.len() < size + 2 {
                break;
            }
            body.extend_from_slice(&rest[..size]);
            rest = &rest[size + 2..];
        }
        Received { head, body, is_whole }
    }

    fn lines(&self) -> Vec<serde_json::Value> {
        let text = std::str::from_utf8(&self.body).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn exposed(prefix: &str, exposure: &str) -> (Server, crate::support::Project) {
    // Each read of a table begins with its first row.
    let server = Server::start_with(&["synchronize_seqscans=off"]);
    let project = project(&server, Admin::Super, prefix, exposure);
    project.write(&format!("{prefix}_a/migrations/V2__views.sql"), VIEWS);
    project.write(&format!("{prefix}_a/migrations/V2__views.down.sql"), "-- martydb: irreversible: a test\n");
    project.run(&["upgrade", "--all"]).expect(0);
    (server, project)
}

#[test]
fn a_large_answer_is_streamed_and_a_cut_is_noticeable() {
    let exposure = "{ pool: { max: 2, wait: 10s }, limits: { rows: 200000, timeout: 20s } }";
    let (server, project) = exposed("sry", exposure);
    let rows = format!(
        "INSERT INTO customer (id, name) SELECT n, n || repeat('y', {TEXT}) FROM generate_series(1, {ROWS}) n"
    );
    server.sql("sry_a", &rows);
    let reader = key(&project, "reader");
    let service = DataService::start(&project);
    let ask = |path: &str| {
        let path = format!("/sry_a/rest/{path}");
        Received::read(service.send("GET", &path, Some(&reader), &[ACCEPT], ""))
    };

    assert_eq!(ask("customer?id=eq.1&select=id").lines(), [serde_json::json!({"id": 1})]);
    let before = service.memory();
    let large = ask("customer?select=id,name&order=id");
    let grown = service.memory().saturating_sub(before);
    assert!(large.head.starts_with("HTTP/1.1 200") && large.is_whole, "{}", large.head);
    assert!(large.head.to_lowercase().contains("content-type: application/x-ndjson"), "{}", large.head);
    assert!(large.body.len() > ROWS * TEXT);
    let lines = large.lines();
    assert_eq!(lines.len(), ROWS);
    assert!(lines.iter().zip(1..).all(|(line, id)| line["id"] == id));
    // In kB; the answer has about 31,000.
    assert!(grown < 18_000, "{grown} kB");
    // More than a process may hold: the same as an array is refused.
    let array = service.ask("GET", "/sry_a/rest/customer?select=id,name", Some(&reader), &[], "");
    assert_eq!((array.status, array.json()["code"].as_str()), (400, Some("MDB009")));

    // After the first line, only the end of the connection can signal an error.
    for path in ["broken?order=id", "halting", "wide?order=id"] {
        let cut = ask(path);
        assert!(cut.head.starts_with("HTTP/1.1 200") && !cut.is_whole, "{path}: {}", cut.head);
        assert!(cut.body.len() > 1_000_000, "{path}");
    }
    for said in
        ["broken was cut: 22012", "halting was cut: 57014", "wide was cut: it has more than 67108864 bytes"]
    {
        until(said, || service.said().contains(said));
    }
    let active = || {
        server.value("sry_a", "SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'sry_a_serve_ro' AND state <> 'idle'")
    };
    until("no statement is left", || active() == "0");
    let broken = ask("broken_at_once");
    assert!(broken.head.starts_with("HTTP/1.1 400") && broken.is_whole, "{}", broken.head);
    assert_eq!(broken.lines()[0]["code"], "22012");

    // A caller that hangs up, and one that takes nothing: neither holds a connection with the database beyond its time.
    let path = "/sry_a/rest/halting";
    for _ in 0..3 {
        let mut stream = service.send("GET", path, Some(&reader), &[ACCEPT], "");
        let mut some = [0; 1000];
        let length = stream.read(&mut some).unwrap();
        let said = String::from_utf8_lossy(&some[..length]);
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
        drop(stream);
    }
    until("callers that hung up hold nothing", || active() == "0");
    let stuck = service.send("GET", "/sry_a/rest/wide", Some(&reader), &[ACCEPT], "");
    until("it reads", || active() == "1");
    until("its time is over", || active() == "0");
    drop(stuck);
    assert_eq!(ask("customer?id=eq.1&select=id").lines(), [serde_json::json!({"id": 1})]);
}

#[test]
fn streamed_reads_have_the_limits_and_records_of_other_reads() {
    let (server, project) = exposed("srp", "{ audit: all, limits: { rows: 3 } }");
    let rows = "INSERT INTO customer (id, name) SELECT n, E'n\\n' || n FROM generate_series(1, 9) n";
    server.sql("srp_a", rows);
    let [reader, writer] = ["reader", "writer"].map(|caller| key(&project, caller));
    let service = DataService::start(&project);
    let ask = |method: &str, path: &str, key: &str, more: &[(&str, &str)]| {
        let headers = [&[ACCEPT], more].concat();
        service.ask(method, &format!("/srp_a/rest/{path}"), Some(key), &headers, "{\"name\":\"x\"}")
    };
    let few = ask("GET", "customer?select=id,name,invoice(id)&order=id&offset=1", &reader, &[]);
    let line = |id: i32| format!("{{\"id\":{id},\"name\":\"n\\n{id}\",\"invoice\":[]}}\n");
    assert_eq!((few.status, few.body.as_str()), (200, (2..5).map(line).collect::<String>().as_str()));
    assert_eq!(few.header("content-range"), Some("1-3/*"));
    let audit = "SELECT concat_ws(' ', login, op, collection, rows) FROM martydb_serve.audit";
    assert_eq!(server.value("srp_a", audit), "srp_a_serve_ro read public.customer 3");
    let tag = few.header("etag").unwrap();
    let again = ask(
        "GET",
        "customer?select=id,name,invoice(id)&order=id&offset=1",
        &reader,
        &[("If-None-Match", tag)],
    );
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    // A line is a line, whatever ends a line in a value.
    let raw = ask("GET", "notes?order=id", &reader, &[]);
    assert_eq!(raw.body, "{\"id\":1,\"raw\":{   \"a\": 1}}\n{\"id\":2,\"raw\":null}\n");
    assert_eq!(ask("GET", "customer?id=gt.99", &reader, &[]).body, "");
    for (status, method, path, key) in [
        (404, "GET", "nothing", &reader),
        (404, "GET", "refinery_schema_history", &reader),
        (400, "GET", "customer?id=eq.x", &reader),
        (400, "GET", "customer?select=nothing", &reader),
        (400, "GET", "broken_at_once", &reader),
        (401, "GET", "customer", &"wrong".to_owned()),
        (406, "HEAD", "customer", &reader),
        (406, "POST", "customer", &writer),
    ] {
        assert_eq!(ask(method, path, key, &[]).status, status, "{method} {path}");
    }
    server.sql("srp_a", "REVOKE SELECT ON customer FROM srp_a_serve_ro");
    assert_eq!(ask("GET", "customer", &reader, &[]).status, 403);
}
