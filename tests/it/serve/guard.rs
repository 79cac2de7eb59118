//! The guard: rates, planner costs and the breaker.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::{ApiService, served};
use crate::support::{Server, until};

#[test]
fn rates_costs_and_breakers_refuse_requests_before_the_database() {
    let server = Server::start();
    let project = served(&server, "srg", "{ limits: { cost: 1000 } }");
    let manifest = project.read("martydb.yaml");
    let rates =
        manifest.replace("service: srg_a, as: read }", "service: srg_a, as: read, rate: 5/s, cost: 1000/s }");
    project.write("martydb.yaml", &rates);
    let api = ApiService::start(&project, "srg");

    // A rate belongs to its caller: more than five requests in a second are refused, and another caller's is not.
    assert_eq!(api.read("counter/1").status, 200);
    let refused = (0..50).map(|_| api.read("counter/1")).find(|answer| answer.status == 429);
    let refused = refused.expect("none of 50 requests was refused");
    assert_eq!((refused.json()["code"].as_str(), refused.header("retry-after")), (Some("MDB002"), Some("1")));
    assert_eq!(api.write("GET", "counter/1", Value::Null).status, 200);
    until("the reader may ask again", || api.read("counter/1").status == 200);

    // A statement above the limit is not run: neither a read, nor a write.
    server.sql("srg_a", "INSERT INTO counter SELECT n, n FROM generate_series(51, 40000) n; ANALYZE counter");
    let within = json!({"where": {"id": {"lt": 10}}});
    assert_eq!(api.write("POST", "counter/query", within).status, 200);
    assert_eq!(api.write("GET", "counter/count?count=planned", Value::Null).status, 200);
    server.sql("srg_a", "CREATE VIEW pairs AS SELECT a.id, a.value FROM counter a CROSS JOIN counter b; GRANT SELECT ON pairs TO srg_a_serve, srg_a_serve_ro");
    until("the view shows", || {
        api.write("GET", "counter/count?id=eq.1", Value::Null).status == 200 && {
            let rest = api.service.ask(
                "GET",
                "/srg_a/rest/pairs?value=gt.0&order=value",
                Some(&api.writer),
                &[],
                "",
            );
            rest.status == 422 && rest.json()["code"] == "MDB001"
        }
    });
    let every = json!({"operations": [{"op": "update", "collection": "counter", "where": {"value": {"gte": 0}}, "values": {"value": 1}}]});
    let before = server.value("srg_a", "SELECT sum(value)::text FROM counter");
    let refused = api.write("POST", "transaction", every);
    assert_eq!((refused.status, refused.json()["code"].as_str()), (422, Some("MDB001")), "{}", refused.body);
    assert_eq!(server.value("srg_a", "SELECT sum(value)::text FROM counter"), before);
    breaker(&api, server);
}

