//! The face `/api/db`: documents, pages, queries, aggregates, schemas and batches, and what it refuses.

use serde_json::{Value, json};

use super::client::{Answer, DataService};
use super::{key, project};
use crate::support::{Admin, Project, Server};

const TABLES: &str = "\
CREATE TABLE line (invoice_id bigint, number int, article text NOT NULL DEFAULT 'none', note text, PRIMARY KEY (invoice_id, number));
CREATE TABLE counter (id int PRIMARY KEY, value int NOT NULL DEFAULT 0, doubled int GENERATED ALWAYS AS (value * 2) STORED);
CREATE TABLE transactions (id int PRIMARY KEY);
CREATE TABLE keyless (a int);
INSERT INTO counter SELECT n, n FROM generate_series(1, 50) AS n;
CREATE TABLE visit (id int PRIMARY KEY, at timestamptz NOT NULL, day date NOT NULL);
INSERT INTO visit SELECT n, '2024-01-01 00:00+00'::timestamptz + n * interval '10 minutes', '2024-01-01'::date + n FROM generate_series(0, 9) AS n;
CREATE FUNCTION slow_counter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.value = -1 THEN RAISE EXCEPTION 'never'; END IF; RETURN NEW; END $$;
CREATE TRIGGER slow_counter BEFORE UPDATE ON counter FOR EACH ROW EXECUTE FUNCTION slow_counter();
";

const DROPPED: &str =
    "DROP TABLE visit, keyless, transactions, counter, line;\nDROP FUNCTION slow_counter;\n";

/// A service of the second face with its two callers.
pub(crate) struct ApiService {
    pub service: DataService,
    pub base: String,
    pub reader: String,
    pub writer: String,
    pub other: String,
}

impl ApiService {
    pub(crate) fn start(project: &Project, prefix: &str) -> ApiService {
        let [reader, writer, other] = ["reader", "writer", "other"].map(|caller| key(project, caller));
        let service = DataService::start(project);
        ApiService { service, base: format!("/{prefix}_a/api/db"), reader, writer, other }
    }

    /// Sends a request of the writer.
    pub(crate) fn write(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.service.ask(method, &format!("{}/{path}", self.base), Some(&self.writer), &[], &body)
    }

    pub(crate) fn read(&self, path: &str) -> Answer {
        self.service.ask("GET", &format!("{}/{path}", self.base), Some(&self.reader), &[], "")
    }

    fn matched(&self, method: &str, path: &str, tag: &str, body: &str) -> u16 {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.base) };
        self.service.ask(method, &path, Some(&self.writer), &[("If-Match", tag)], body).status
    }
}

pub(crate) fn served(server: &Server, prefix: &str, exposure: &str) -> Project {
    let project = project(server, Admin::Super, prefix, exposure);
    project.write(&format!("{prefix}_a/migrations/V2__api.sql"), TABLES);
    project.write(&format!("{prefix}_a/migrations/V2__api.down.sql"), DROPPED);
    project.run(&["upgrade", "--all"]).expect(0);
    project
}

#[test]
fn documents_pages_and_batches_are_the_rows_of_the_callers_login() {
    let server = Server::start();
    let project = served(&server, "sra", "{ hide: [secret], limits: { aggregates: true, rows: 40 } }");
    let api = ApiService::start(&project, "sra");
    documents(&api, &server);
    pages(&api);
    spans(&api, &server);
    batches(&api, &server);
    refusals(&api, &server);
    let checked = project.run(&["serve", "check", "sra_a"]).expect(3);
    assert!(checked.stderr.contains("transactions: its name is a word of /api/db"), "{}", checked.stderr);
}

