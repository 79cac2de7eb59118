//! Requests as the documentation of PostgREST shows them, and as people type them.

use serde_json::json;

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Server};

const TABLES: &str = "\
CREATE TABLE patient (id int PRIMARY KEY, json_data jsonb, \"odd /name\" text);
CREATE TABLE count_of (id int PRIMARY KEY, count int);
INSERT INTO patient VALUES (1, '{\"blood_type\": \"A-\", \"phones\": [{\"number\": \"917\"}]}'), (2, '{\"blood_type\": \"O+\"}');
INSERT INTO customer (name) VALUES ('Ada'), ('Bo');
INSERT INTO invoice (customer_id, cents) VALUES (1, 5), (1, 7), (2, 1);
INSERT INTO count_of VALUES (1, 40);
CREATE VIEW intake AS SELECT DISTINCT id FROM patient;
CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO patient (id) VALUES (NEW.id); RETURN NEW; END';
CREATE TRIGGER take INSTEAD OF INSERT ON intake FOR EACH ROW EXECUTE FUNCTION take();
CREATE FUNCTION initial(customer) RETURNS text LANGUAGE sql STABLE AS 'SELECT left($1.name, 1)';
";

#[test]
fn requests_of_postgrests_documentation_are_answered_as_it_says() {
    let server = Server::start();
    let aggregating = "{ hide: [slow], limits: { aggregates: true } }";
    let project = project(&server, Admin::Super, "srq", aggregating);
    project.write("srq_a/migrations/V2__more.sql", TABLES);
    project.write("srq_a/migrations/V2__more.down.sql", "SELECT 1;\n");
    project.run(&["upgrade", "--all"]).expect(0);
    let writer = key(&project, "writer");
    let service = DataService::start(&project);
    let ask = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        service.ask(method, &format!("/srq_a/rest/{path}"), Some(&writer), headers, body)
    };
    for (path, expected) in [
        (
            "patient?select=id,json_data->>blood_type&order=id",
            json!([{ "id": 1, "blood_type": "A-" }, { "id": 2, "blood_type": "O+" }]),
        ),
        ("patient?select=id&json_data->phones->0->>number=eq.917", json!([{ "id": 1 }])),
        ("patient?select=id&json_data->>blood_type=in.(\"O+\",\"{x}\",a|b)", json!([])),
        ("patient?select=id&json_data=cs.{\"blood_type\":\"A-\"}", json!([{ "id": 1 }])),
        ("customer?select=count()", json!([{ "count": 2 }])),
        ("customer?select=count", json!([{ "count": 2 }])),
        ("customer?select=n:count::text", json!([{ "n": "2" }])),
        (
            "customer?select=name,invoice(count)&order=id",
            json!([{ "name": "Ada", "invoice": [{ "count": 2 }] }, { "name": "Bo", "invoice": [{ "count": 1 }] }]),
        ),
        (
            "customer?select=name,invoice(count())&id=eq.2",
            json!([{ "name": "Bo", "invoice": [{ "count": 1 }] }]),
        ),
        // A column of this name is one.
        ("count_of?select=count", json!([{ "count": 40 }])),
        (
            "invoice?select=cents,...customer(buyer:name)&order=customer(buyer).desc,cents",
            json!([{ "cents": 1, "buyer": "Bo" }, { "cents": 5, "buyer": "Ada" }, { "cents": 7, "buyer": "Ada" }]),
        ),
        (
            "invoice?select=cents,customer(buyer:name)&order=customer(buyer).desc&limit=1",
            json!([{ "cents": 1, "customer": { "buyer": "Bo" } }]),
        ),
        (
            "invoice?select=total:cents.sum(),...customer(buyer:name)&order=customer(buyer)",
            json!([{ "total": 12, "buyer": "Ada" }, { "total": 1, "buyer": "Bo" }]),
        ),
    ] {
        // The blank is the one that %20 of the query is: "O+" has none.
        let answer = ask("GET", &path.replace("O+", "O%2B"), &[], "");
        assert_eq!((answer.status, &answer.body), (200, &answer.body), "{path}");
        let found = if path.contains("O+") { json!([]) } else { answer.json() };
        assert_eq!(found, expected, "{path}: {}", answer.body);
    }

    // A length is that of GET, or there is none.
    for path in ["patient", "patient?id=eq.9", "nothing"] {
        let (get, head) = (ask("GET", path, &[], ""), ask("HEAD", path, &[], ""));
        assert_eq!((get.status, head.body.as_str()), (head.status, ""), "{path}");
        let length = head.header("content-length");
        assert!(length.is_none() || length == get.header("content-length"), "{path}: {length:?}");
    }
    let document = |method| service.ask(method, "/srq_a/api/db/customer/1", Some(&writer), &[], "");
    let (get, head) = (document("GET"), document("HEAD"));
    for header in ["etag", "content-length"] {
        assert_eq!(get.header(header), head.header(header), "{header}");
        assert!(get.header(header).is_some(), "{header}");
    }

    let misspelt = ask("GET", "custommer", &[], "");
    assert_eq!(
        (misspelt.status, &misspelt.json()["hint"]),
        (404, &json!("Perhaps you meant the table 'public.customer'"))
    );

    // An address that an answer names is followed as it is.
    for (path, face) in [("patient", "rest"), ("patient", "rest/v1")] {
        let (id, prefer) = (if face == "rest" { 7 } else { 8 }, [("Prefer", "return=headers-only")]);
        let path = format!("/srq_a/{face}/{path}");
        let made = service.ask("POST", &path, Some(&writer), &prefer, &json!({ "id": id }).to_string());
        let address = made.header("location").unwrap();
        assert_eq!(address, format!("{path}?id=eq.{id}"));
        let followed = service.ask("GET", address, Some(&writer), &[], "");
        assert_eq!(followed.json()[0]["id"], id);
        let again = service.ask("GET", followed.header("content-location").unwrap(), Some(&writer), &[], "");
        assert_eq!(again.body, followed.body);
    }

    // A preference that is unknown counts as absent, unless the caller is strict.
    for (prefer, status) in
        [("return=everything, x=y", 201), ("handling=lenient, x=y", 201), ("handling=strict, x=y", 400)]
    {
        let answer = ask("POST", "customer", &[("Prefer", prefer)], &json!({ "name": prefer }).to_string());
        assert_eq!(answer.status, status, "{prefer}: {}", answer.body);
    }

    // A name in a filter adds no column to the answer.
    let prefer = [("Prefer", "return=representation")];
    let changed = ask("PATCH", "customer?initial=eq.B&select=*", &prefer, "{\"name\":\"Cy\"}");
    assert_eq!(changed.json(), json!([{ "id": 2, "name": "Cy" }]));
    let nothing = ask("PATCH", "customer?id=eq.1&select=id,initial", &prefer, "{}");
    assert_eq!((nothing.status, nothing.body.as_str()), (200, "[]"));

    // A view of which rows can only be inserted is writable.
    let rows = project.run(&["serve", "check", "-s", "srq_a", "-o", "json"]).json();
    let row =
        rows["relations"].as_array().unwrap().iter().find(|row| row["relation"] == "public.intake").unwrap();
    assert_eq!(row["writable"], true, "{rows}");
}

#[test]
fn rows_are_counted_only_where_aggregates_are_allowed() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "srqn", "{ hide: [slow] }");
    let reader = key(&project, "reader");
    let service = DataService::start(&project);
    for path in ["customer?select=count", "customer?select=count()", "customer?select=name,invoice(count)"] {
        let answer = service.ask("GET", &format!("/srqn_a/rest/{path}"), Some(&reader), &[], "");
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("PGRST123")), "{path}");
    }
}
