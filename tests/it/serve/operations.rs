//! Operation of a service for its callers: health, statistics, statements, connections and migrations.

use serde_json::Value;

use super::api::{ApiService, served};
use crate::support::{Server, until};

const HISTORY: &str = "SELECT string_agg(r, ' ' ORDER BY r) FROM unnest(ARRAY['sos_a_app', 'sos_a_ro', 'sos_a_serve', 'sos_a_serve_ro']) r \
     WHERE has_table_privilege(r, 'martydb.history', 'SELECT') AND has_schema_privilege(r, 'martydb', 'USAGE')";

#[test]
fn callers_read_statistics_of_their_own_service_without_values() {
    let server = Server::start();
    let project = served(&server, "sos", "{ hide: [secret], limits: { slow: 100ms, timeout: 3s } }");
    let api = ApiService::start(&project, "sos");
    let changes = project.json(&["plan", "--check"], 0);
    assert_eq!(changes["changes"].as_array().unwrap().len(), 0, "{changes}");

    // The reading login, which is the only one with access, reads the history.
    assert_eq!(server.value("sos_a", HISTORY), "sos_a_serve_ro");
    let reported = api.read("migrations?limit=1").json();
    let event = &reported["migrations"][0];
    assert_eq!((&event["version"], &event["status"]), (&2.into(), &"completed".into()), "{reported}");
    assert!(event.get("content").is_none() && event.get("operator").is_none(), "{reported}");
    let before = event["id"].as_i64().unwrap();
    let earlier = api.read(&format!("migrations?before={before}")).json();
    assert!(earlier["migrations"].as_array().unwrap().iter().any(|one| one["version"] == 1), "{earlier}");
    let status = api.read("migrations/status").json();
    assert_eq!((&status["version"], &status["applied"]), (&2.into(), &2.into()), "{status}");
    assert_eq!(status["failed"], Value::Array(vec![]));
    let refused = api.write("POST", "migrations", Value::Null);
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET")), "{}", refused.body);
    assert!(refused.body.contains("martydb upgrade"), "{}", refused.body);
    assert_eq!(api.read("migrations?limit=0").status, 400);
    assert_eq!(api.read("migrations?before=1%20OR%201=1").status, 400);
    let hidden = api.service.ask("GET", "/sos_a/rest/refinery_schema_history", Some(&api.reader), &[], "");
    assert_eq!(hidden.status, 404, "{}", hidden.body);
    // Drift is found and repaired.
    server.sql("sos_a", "REVOKE SELECT ON martydb.history FROM sos_a_serve_ro");
    let refused = api.read("migrations");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (501, Some("MDB012")), "{}", refused.body);
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(server.value("sos_a", HISTORY), "sos_a_serve_ro");
    let proof = project.run(&["verify-isolation", "-o", "json"]).json();
    let findings = proof["findings"].as_array().unwrap().iter();
    let of_ours = findings.filter(|one| one["role"].as_str().is_some_and(|role| role.contains("_serve")));
    assert_eq!(of_ours.collect::<Vec<_>>(), Vec::<&Value>::new());

    // Anyone may request the health, which is one word.
    let short = api.service.ask("GET", "/sos_a/api/db/health", None, &[], "");
    assert_eq!((short.status, short.body.as_str()), (200, r#"{"status":"up"}"#));
    assert_eq!(api.service.ask("GET", "/none/api/db/health", None, &[], "").status, 401);
    for path in ["stats", "performance", "connections", "migrations"] {
        let path = format!("/sos_a/api/db/{path}");
        assert_eq!(api.service.ask("GET", &path, None, &[], "").status, 401, "{path}");
        assert_eq!(api.service.ask("GET", &path, Some(&api.other), &[], "").status, 403, "{path}");
    }
    let health = api.read("health").json();
    assert_eq!((&health["status"], &health["read_only"]), (&"up".into(), &false.into()), "{health}");
    statements(&api);
    statistics(&api, &server, &project);
}

/// Statements by shape, of the caller's own logins, without a value.
fn statements(api: &ApiService) {
    for _ in 0..3 {
        assert_eq!(api.read("counter?value=eq.4711&limit=2").status, 200);
    }
    assert_eq!(api.write("POST", "counter", serde_json::json!({"id": 4712, "value": 1})).status, 201);
    assert_eq!(api.write("POST", "counter", serde_json::json!({"id": 4712, "value": 1})).status, 409);
    let slow = api.service.ask("GET", "/sos_a/rest/slow", Some(&api.reader), &[], "");
    assert_eq!(slow.status, 504);
    let reported = api.read("performance").json();
    let all = reported["statements"].as_array().unwrap();
    // As in the audit, with the schema, whichever face was asked.
    let of = |collection: &str| all.iter().find(|one| one["collection"] == collection);
    let counter = of("public.counter").unwrap();
    assert!(counter["calls"].as_u64() >= Some(3) && counter["p95_ms"].as_f64() > Some(0.0), "{counter}");
    let slow = of("public.slow").unwrap();
    assert_eq!((&slow["failed"], &slow["calls"]), (&1.into(), &1.into()));
    assert!(slow["max_ms"].as_f64() > Some(900.0), "{slow}");
    assert!(all.iter().all(|one| one["operation"] == "read"), "{reported}");
    assert!(!reported.to_string().contains("4711"), "{reported}");
    let reported = api.write("GET", "performance", Value::Null).json();
    let inserts: Vec<&Value> = reported["statements"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["operation"] == "insert")
        .collect();
    assert_eq!((&inserts[0]["calls"], &inserts[0]["failed"]), (&2.into(), &1.into()), "{reported}");
    assert!(!reported.to_string().contains("4712"), "{reported}");
    until("the slow log tells it", || {
        api.service.said().contains("slow: sos_a: read of public.slow by sos_a_serve_ro took")
    });
    assert!(!api.service.said().contains("4711"));
    let connections = api.read("connections").json();
    assert_eq!(connections["pools"][0]["most"], 10, "{connections}");
    let metrics = api.service.ask("GET", "/metrics", None, &[], "").body;
    let limit = "martydb_serve_connection_limit{project=\"sos\",service=\"sos_a\",server=\"main\",database=\"sos_a\",login=\"read\"} 10";
    assert!(metrics.contains(limit), "{metrics}");
}

/// Sizes and connections are the monitor's to tell.
fn statistics(api: &ApiService, server: &Server, project: &crate::support::Project) {
    let without = api.read("stats");
    assert_eq!(without.status, 501, "{}", without.body);
    assert!(without.body.contains("monitor: true"), "{}", without.body);
    let manifest = project.read("martydb.yaml").replace("project: sos\n", "project: sos\nmonitor: true\n");
    project.write("martydb.yaml", &manifest);
    project.run(&["apply", "--all", "-y"]).expect(0);
    api.service.reload();
    until("the manifest is reloaded", || api.service.said().contains("reloaded: "));
    let reported = api.read("stats");
    assert_eq!(reported.status, 200, "{}", reported.body);
    server.sql("sos_a", "ANALYZE counter; REVOKE SELECT ON keyless FROM sos_a_serve_ro");
    // A session that was ended a moment ago is opened again.
    let counted = |answer: &serde_json::Value| {
        answer["database"]["connections"].as_array().is_some_and(|all| !all.is_empty())
    };
    until("the login has a session", || counted(&api.read("stats").json()));
    let reported = api.read("stats").json();
    assert!(reported["database"]["size_bytes"].as_u64() > Some(1 << 20), "{reported}");
    let logins = reported["database"]["connections"].as_array().unwrap();
    assert!(logins.iter().any(|one| one["login"] == "sos_a_serve_ro"), "{reported}");
    let collections = reported["collections"].as_array().unwrap();
    let counter = collections.iter().find(|one| one["collection"] == "counter").unwrap();
    assert!(
        counter["rows_estimated"].as_u64() >= Some(50) && counter["bytes"].as_u64() > Some(0),
        "{reported}"
    );
    let hidden = ["keyless", "secret", "history", "refinery_schema_history"];
    assert!(
        !collections.iter().any(|one| hidden.contains(&one["collection"].as_str().unwrap())),
        "{reported}"
    );
}