fn documents(api: &ApiService, server: &Server) {
    let made = api.write("POST", "customer", json!({"name": "Ada"}));
    assert_eq!((made.status, made.json()["name"].as_str()), (201, Some("Ada")), "{}", made.body);
    let id = made.json()["id"].to_string();
    assert_eq!(made.header("location"), Some(format!("{}/customer/{id}", api.base).as_str()));
    let found = api.read(&format!("customer/{id}"));
    assert_eq!((found.status, found.header("etag")), (200, made.header("etag")));
    let tag = found.header("etag").unwrap().to_owned();
    let (row, known) = (format!("customer/{id}"), [("If-None-Match", tag.as_str())]);
    let again = api.service.ask("GET", &format!("{}/{row}", api.base), Some(&api.reader), &known, "");
    assert_eq!((again.status, again.body.as_str()), (304, ""));

    // A caller that changes a row with a concurrent change gets 412, on both faces.
    let patch = r#"{"name":"Ada L."}"#;
    assert_eq!(api.matched("PATCH", &row, "\"other\"", patch), 412);
    // A condition that is too long to be read is not passed over.
    assert_eq!(api.matched("PATCH", &row, &"x".repeat(9000), patch), 412);
    assert_eq!(api.matched("PATCH", &row, &tag, patch), 200);
    assert_eq!(api.matched("PUT", &row, &tag, r#"{"name":"lost"}"#), 412);
    assert_eq!(api.matched("DELETE", &row, &tag, ""), 412);
    assert_eq!(api.matched("DELETE", "customer/999", "*", ""), 412);
    let rest = format!("/{}/rest/customer?id=eq.{id}", api.base.split('/').nth(1).unwrap());
    let read = api.service.ask("GET", &rest, Some(&api.reader), &[], "");
    let tag = read.header("etag").unwrap().to_owned();
    assert_eq!(api.matched("PATCH", &rest, "\"other\"", patch), 412);
    assert_eq!(api.matched("PATCH", &rest, &tag, r#"{"name":"Ada K."}"#), 204);
    assert_eq!(api.matched("DELETE", &rest, &tag, ""), 412);
    assert_eq!(api.matched("PATCH", &rest.replace("id=eq", "id=gt"), "*", patch), 412);

    // PUT replaces: what the body leaves out gets its default; PATCH changes what it has.
    let line = json!([{"invoice_id": 1, "number": 1, "article": "a,b", "note": "x"}, {"invoice_id": 1, "number": 2}]);
    let made = api.write("POST", "line", line);
    assert_eq!((made.status, made.json()[1]["article"].as_str()), (201, Some("none")), "{}", made.body);
    assert_eq!(api.write("PATCH", "line/1,1", json!({"article": "c"})).json()["note"], "x");
    let replaced = api.write("PUT", "line/1,1", json!({"invoice_id": 1, "article": "d"}));
    assert_eq!(replaced.json(), json!({"invoice_id": 1, "number": 1, "article": "d", "note": null}));
    assert_eq!(
        api.write("PUT", "counter/3", json!({"id": 3, "value": 7, "doubled": 0})).json()["doubled"],
        14
    );
    assert_eq!(api.write("DELETE", "line/1,2", Value::Null).status, 204);
    assert_eq!(api.write("DELETE", "line/1,2", Value::Null).status, 404);
    assert_eq!(server.value("sra_a", "SELECT count(*)::text FROM line"), "1");
}

fn pages(api: &ApiService) {
    let mut path = "counter?select=id&order=value.desc&limit=15".to_owned();
    let (mut seen, mut requests) = (vec![], 0);
    loop {
        let page = api.read(&path);
        assert_eq!(page.status, 200, "{}", page.body);
        let page = page.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()));
        requests += 1;
        let Some(next) = page["next"].as_str() else { break };
        path = format!("counter?select=id&order=value.desc&limit=15&after={next}");
    }
    seen.sort_unstable();
    assert_eq!((requests, seen), (4, (1..=50).collect()));
    assert_eq!(api.read("counter").json()["items"].as_array().unwrap().len(), 40);
    assert_eq!(api.read("counter/count?id=gt.10").json(), json!({"count": 40}));
    assert_eq!(api.read("counter/count?count=planned").status, 200);
    let query = json!({"where": {"or": [{"id": {"in": [1, 2]}}, {"id": {"gte": 49}, "value": 50}]}, "order": "id", "select": ["id"]});
    assert_eq!(
        api.write("POST", "counter/query", query).json()["items"],
        json!([{"id": 1}, {"id": 2}, {"id": 50}])
    );
    let query = json!({"where": {"name": {"like": "Ada%"}}, "select": "name", "embed": {"bills": {"relation": "invoice", "select": "cents"}}});
    let found = api.write("POST", "customer/query", query);
    assert_eq!(found.json()["items"], json!([{"name": "Ada K.", "bills": []}]), "{}", found.body);
    let sums = json!({"where": {"id": {"lte": 10}}, "group": ["value"], "aggregates": {"n": {"count": "*"}, "last": {"max": "id"}},
        "having": {"n": {"gt": 1}}, "order": "last.desc", "limit": 5});
    let found = api.write("POST", "counter/aggregate", sums);
    assert_eq!(found.json(), json!([{"value": 7, "n": 2, "last": 7}]), "{}", found.body);
    let schema = api.read("schema/counter").json();
    assert_eq!((&schema["key"], &schema["privileges"]), (&json!(["id"]), &json!(["SELECT"])), "{schema}");
    assert_eq!(schema["columns"][2]["generated"], true);
}

/// Groups by spans of time, which 13 does not have.
fn spans(api: &ApiService, server: &Server) {
    let grouped = |group: Value| {
        let body = json!({"group": [group], "aggregates": {"n": {"count": "*"}}, "order": "at"});
        api.write("POST", "visit/aggregate", body)
    };
    let hours = grouped(json!({"at": {"date_bin": "at", "stride": "1 hour"}}));
    if server.major() < 14 {
        assert_eq!((hours.status, hours.json()["code"].as_str()), (400, Some("PGRST102")), "{}", hours.body);
        assert!(hours.body.contains("date_bin needs PostgreSQL 14 or later"), "{}", hours.body);
        return;
    }
    let expected =
        json!([{"at": "2024-01-01T00:00:00+00:00", "n": 6}, {"at": "2024-01-01T01:00:00+00:00", "n": 4}]);
    assert_eq!(hours.json(), expected, "{}", hours.body);
    let later =
        grouped(json!({"at": {"date_bin": "at", "stride": "90 minutes", "origin": "2024-01-01 01:00+00"}}));
    let expected =
        json!([{"at": "2023-12-31T23:30:00+00:00", "n": 6}, {"at": "2024-01-01T01:00:00+00:00", "n": 4}]);
    assert_eq!(later.json(), expected, "{}", later.body);
    // 2024-01-01 was a Monday.
    let weeks = grouped(json!({"at": {"date_bin": "day", "stride": "1 week"}}));
    let expected = json!([{"at": "2024-01-01T00:00:00", "n": 7}, {"at": "2024-01-08T00:00:00", "n": 3}]);
    assert_eq!(weeks.json(), expected, "{}", weeks.body);
    for group in [
        json!({"at": {"date_bin": "id", "stride": "1 hour"}}),
        json!({"at": {"date_bin": "nothing", "stride": "1 hour"}}),
        json!({"at": {"date_bin": "at", "stride": "1 month"}}),
        json!({"at": {"date_bin": "at", "stride": "1 hour'); DROP TABLE visit; --"}}),
        json!({"at": {"date_bin": "at", "stride": "1 hour", "origin": "x'); DROP TABLE visit; --"}}),
    ] {
        assert_eq!(grouped(group.clone()).status, 400, "{group}");
    }
}

fn batches(api: &ApiService, server: &Server) {
    let run = |operations: Value| api.write("POST", "transaction", json!({"operations": operations}));
    let done = run(json!([
        {"op": "insert", "collection": "customer", "values": {"name": "Bob"}},
        {"op": "insert", "collection": "invoice", "values": [{"customer_id": {"$ref": "0.id"}, "cents": 5}]},
        {"op": "update", "collection": "invoice", "where": {"customer_id": {"$ref": "0.id"}}, "values": {"cents": 6}},
        {"op": "query", "collection": "invoice", "where": {"id": {"$ref": "1.0.id"}}, "select": "cents"},
        {"op": "delete", "collection": "counter", "id": 50},
    ]));
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.json()["results"][3]["items"], json!([{"cents": 6}]));
    // One that fails takes all with it.
    for (last, status) in [
        (json!({"op": "insert", "collection": "customer", "values": {"name": "Bob"}}), 409),
        (json!({"op": "update", "collection": "customer", "id": 0, "values": {"name": "x"}}), 404),
        (json!({"op": "get", "collection": "secret", "id": 0}), 404),
        (json!({"op": "get", "collection": "customer", "id": {"$ref": "7.id"}}), 400),
        (json!({"op": "sql", "collection": "customer"}), 400),
    ] {
        let first = json!({"op": "insert", "collection": "customer", "values": {"name": "half"}});
        let answer = run(json!([first, last]));
        assert_eq!(answer.status, status, "{last}: {}", answer.body);
        assert!(answer.json()["message"].as_str().unwrap().starts_with("operation 1: "), "{}", answer.body);
    }
    assert_eq!(server.value("sra_a", "SELECT count(*)::text FROM customer WHERE name = 'half'"), "0");
    recorded(api, server);
    conflicts(api, server);
}

/// A batch with a key is done once, and each of its writes has a row in the audit.
fn recorded(api: &ApiService, server: &Server) {
    let writes = json!({"operations": [
        {"op": "insert", "collection": "customer", "values": {"name": "once"}},
        {"op": "update", "collection": "counter", "id": 5, "values": {"value": 6}},
        {"op": "get", "collection": "counter", "id": 5},
    ]})
    .to_string();
    let (path, key) =
        (format!("{}/transaction", api.base), [("Idempotency-Key", "batch-1"), ("X-Request-Id", "r-1")]);
    let ask = |body: &str| api.service.ask("POST", &path, Some(&api.writer), &key, body);
    let (first, second) = (ask(&writes), ask(&writes));
    assert_eq!((first.status, second.status, first.body.as_str()), (200, 200, second.body.as_str()));
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(ask(r#"{"operations":[{"op":"delete","collection":"counter","id":5}]}"#).status, 422);
    let audited = "SELECT string_agg(op || ' ' || collection || ' ' || rows, ',' ORDER BY op) FROM martydb_serve.audit WHERE request = 'r-1'";
    assert_eq!(server.value("sra_a", audited), "insert public.customer 1,update public.counter 1");

    // At once, in transactions that see no row of each other.
    let batch = json!({"isolation": "repeatable read", "operations": [
        {"op": "insert", "collection": "customer", "values": {"name": "at once"}},
        {"op": "update", "collection": "counter", "where": {"id": 5}, "values": {"value": 7}},
    ]})
    .to_string();
    let key = [("Idempotency-Key", "batch-2"), ("X-Request-Id", "r-2")];
    let ask = || {
        let answer = api.service.ask("POST", &path, Some(&api.writer), &key, &batch);
        (answer.status, answer.header("idempotency-replayed").is_some())
    };
    let answers: Vec<(u16, bool)> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|one| **one == (200, false)).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|one| **one == (200, true)).count(), 7, "{answers:?}");
    let filter = "SELECT key FROM martydb_serve.audit WHERE request = 'r-2' AND op = 'update'";
    assert_eq!(server.value("sra_a", filter), r#"{"id":5}"#);
}

/// Batches that take rows in opposite order deadlock; the process repeats each up to three times, which is seldom not enough.
fn conflicts(api: &ApiService, server: &Server) {
    let batch = |first: i32, second: i32| {
        let add = |id: i32| json!({"op": "update", "collection": "counter", "id": id, "values": {"value": id * 100}});
        json!({"operations": [add(first), add(second)], "isolation": "repeatable read"})
    };
    std::thread::scope(|scope| {
        let both = [(20, 21), (21, 20)].map(|(first, second)| {
            scope.spawn(move || {
                let done = |_: &i32| {
                    let status = api.write("POST", "transaction", batch(first, second)).status;
                    assert!([200, 409].contains(&status), "{status}");
                    status == 200
                };
                (0..10).filter(done).count()
            })
        });
        let done: usize = both.map(|one| one.join().unwrap()).into_iter().sum();
        assert!(done > 15, "{done} of 20");
    });
    assert_eq!(server.value("sra_a", "SELECT sum(value)::text FROM counter WHERE id IN (20, 21)"), "4100");
}

fn refusals(api: &ApiService, server: &Server) {
    let many = vec![json!({"op": "get", "collection": "counter", "id": 1}); 101];
    let page = api.read("counter?order=value&limit=1").json()["next"].as_str().unwrap().to_owned();
    let changed = format!("{}{}", &page[..page.len() - 2], if page.ends_with("AA") { "BB" } else { "AA" });
    let insert =
        json!({"operations": [{"op": "insert", "collection": "customer", "values": {"name": "no"}}]});
    for (expected, method, path, key, body) in [
        (401, "GET", "counter", None, Value::Null),
        (403, "GET", "counter", Some(&api.other), Value::Null),
        (403, "POST", "customer", Some(&api.reader), json!({"name": "no"})),
        (403, "PATCH", "counter/1", Some(&api.reader), json!({"value": 1})),
        (403, "POST", "transaction", Some(&api.reader), insert),
        (404, "GET", "secret", Some(&api.writer), Value::Null),
        (404, "GET", "secret/1", Some(&api.writer), Value::Null),
        (404, "GET", "schema/secret", Some(&api.writer), Value::Null),
        (404, "GET", "pg_catalog.pg_authid", Some(&api.writer), Value::Null),
        (404, "GET", "counter%22%3B--", Some(&api.writer), Value::Null),
        (501, "GET", "stats", Some(&api.writer), Value::Null),
        (404, "GET", "a/b/c", Some(&api.writer), Value::Null),
        (404, "GET", "counter/999", Some(&api.writer), Value::Null),
        (405, "DELETE", "counter", Some(&api.writer), Value::Null),
        (405, "POST", "transactions", Some(&api.writer), Value::Null),
        (400, "GET", "counter/1,2", Some(&api.writer), Value::Null),
        (400, "GET", "counter/x", Some(&api.writer), Value::Null),
        (400, "GET", "keyless", Some(&api.writer), Value::Null),
        (400, "GET", "keyless/1", Some(&api.writer), Value::Null),
        (400, "GET", "counter?offset=1", Some(&api.writer), Value::Null),
        (400, "GET", &format!("counter?order=value&after={changed}"), Some(&api.writer), Value::Null),
        (400, "GET", &format!("counter?order=id&after={page}"), Some(&api.writer), Value::Null),
        (400, "GET", &format!("customer?order=value&after={page}"), Some(&api.writer), Value::Null),
        (400, "GET", "counter?order=value&after=!", Some(&api.writer), Value::Null),
        (400, "GET", "counter?select=id::regclass", Some(&api.writer), Value::Null),
        (400, "PATCH", "counter/1?id=eq.1", Some(&api.writer), json!({"value": 1})),
        (400, "PATCH", "counter/1", Some(&api.writer), json!([{"value": 1}])),
        (400, "PATCH", "counter/1", Some(&api.writer), json!({"value": -1})),
        (400, "PUT", "counter/1", Some(&api.writer), json!({"id": 2, "value": 1})),
        (400, "PUT", "counter/1", Some(&api.writer), json!({"valu": 1})),
        (400, "POST", "counter/query", Some(&api.writer), json!({"where": {"$where": "1=1"}})),
        (400, "POST", "counter/query", Some(&api.writer), json!({"where": {"id": {"$gt": 1}}})),
        (400, "POST", "counter/query", Some(&api.writer), json!({"where": {"id) OR (1=1": 1}})),
        (400, "POST", "counter/query", Some(&api.writer), json!({"sql": "SELECT 1"})),
        (400, "POST", "counter/query", Some(&api.writer), json!({"order": vec!["id"; 65].join(",")})),
        (
            400,
            "POST",
            "counter/aggregate",
            Some(&api.writer),
            json!({"aggregates": {"n": {"pg_sleep": "id"}}}),
        ),
        (
            400,
            "POST",
            "counter/aggregate",
            Some(&api.writer),
            json!({"aggregates": {"n": {"sum": "id); --"}}}),
        ),
        (400, "POST", "transaction", Some(&api.writer), json!({"operations": many})),
        (400, "POST", "transaction", Some(&api.writer), json!({"operations": []})),
        (
            400,
            "POST",
            "transaction",
            Some(&api.writer),
            json!({"operations": [{"op": "get", "collection": "counter", "id": 1, "x": 1}]}),
        ),
    ] {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer =
            api.service.ask(method, &format!("{}/{path}", api.base), key.map(String::as_str), &[], &body);
        assert_eq!(answer.status, expected, "{method} {path} {body}: {}", answer.body);
    }
    assert_eq!(server.value("sra_a", "SELECT count(*)::text FROM customer WHERE name = 'no'"), "0");
    // The database decides: what the login may not see is neither a column of the schema nor of an answer.
    server.sql(
        "sra_a",
        "REVOKE SELECT ON customer FROM sra_a_serve_ro; GRANT SELECT (id) ON customer TO sra_a_serve_ro",
    );
    assert_eq!(api.read("schema/customer").json()["columns"].as_array().unwrap().len(), 1);
    for (path, status) in [
        ("customer?select=id", 200),
        ("customer?select=id&name=eq.Bob", 403),
        ("customer?select=id&order=name", 403),
        ("customer", 403),
        ("customer/1", 403),
    ] {
        assert_eq!(api.read(path).status, status, "{path}");
    }
    assert!(!api.service.said().contains("Bob"), "{}", api.service.said());
}
