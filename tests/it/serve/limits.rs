//! Limits of the table: each of a service by a request within it and one beyond, and those of the process while everything is full.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use martydb_model::{LimitScope, SERVE_LIMITS, ServeLimit};
use serde_json::{Value, json};

use super::api::{ApiService, served};
use super::client::try_ask_at;
use crate::support::{Project, Server, until};

const EXPOSURE: &str = "{ limits: { rows: 3, conditions: 2, values: 3, depth: 1, columns: 4, steps: 2, body: 2KiB, \
     answer: 400KiB, streams: 1, order: 7, operations: 3, transactions: 1, aggregates: true }, \
     transactions: { interactive: true } }";

fn small(server: &Server, prefix: &str, process: &str) -> Project {
    let project = served(server, prefix, EXPOSURE);
    let manifest = project.read("martydb.yaml");
    project
        .write("martydb.yaml", &manifest.replace("serve:\n  listen", &format!("serve:\n{process}  listen")));
    project
}

/// Returns a request of a size that a limit is about, and the status of one that is too large; `None` for a limit that no single
/// request passes.
fn request(limit: ServeLimit, size: usize) -> Option<(&'static str, Value, u16)> {
    Some(match limit {
        ServeLimit::Rows | ServeLimit::Streams | ServeLimit::Transactions => return None,
        ServeLimit::Order => ("counter/query", json!({"order": vec!["id"; size].join(",")}), 400),
        ServeLimit::Operations => {
            let get = json!({"op": "get", "collection": "counter", "id": 1});
            ("transaction", json!({"operations": vec![get; size]}), 400)
        }
        ServeLimit::Conditions => {
            let trees: Vec<Value> = (0..size).map(|id| json!({"id": id})).collect();
            ("counter/query", json!({"where": {"or": trees}}), 400)
        }
        ServeLimit::Values => {
            ("counter/query", json!({"where": {"id": {"in": (0..size).collect::<Vec<_>>()}}}), 400)
        }
        ServeLimit::Depth => {
            let embed = (0..size).rev().fold(Value::Null, |inner, level| {
                let name = ["customer", "invoice"][level % 2];
                let embed = if inner.is_null() { json!({}) } else { inner };
                json!({name: {"select": "id", "embed": embed}})
            });
            ("invoice/query", json!({"select": ["id"], "embed": embed}), 400)
        }
        ServeLimit::Columns => {
            let select: Vec<String> = (0..size).map(|number| format!("c{number}:id")).collect();
            ("counter/query", json!({"select": select}), 400)
        }
        ServeLimit::Steps => {
            ("counter/query", json!({"select": [format!("x:id{}", "->b".repeat(size))]}), 400)
        }
        ServeLimit::Body => {
            let rest = size - json!({"where": {"id": 1}, "x": ""}).to_string().len();
            ("counter/query", json!({"where": {"id": 1}, "x": "x".repeat(rest)}), 413)
        }
        ServeLimit::Answer => ("wide/query", json!({"select": ["text"], "where": {"size": size} }), 400),
        ServeLimit::Connections
        | ServeLimit::PerAddress
        | ServeLimit::Requests
        | ServeLimit::InFlight
        | ServeLimit::Progress => return None,
    })
}

const WIDE: &str = "\
CREATE TABLE wide AS SELECT n AS id, n AS size, repeat('x', n - 200) AS text FROM unnest('{409600,410500}'::int[]) n;
ALTER TABLE wide ADD PRIMARY KEY (id);
CREATE VIEW long AS SELECT n AS id, CASE WHEN n = 3 THEN pg_sleep(4)::text ELSE repeat('x', 300000) END AS text FROM generate_series(1, 3) n;
GRANT SELECT ON wide, long TO slf_a_serve, slf_a_serve_ro";

