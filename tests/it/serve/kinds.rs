//! Tables that are no collections; orders and aggregates of documents; functions that act as columns.

use serde_json::{Value, json};

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Project, Server};

const MORE: &str = "\
CREATE TABLE was_partition (id int PRIMARY KEY);
COMMENT ON TABLE was_partition IS 'martydb:detached';
CREATE FUNCTION initial(customer) RETURNS text LANGUAGE sql STABLE AS 'SELECT left($1.name, 1)';
CREATE FUNCTION invoices(customer) RETURNS SETOF invoice LANGUAGE sql STABLE AS 'SELECT * FROM invoice i WHERE i.customer_id = $1.id';
";

fn relations(project: &Project, code: i32) -> (Vec<String>, Value) {
    let checked = project.json(&["serve", "check", "-s", "srk_a"], code);
    let rows = checked["relations"].as_array().unwrap().iter();
    (rows.map(|row| row["relation"].as_str().unwrap().to_owned()).collect(), checked["problems"].clone())
}

#[test]
fn only_rows_of_the_service_are_collections_and_documents_are_ordered_by_their_values() {
    let server = Server::start();
    let exposure = "{ limits: { aggregates: true, functions: [initial, invoices] } }";
    let project = project(&server, Admin::Super, "srk", exposure);
    for (name, template) in [("events", "outbox"), ("documents", "collection")] {
        project.run(&["revision", "srk_a", "-q", "-m", name, "--template", template]).expect(0);
    }
    project.write("srk_a/migrations/V9__more.sql", MORE);
    project.write(
        "srk_a/migrations/V9__more.down.sql",
        "DROP FUNCTION invoices, initial;\nDROP TABLE was_partition;\n",
    );
    project.run(&["upgrade", "--all"]).expect(0);
    // The reading login gets EXECUTE on the listed functions.
    project.run(&["apply", "--all", "-y"]).expect(0);

    // Functions that act as a column, or as an embedded relation, are not missing.
    let (shown, problems) = relations(&project, 0);
    assert_eq!(problems, json!([]));
    assert!(!shown.iter().any(|name| name.contains("outbox") || name.contains("was_partition")), "{shown:?}");
    let writer = key(&project, "writer");
    let service = DataService::start(&project);
    let ask = |method: &str, path: &str, body: &Value| {
        service.ask(method, &format!("/srk_a/{path}"), Some(&writer), &[], &body.to_string())
    };
    for path in ["rest/srk_a_outbox", "api/db/srk_a_outbox", "rest/was_partition"] {
        assert_eq!(ask("GET", path, &Value::Null).status, 404, "{path}");
    }
    assert_eq!(ask("POST", "rest/customer", &json!({ "name": "Ada" })).status, 201);
    assert_eq!(
        ask("GET", "rest/customer?select=initial,invoices(id)", &Value::Null).json(),
        json!([{ "initial": "A", "invoices": [] }])
    );
    // The manifest says so.
    let manifest = project.read("martydb.yaml");
    project.write(
        "martydb.yaml",
        &manifest.replace("serve: { limits", "serve: { only: [srk_a_outbox, was_partition], limits"),
    );
    assert_eq!(relations(&project, 3).0, ["public.srk_a_outbox", "public.was_partition"]);
    project.write("martydb.yaml", &manifest);

    let people = json!([
        { "name": "Ada", "age": 36, "address": { "city": "Bonn" } },
        { "name": "Bo", "age": 5, "address": { "city": "Aix" } },
        { "name": "Cy", "age": null, "address": { "city": "Bonn" } },
        { "name": "Di", "age": 100 },
    ]);
    assert_eq!(ask("POST", "api/db/srk_a_document", &people).status, 201);
    let names = |order: &str| {
        let (mut found, mut after) = (vec![], Value::Null);
        loop {
            let wanted = json!({ "select": "name:doc->>name", "order": order, "limit": 1, "after": after });
            let answer = ask("POST", "api/db/srk_a_document/query", &wanted);
            assert_eq!(answer.status, 200, "{order}: {}", answer.body);
            let page = answer.json();
            found.extend(
                page["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()),
            );
            after = page["next"].clone();
            if after.is_null() {
                return found.join(" ");
            }
        }
    };
    for (order, expected) in [
        ("name.desc", "Di Cy Bo Ada"),
        ("address.city,name", "Bo Ada Cy Di"),
        ("address.city.desc.nullslast,name.desc", "Cy Ada Bo Di"),
        ("doc->>name.desc", "Di Cy Bo Ada"),
        // A JSON null comes before all numbers, as in MongoDB.
        ("age", "Cy Bo Ada Di"),
        ("doc->age.desc", "Di Ada Bo Cy"),
        ("created,name", "Ada Bo Cy Di"),
    ] {
        assert_eq!(names(order), expected, "{order}");
    }
    let aggregate = |body: Value| {
        let answer = ask("POST", "api/db/srk_a_document/aggregate", &body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        answer.json()
    };
    let all = json!({ "n": { "count": "age" }, "total": { "sum": "age" }, "mean": { "avg": "doc->>age" }, "first": { "min": "age" }, "last": { "max": "name" } });
    assert_eq!(
        aggregate(json!({ "aggregates": all })),
        json!([{ "n": 3, "total": 141, "mean": 47.0, "first": 5, "last": "Di" }])
    );
    let grouped = json!({ "group": ["address.city"], "aggregates": { "total": { "sum": "age" } }, "where": { "age": { "$gt": 0 } }, "order": "address.city" });
    assert_eq!(
        aggregate(grouped),
        json!([{ "address.city": "Aix", "total": 5 }, { "address.city": "Bonn", "total": 36 }, { "address.city": null, "total": 100 }])
    );
}
