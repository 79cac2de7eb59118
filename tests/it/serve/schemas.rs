//! Collections by their schemas: `revision --collection`, and what the server then checks and indexes.

use serde_json::{Value, json};

use super::api::ApiService;
use crate::support::{Project, Server};

const SCHEMA: &str = "\
name: srd_customer
fields:
  - { name: email, type: string, required: true, constraints: [{ max_length: 320 }] }
  - { name: age, type: integer, constraints: [{ minimum: 0 }, { maximum: 150 }] }
  - { name: state, type: string, default_value: new, constraints: [{ one_of: [new, \"it's\"] }] }
  - { name: address.city, type: string }
indexes:
  - { fields: [email], unique: true }
  - { fields: [age] }
search: { language: english, fields: [address.city] }
";

const BY_TIME: &str = "name: srd_event\npartitioning: { strategy: range, key: created }\n";

const PARTITIONED: &str = "\
name: srd_log
fields: [{ name: level, type: string }]
indexes: [{ fields: [level] }]
partitioning: { strategy: hash, key: id, partitions: 3 }
";

/// Writes the migrations of three schemas; one that is none is refused.
pub(crate) fn written(project: &Project) {
    for (file, schema) in [("customer.yaml", SCHEMA), ("log.yaml", PARTITIONED), ("event.yaml", BY_TIME)] {
        project.write(file, schema);
        let file = project.path().join(file);
        project.run(&["revision", "srd_a", "--collection", file.to_str().unwrap()]).expect(0);
    }
    project.write("wrong.yaml", "name: x\nfields: [{ name: a, type: uuid }]\n");
    let wrong = project.path().join("wrong.yaml");
    let refused = project.run(&["revision", "srd_a", "--collection", wrong.to_str().unwrap()]).expect(2);
    assert!(refused.stderr.contains("wrong.yaml is not a schema of a collection"), "{}", refused.stderr);
}

/// A collection by its schema: the server checks the fields, and filters use the indexes.
pub(crate) fn declared(api: &ApiService, server: &Server) {
    let post = |document: Value| api.ask("POST", "srd_customer", &[], document);
    let made = post(json!({"email": "a@x", "age": 5, "address": {"city": "Bonn"}}));
    assert_eq!((made.status, &made.json()["doc"]["state"]), (201, &json!("new")), "{}", made.body);
    assert_eq!(
        made.json().as_object().unwrap().keys().collect::<Vec<_>>(),
        ["id", "doc", "version", "created", "updated"]
    );
    for (status, document) in [
        (409, json!({"email": "a@x"})),
        (400, json!({})),
        (400, json!({"email": null})),
        (400, json!({"email": "x".repeat(321)})),
        (400, json!({"email": "b@x", "age": 1.5})),
        (400, json!({"email": "b@x", "age": "5"})),
        (400, json!({"email": "b@x", "age": 151})),
        (400, json!({"email": "b@x", "state": "other"})),
        (400, json!({"email": "b@x", "address": {"city": 7}})),
        (201, json!({"email": "b@x", "state": "it's", "age": null, "address": 7, "free": [1]})),
    ] {
        let answer = post(document.clone());
        assert_eq!(answer.status, status, "{document}: {}", answer.body);
    }
    let found = api.ask("POST", "search", &[], json!({"q": "bonn"})).json();
    assert_eq!(found["items"][0]["row"]["doc"]["email"], json!("a@x"), "{found}");
    let logged = json!([{"level": "info"}, {"level": "info"}, {"level": "warn"}]);
    assert_eq!(api.ask("POST", "srd_log", &[], logged).status, 201);
    let count = json!({"where": {"level": {"$gte": "j"}}, "aggregates": {"n": {"count": "*"}}});
    assert_eq!(api.ask("POST", "srd_log/aggregate", &[], count).json(), json!([{"n": 1}]));

    // Without a partition a document is refused; with one its id suffices.
    let event = || api.ask("POST", "srd_event", &[], json!({"a": 1}));
    assert_eq!(event().status, 400, "{}", event().body);
    server.sql(
        "srd_a",
        "CREATE TABLE srd_event_all PARTITION OF srd_event FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
    );
    let place = event();
    let place = place.header("location").unwrap();
    let changed =
        api.service.ask("PATCH", place, Some(&api.writer), &[("If-Match", "\"1\"")], r#"{"$inc":{"a":1}}"#);
    assert_eq!((changed.status, &changed.json()["doc"]), (200, &json!({"a": 2})), "{}", changed.body);

    let rows = "INSERT INTO srd_customer (doc) SELECT jsonb_build_object('email', n || '@y', 'age', n % 100) FROM generate_series(1, 3000) n; ANALYZE srd_customer";
    server.sql("srd_a", rows);
    let found = |filter: Value| {
        let query = json!({"where": filter, "select": "version", "limit": 5});
        let found = api.ask("POST", "srd_customer/query", &[], query).json();
        found["items"].as_array().unwrap().len()
    };
    assert_eq!(
        (found(json!({"age": {"$gte": 99, "$lt": 99.5}})), found(json!({"email": {"$in": ["7@y", "8@y"]}}))),
        (5, 2)
    );
    // The condition of the statement that was sent, as the planner sees it.
    let performance = api.ask("GET", "performance", &[], Value::Null).json();
    let shapes = performance["statements"].as_array().unwrap().iter();
    let shapes: Vec<&str> = shapes.map(|one| one["statement"].as_str().unwrap()).collect();
    server.sql("srd_a", "CREATE FUNCTION plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE plan json; BEGIN EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO plan; RETURN plan; END $$");
    let in_list = r#"{"{\"email\":\"7@y\"}","{\"email\":\"8@y\"}"}"#;
    for (part, values, index) in [
        ("'{age}'", ["99", "99.5"], "srd_customer_age_idx"),
        ("@>) ANY", [in_list, ""], "srd_customer_doc_idx"),
    ] {
        let shape =
            shapes.iter().find(|text| text.contains("srd_customer\"") && text.contains(part)).unwrap();
        let condition = shape.split_once(" WHERE ").unwrap().1.split_once(" ORDER BY ").unwrap().0;
        let condition =
            condition.replace("$1", &format!("'{}'", values[0])).replace("$2", &format!("'{}'", values[1]));
        let statement = format!("SELECT 1 FROM srd_customer AS martydb_t0 WHERE {condition}");
        let plan = server.value("srd_a", &format!("SELECT plan_of($plan${statement}$plan$)"));
        assert!(plan.contains(index), "{statement}\n{plan}");
    }
}