#[test]
fn each_limit_of_a_service_takes_what_is_within_it_and_refuses_what_is_beyond() {
    let server = Server::start();
    let project = small(&server, "slf", "");
    server.sql("slf_a", WIDE);
    let api = ApiService::start(&project, "slf");
    until("the views show", || api.write("POST", "wide/query", json!({"limit": 1})).status != 404);
    let metrics = api.service.ask("GET", "/metrics", None, &[], "").body;
    for row in SERVE_LIMITS {
        let shown = metrics.lines().find(|line| {
            line.starts_with("martydb_serve_limit{")
                && line.contains(&format!("limit=\"{}\"", row.key))
                && line.contains("service=\"slf_a\"") == (row.scope == LimitScope::Service)
        });
        let most = shown
            .unwrap_or_else(|| panic!("{} is not shown", row.key))
            .rsplit(' ')
            .next()
            .unwrap()
            .parse::<f64>()
            .unwrap() as usize;
        let Some((path, within, refused)) = request(row.limit, most) else { continue };
        let found = api.write("POST", path, within);
        // A request within a limit may be wrong for another reason, such as a step into a number.
        assert!(found.status != refused || !found.body.contains("MDB009"), "{}: {}", row.key, found.body);
        let beyond = if row.limit == ServeLimit::Answer { 410_500 } else { most + 1 };
        let (path, body, refused) = request(row.limit, beyond).unwrap();
        let found = api.write("POST", path, body);
        let code = found.json()["code"].as_str().map(str::to_owned);
        assert_eq!((found.status, code.as_deref()), (refused, Some("MDB009")), "{}: {}", row.key, found.body);
    }
    let rows = api.read("counter?limit=9").json()["items"].as_array().map(Vec::len);
    assert_eq!(rows, Some(3));
    let begin = || api.write("POST", "transactions", Value::Null).status;
    assert_eq!([begin(), begin()], [201, 429]);
    streams(&api);
    statements(&api, &server);
}

/// An unread stream does not take the others' connections, and its caller gets no second one.
fn streams(api: &ApiService) {
    let accept = [("Accept", "application/x-ndjson")];
    let mut unread = api.service.send("GET", "/slf_a/rest/long?select=text", Some(&api.reader), &accept, "");
    let again = || api.service.ask("GET", "/slf_a/rest/long?select=text", Some(&api.reader), &accept, "");
    // Its head is there: it is being sent.
    unread.read_exact(&mut [0; 16]).unwrap();
    assert_eq!(again().status, 429);
    assert_eq!(api.write("GET", "counter/1", Value::Null).status, 200);
}

/// Statements of ever other forms leave little in the server's memory.
fn statements(api: &ApiService, server: &Server) {
    let pids = "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE usename = 'slf_a_serve'";
    let memory = || -> u64 {
        let of = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let private = |text: String| {
            let line = text.lines().find(|line| line.starts_with("Private_Dirty:")).map(str::to_owned);
            line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or_default()
        };
        server.value("postgres", pids).split(' ').map(|pid| private(of(pid))).sum()
    };
    let form = |name: usize| {
        let select: Vec<String> = (0..4).map(|one| format!("{}{name}_{one}:id", "n".repeat(40))).collect();
        let found = api.write("POST", "counter/query", json!({"select": select, "limit": 1}));
        assert_eq!(found.status, 200, "{}", found.body);
    };
    form(0);
    let before = memory();
    (1..40).for_each(form);
    assert!(memory() < before + (40 << 10), "{before} kB, then {} kB", memory());
}