/// Values of a unique column share a cost, or each read of a row would be planned twice; no other value does.
#[test]
fn a_cost_is_asked_once_for_a_key_and_again_for_every_other_value() {
    let server = Server::start();
    let project = served(&server, "src", "{ limits: { cost: 4000 } }");
    project.write(
        "src_a/migrations/V3__children.sql",
        "CREATE TABLE parent (id bigint PRIMARY KEY, code bigint);\n\
         CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES parent);\n\
         CREATE INDEX child_of ON child (parent_id);\nCREATE TABLE old (id bigint PRIMARY KEY);\nCREATE TABLE older () INHERITS (old);\n\
         CREATE TABLE badge (id bigint UNIQUE REFERENCES parent);\nCREATE TABLE badges () INHERITS (badge);\n\
         INSERT INTO badges SELECT 1 FROM generate_series(1, 300000);\nINSERT INTO badges SELECT n FROM generate_series(2, 2000) n;\n\
         CREATE INDEX badges_id ON badges (id);\n\
         INSERT INTO parent SELECT n, n % 7 FROM generate_series(1, 2000) n;\n\
         INSERT INTO child SELECT n, CASE WHEN n <= 300000 THEN 1 ELSE n % 2000 + 1 END FROM generate_series(1, 304000) n;\n\
         INSERT INTO older SELECT 1 FROM generate_series(1, 300000);\nINSERT INTO older SELECT n FROM generate_series(2, 2000) n;\nCREATE INDEX older_id ON older (id);\n",
    );
    project.write(
        "src_a/migrations/V3__children.down.sql",
        "DROP TABLE badges; DROP TABLE badge; DROP TABLE older; DROP TABLE old; DROP TABLE child; DROP TABLE parent;\n",
    );
    project.run(&["upgrade", "-s", "src_a"]).expect(0);
    server.sql("src_a", "ANALYZE");
    server.sql("postgres", "ALTER SYSTEM SET log_statement = 'all'");
    server.sql("postgres", "SELECT pg_reload_conf()");
    let api = ApiService::start(&project, "src");
    let get = |path: &str, headers: &[(&str, &str)]| {
        let path = format!("/src_a/rest/{path}");
        api.service.ask("GET", &path, Some(&api.writer), headers, "").status
    };
    until("the tables show", || get("old?limit=1", &[]) == 200);
    let questions = |path: &str| {
        let mark = server.log().len();
        (2..22).for_each(|id| assert_eq!(get(&path.replace("ID", &id.to_string()), &[]), 200, "{path}"));
        server.log_since(mark).matches("EXPLAIN (FORMAT JSON)").count()
    };
    for (path, expected) in [
        ("parent?id=eq.ID", 1),
        ("parent?id=eq.ID&select=*,child(*)", 1),
        ("parent?id=eq.ID&code=gte.ID", 20),
        ("parent?id=gte.ID&limit=1", 20),
        ("parent?id=neq.ID&limit=1", 20),
        ("parent?code=eq.ID", 20),
        ("child?parent_id=eq.ID", 20),
        ("old?id=eq.ID", 20),
        ("parent?id=eq.ID&select=id,badge(id)", 20),
    ] {
        assert_eq!(questions(path), expected, "{path}");
    }
    // The planner expects more of one parent than of another once its key reaches a column that is not unique.
    let counted = [("Prefer", "count=exact")];
    for path in ["parent?id=eq.ID&select=id,child!inner(id)", "child?parent_id=eq.ID", "old?id=eq.ID"] {
        assert!([200, 206].contains(&get(&path.replace("ID", "7"), &counted)), "{path}");
        assert_eq!(get(&path.replace("ID", "1"), &counted), 422, "{path}");
    }
}

/// The breaker opens within a second after the server is gone, and closes within three after it is back.
fn breaker(api: &ApiService, mut server: Server) {
    let ask = || api.write("GET", "counter/1", Value::Null);
    assert_eq!(ask().status, 200);
    let gone = Instant::now();
    server.crash();
    until("the breaker is open", || {
        let answer = ask();
        assert!(matches!(answer.status, 503 | 504), "{}", answer.body);
        answer.status == 503 && answer.json()["code"] == "MDB003" && answer.header("retry-after") == Some("1")
    });
    assert!(gone.elapsed() < Duration::from_secs(2), "{:?}", gone.elapsed());
    let start = Instant::now();
    assert!((0..20).all(|_| ask().status == 503) && start.elapsed() < Duration::from_secs(1));
    let metrics = api.service.ask("GET", "/metrics", None, &[], "").body;
    for line in [
        "martydb_serve_breaker_open{project=\"srg\",service=\"srg_a\",server=\"main\",database=\"srg_a\"} 1",
        "martydb_serve_refused_total{project=\"srg\",service=\"srg_a\",server=\"main\",database=\"srg_a\",reason=\"breaker\"}",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    server.launch();
    let back = Instant::now();
    until("the breaker is closed", || ask().status == 200);
    assert!(back.elapsed() < Duration::from_secs(3), "{:?}", back.elapsed());
}
