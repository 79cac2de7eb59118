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