#[test]
fn probes_are_answered_while_everything_is_full_and_who_takes_nothing_is_ended() {
    let server = Server::start();
    let project = small(&server, "slg", "  connections: 6\n  progress: 1s\n");
    let ApiService { service, writer, .. } = ApiService::start(&project, "slg");
    until("it is ready", || service.ask("GET", "/ready", None, &[], "").status == 200);
    let live =
        || try_ask_at(service.address(), "GET", "/live", None, &[], "").is_some_and(|one| one.status == 200);
    let other =
        || try_ask_at(service.address(), "GET", "/slg_a/rest/customer", None, &[], "").map(|one| one.status);

    // Silent connections, many more than there are places.
    let silent: Vec<TcpStream> = (0..150).map(|_| TcpStream::connect(service.address()).unwrap()).collect();
    assert!((0..20).all(|_| live()), "probes get through");
    assert_eq!(other(), Some(503));
    drop(silent);
    until("the places are free", || other() == Some(401));

    // Connections that ask and never read.
    let ask = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3000);
    let unread: Vec<TcpStream> = (0..6)
        .map(|_| {
            let mut stream = TcpStream::connect(service.address()).unwrap();
            stream.set_nonblocking(true).unwrap();
            // The server reads on only as long as its answers are taken.
            let mut rest = ask.as_bytes();
            while let Ok(sent) = stream.write(rest) {
                rest = &rest[sent..];
                if rest.is_empty() {
                    break;
                }
            }
            stream
        })
        .collect();
    until("all places are taken", || other() == Some(503));
    assert!(live());
    until("they are ended", || other() == Some(401));
    drop(unread);

    // A body that arrives a byte at a time, and one that stops.
    let mut slow = TcpStream::connect(service.address()).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = "POST /slg_a/rest/customer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nAuthorization: Bearer";
    slow.write_all(format!("{head} {writer}\r\n\r\n[").as_bytes()).unwrap();
    let mut answer = String::new();
    let mut feeder = slow.try_clone().unwrap();
    let fed = thread::spawn(move || {
        (0..20).all(|_| {
            thread::sleep(Duration::from_millis(100));
            feeder.write_all(b" ").is_ok()
        })
    });
    slow.read_to_string(&mut answer).unwrap_or_default();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let _all_taken = fed.join().unwrap();
}

#[test]
fn catalogs_are_read_whatever_the_time_limit_of_callers_is() {
    let server = Server::start();
    let project = served(&server, "slh", "{ limits: { timeout: 1ms } }");
    let api = ApiService::start(&project, "slh");
    until("it is ready", || api.service.ask("GET", "/ready", None, &[], "").status == 200);
    let found = api.service.ask("GET", "/slh_a/rest/slow", Some(&api.reader), &[], "");
    assert_eq!((found.status, found.json()["code"].as_str()), (504, Some("57014")), "{}", found.body);
    assert!(found.body.contains("longer than 1ms"), "{}", found.body);
    // Probes ask the database nothing.
    let looks = || {
        server.value(
            "slh_a",
            "SELECT (xact_commit + xact_rollback)::text FROM pg_stat_database WHERE datname = 'slh_a'",
        )
    };
    let before: u64 = looks().parse().unwrap();
    assert!((0..300).all(|_| api.service.ask("GET", "/ready", None, &[], "").status == 200));
    assert!(looks().parse::<u64>().unwrap() < before + 100, "{before} {}", looks());
    let twice = [("Authorization", "Bearer x")];
    let found = api.service.ask("GET", "/slh_a/rest/counter", Some(&api.reader), &twice, "");
    assert_eq!(found.status, 400, "{}", found.body);
}

const MANY: &str = "DO $$ BEGIN FOR n IN 1..300 LOOP EXECUTE format('CREATE TABLE many_%s (id int PRIMARY KEY, customer_id bigint REFERENCES customer, note text)', n); END LOOP; END $$;\n";

#[test]
fn hundreds_of_new_tables_are_read_one_look_at_a_time_while_rows_are_served() {
    let server = Server::start();
    let project = served(&server, "sli", "{ limits: { timeout: 1s }, pool: { max: 2 } }");
    let api = ApiService::start(&project, "sli");
    until("it is ready", || api.service.ask("GET", "/ready", None, &[], "").status == 200);
    project.write("sli_a/migrations/V3__many.sql", MANY);
    project.write("sli_a/migrations/V3__many.down.sql", "-- martydb: irreversible: a test\n");
    let mark = server.log().len();
    project.run(&["upgrade", "-s", "sli_a"]).expect(0);
    // The statement that looks at the catalogs names these types.
    let looks = "SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'sli_a_serve_ro' AND state = 'active' AND query LIKE '%allowed_types%'";
    until("the tables show", || {
        let looking: usize = server.value("postgres", looks).parse().unwrap();
        assert!(looking <= 1, "{looking} looks at once");
        assert_eq!(api.read("counter/1").status, 200);
        api.read("many_300?limit=1").status == 200
    });
    let log = server.log_since(mark);
    assert!(!log.contains("canceling statement due to statement timeout"), "{log}");
}
