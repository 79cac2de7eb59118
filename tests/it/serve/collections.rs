//! Collections of documents: filters, changes and versions in the words of MongoDB, as the login of the caller.

use serde_json::{Value, json};

use super::api::ApiService;
use super::client::Answer;
use super::{project, schemas};
use crate::support::{Admin, Project, Server, until};

const COLLECTION: &str = "srd_a_document";

/// A project whose service has the collection of the template, and those of two schemas.
fn collected(server: &Server) -> Project {
    let exposure =
        "{ limits: { cost: 1000000, aggregates: true }, transactions: { interactive: true }, audit: writes }";
    let project = project(server, Admin::Super, "srd", exposure);
    project.run(&["revision", "srd_a", "-m", "documents", "--template", "collection"]).expect(0);
    schemas::written(&project);
    let linted = project.run(&["lint", "srd_a"]);
    assert!(matches!(linted.code, Some(0 | 3)), "{linted:?}");
    let linted = linted.stdout;
    assert!(!["V2__", "V3__", "V4__", "V5__"].iter().any(|file| linted.contains(file)), "{linted}");
    project.run(&["upgrade", "--all"]).expect(0);
    project
}

impl ApiService {
    fn at(&self, path: &str) -> String {
        if path.is_empty() { COLLECTION.into() } else { format!("{COLLECTION}/{path}") }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let path = format!("{}/{path}", self.base);
        self.service.ask(method, &path, Some(&self.writer), headers, &body)
    }

    /// Changes a document of a version.
    fn change(&self, id: &str, version: &str, change: Value) -> Answer {
        self.ask("PATCH", &self.at(id), &[("If-Match", version)], change)
    }

    /// Names of the documents that a filter means, in the order of their ids.
    fn named(&self, filter: &Value) -> String {
        let query = json!({"where": filter, "select": "doc->>name", "order": "id"});
        let found = self.ask("POST", &self.at("query"), &[], query);
        assert_eq!(found.status, 200, "{filter}: {}", found.body);
        let found = found.json();
        let names =
            found["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(",")
    }
}

#[test]
fn documents_are_filtered_changed_and_versioned_as_the_caller() {
    let server = Server::start();
    let project = collected(&server);
    let api = ApiService::start(&project, "srd");
    let ids = made(&api);
    filters(&api);
    versions(&api, &server, &ids);
    changes(&api, &ids[1]);
    together(&api, &server, &ids[0]);
    schemas::declared(&api, &server);
    let document = api.service.ask("GET", "/srd_a/api/openapi.json", Some(&api.writer), &[], "").json();
    let body = |path: &str, method: &str| {
        let body = &document["paths"][format!("/api/db/{COLLECTION}{path}")][method]["requestBody"];
        body["content"]["application/json"]["schema"].to_string()
    };
    assert!(body("", "post").contains("schemas/-document"), "{}", body("", "post"));
    assert!(
        body("/{id}", "put").contains("schemas/-document")
            && body("/{id}", "patch").contains("schemas/-change")
    );
    refusals(&api, &server, &ids[0]);
    // Without a limit of the cost no regular expression runs.
    let manifest = project.read("martydb.yaml").replace("cost: 1000000, ", "");
    project.write("martydb.yaml", &manifest);
    api.service.reload();
    let pattern = json!({"where": {"name": {"$regex": "^A"}}});
    until("the limit is gone", || api.ask("POST", &api.at("query"), &[], pattern.clone()).status == 400);
}

fn made(api: &ApiService) -> Vec<String> {
    let documents = json!([
        {"name": "Ada", "age": 36, "tags": ["math", "code"], "address": {"city": "Bonn"},
         "items": [{"sku": "x", "qty": 5}, {"sku": "y", "qty": 1}]},
        {"name": "Bob", "age": "old", "tags": [], "address": {"city": "Rome", "zip": null}},
        {"name": "Eve", "address": null, "scores": [80, 92], "a\"'{},": {"\\": 1}},
    ]);
    let all = api.ask("POST", COLLECTION, &[], documents);
    assert_eq!(all.status, 201, "{}", all.body);
    let all = all.json();
    let ids = all.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
    let ids: Vec<String> = ids.collect();
    assert!(ids.is_sorted() && ids.iter().all(|id| &id[14..15] == "7"), "{ids:?}");
    assert_eq!((&all[0]["version"], &all[0]["doc"]["address"]), (&json!(1), &json!({"city": "Bonn"})));

    // A key makes one document, whose answer is repeated.
    let post = || api.ask("POST", COLLECTION, &[("Idempotency-Key", "d-1")], json!({"name": "Zoe"}));
    let (first, second) = (post(), post());
    assert_eq!((first.status, first.header("etag"), &first.body), (201, Some("\"1\""), &second.body));
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let place = first.header("location").unwrap();
    assert!(place.replace("%2D", "-").ends_with(&format!("{COLLECTION}/{id}")), "{place}");
    assert_eq!(api.service.ask("GET", place, Some(&api.reader), &[], "").status, 200);
    assert_eq!(api.ask("DELETE", &api.at(&id), &[("If-Match", "\"2\"")], Value::Null).status, 412);
    assert_eq!(api.ask("DELETE", &api.at(&id), &[("If-Match", "\"1\"")], Value::Null).status, 204);
    assert_eq!(api.ask("DELETE", &api.at(&id), &[], Value::Null).status, 404);
    ids
}

fn filters(api: &ApiService) {
    for (filter, expected) in [
        (json!({"name": "Ada"}), "Ada"),
        (json!({"address.city": "Bonn"}), "Ada"),
        (json!({"address": {"city": "Rome"}}), "Bob"),
        (json!({"tags": "math"}), "Ada"),
        (json!({"tags": ["code", "math"]}), "Ada"),
        (json!({"name": {"$in": ["Ada", "Eve", "x"]}}), "Ada,Eve"),
        (json!({"name": {"$in": []}}), ""),
        (json!({"age": {"$gt": 35}}), "Ada"),
        (json!({"age": {"$gte": 36, "$lt": 36.5}}), "Ada"),
        (json!({"age": {"$lte": 35}}), ""),
        (json!({"age": {"$gt": "n"}}), "Bob"),
        (json!({"age": {"$ne": 36}}), "Bob,Eve"),
        (json!({"age": {"$exists": false}}), "Eve"),
        (json!({"address.zip": {"$exists": true}}), "Bob"),
        (json!({"address.zip": null}), "Ada,Bob,Eve"),
        (json!({"address": null}), "Eve"),
        (json!({"items": {"$elemMatch": {"sku": "x", "qty": {"$gt": 4}}}}), "Ada"),
        (json!({"items": {"$elemMatch": {"sku": "y", "qty": {"$gt": 4}}}}), ""),
        (json!({"name": {"$elemMatch": {"$exists": true}}}), ""),
        (json!({"scores": {"$elemMatch": {"$gte": 90, "$lt": 95}}}), "Eve"),
        (json!({"items": {"$elemMatch": {"$not": {"qty": {"$gt": 0}}}}}), ""),
        (json!({"scores.0": {"$gt": 1}}), ""),
        (json!({"scores.0": {"$exists": true}}), ""),
        (json!({"$or": [{"name": "Bob"}, {"$and": [{"age": 36}, {"tags": "code"}]}]}), "Ada,Bob"),
        (json!({"age": {"$not": {"$gt": 35}}}), "Bob,Eve"),
        (json!({"$not": {"name": "Ada"}}), "Bob,Eve"),
        (json!({"name": {"$regex": "^[AB]"}}), "Ada,Bob"),
        (json!({"age": {"$regex": "."}}), "Bob"),
        // Text that would be code elsewhere is data.
        (json!({"a\"'{},.\\": 1}), "Eve"),
        (json!({"a\"'{},": {"$exists": true}}), "Eve"),
        (json!({"name": "x' OR '1'='1"}), ""),
        (json!({"name ? (@ == \"Ada\")": 1}), ""),
        (json!({"name') OR true --": {"$gt": 1}}), ""),
    ] {
        assert_eq!(api.named(&filter), expected, "{filter}");
    }
    let query = json!({"where": {"name": {"$exists": true}}, "limit": 2});
    let page = api.ask("POST", &api.at("query"), &[], query.clone()).json();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let mut next = query;
    next["after"] = page["next"].clone();
    let page = api.ask("POST", &api.at("query"), &[], next).json();
    assert_eq!((page["items"][0]["doc"]["name"].as_str(), &page["next"]), (Some("Eve"), &Value::Null));
    let list = api.read(&format!("{COLLECTION}?doc-%3E%3Ename=eq.Bob&select=version"));
    assert_eq!(list.json()["items"], json!([{"version": 1}]));
    let groups = json!({"where": {"name": {"$in": ["Ada", "Bob"]}}, "aggregates": {"n": {"count": "*"}}});
    assert_eq!(api.ask("POST", &api.at("aggregate"), &[], groups).json(), json!([{"n": 2}]));
}

fn versions(api: &ApiService, server: &Server, ids: &[String]) {
    let id = &ids[0];
    let read = api.read(&api.at(id));
    assert_eq!((read.status, read.header("etag")), (200, Some("\"1\"")));
    let path = format!("{}/{}", api.base, api.at(id));
    let again =
        |tag: &str| api.service.ask("GET", &path, Some(&api.reader), &[("If-None-Match", tag)], "").status;
    assert_eq!((again("\"1\""), again("\"2\"")), (304, 200));

    // Of several writers with one version one wins, and the others get a conflict.
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let one = || api.change(id, "\"1\"", json!({"$inc": {"visits": 1}})).status;
        let all: Vec<_> = (0..6).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 5, "{statuses:?}");
    // Without a version all count.
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| api.ask("PATCH", &api.at(id), &[], json!({"$inc": {"visits": 1}})));
        }
    });
    let now = api.read(&api.at(id)).json();
    assert_eq!((&now["version"], &now["doc"]["visits"]), (&json!(8), &json!(7)));
    for (tag, status) in [
        ("\"7\"", 412),
        ("W/\"8\"", 412),
        ("\"99999999999\"", 412),
        ("\"00f1\"", 412),
        ("\"7\", \"8\"", 200),
        ("*", 200),
    ] {
        assert_eq!(api.change(id, tag, json!({"$set": {"seen": tag}})).status, status, "{tag}");
    }
    let missing = "00000000-0000-7000-8000-000000000000";
    assert_eq!(api.change(missing, "*", json!({"$set": {"a": 1}})).status, 412);
    assert_eq!(api.ask("PATCH", &api.at(missing), &[], json!({"$set": {"a": 1}})).status, 404);
    // A write past the data service makes a new version too.
    server.sql("srd_a", &format!("UPDATE {COLLECTION} SET doc = doc || '{{\"past\":1}}' WHERE id = '{id}'"));
    assert_eq!(api.read(&api.at(id)).header("etag"), Some("\"11\""));
    let audited = "SELECT string_agg(DISTINCT op, ',' ORDER BY op) FROM martydb_serve.audit WHERE key LIKE '%' AND rows > 0";
    assert_eq!(server.value("srd_a", audited), "delete,insert,update");
}

fn changes(api: &ApiService, id: &str) {
    let changed = |change: Value| api.ask("PATCH", &api.at(id), &[], change);
    let replaced =
        api.ask("PUT", &api.at(id), &[], json!({"name": "Bob", "n": 1.5, "list": [1], "text": "x"}));
    assert_eq!((replaced.status, replaced.header("etag")), (200, Some("\"2\"")), "{}", replaced.body);
    let change = json!({
        "$set": {"a.b.c": {"d": [true]}, "list.0": 9, "text": null, "q'\"\\{},": 1},
        "$unset": {"n": "", "not.there": ""},
        "$inc": {"count": 2, "deep.count": -0.5},
        "$push": {"list": {"$each": [2, [3]]}, "tags": "new"},
    });
    // Both `list.0` and `list` would be changed.
    assert_eq!(changed(change.clone()).status, 400);
    let mut change = change;
    change["$set"].as_object_mut().unwrap().remove("list.0");
    let answer = changed(change);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let expected = json!({
        "name": "Bob", "text": null, "a": {"b": {"c": {"d": [true]}}}, "q'\"\\{},": 1, "count": 2,
        "deep": {"count": -0.5}, "list": [1, 2, [3]], "tags": ["new"],
    });
    assert_eq!(answer.json()["doc"], expected);
    assert_eq!(changed(json!({"$set": {"list.0": 9}})).json()["doc"]["list"], json!([9, 2, [3]]));
    assert_eq!(changed(json!({"$unset": {"list.0": ""}})).json()["doc"]["list"], json!([null, 2, [3]]));
    assert_eq!(changed(json!({"$inc": {"text": 4}})).json()["doc"]["text"], json!(4));
    let before = api.read(&api.at(id)).body;
    for wrong in [
        json!({"$set": {"name.first": "x"}}),
        json!({"$set": {"list.x": 1}}),
        json!({"$inc": {"name": 1}}),
        json!({"$inc": {"list.5": 1}}),
        json!({"$set": {"list.5.x": 1}}),
        json!({"$inc": {"list": 1}}),
        json!({"$push": {"name": 1}}),
        json!({"$push": {"a": 1}}),
        json!({"$push": {"name.x": 1}}),
    ] {
        let answer = changed(wrong.clone());
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.body);
    }
    assert_eq!(api.read(&api.at(id)).body, before);
    let many = api.ask(
        "POST",
        "transaction",
        &[],
        json!({"operations": [{"op": "update", "collection": COLLECTION, "where": {"name": {"$in": ["Bob", "Eve"]}}, "values": {"$set": {"seen": true}}}]}),
    );
    assert_eq!(many.json()["results"][0].as_array().unwrap().len(), 2, "{}", many.body);
}

/// Batches and transactions of several requests.
fn together(api: &ApiService, server: &Server, id: &str) {
    let batch = |operations: Value| api.ask("POST", "transaction", &[], json!({ "operations": operations }));
    let op = |op: &str| json!({"op": op, "collection": COLLECTION});
    let with = |mut value: Value, more: Value| {
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        value
    };
    let done = batch(json!([
        with(op("insert"), json!({"values": {"name": "Kim", "n": 1}})),
        with(
            op("update"),
            json!({"id": {"$ref": "0.id"}, "version": 1, "values": {"$set": {"of": {"$ref": "0.doc.name"}}}})
        ),
        with(
            op("replace"),
            json!({"id": {"$ref": "0.id"}, "version": {"$ref": "1.version"}, "values": {"name": "Kim2"}})
        ),
        with(op("get"), json!({"id": {"$ref": "0.id"}})),
        with(op("count"), json!({"where": {"name": {"$in": ["Kim", "Kim2"]}}})),
        with(op("delete"), json!({"where": {"name": "Kim2"}})),
    ]));
    assert_eq!(done.status, 200, "{}", done.body);
    let results = done.json()["results"].clone();
    assert_eq!(results[1]["doc"], json!({"name": "Kim", "n": 1, "of": "Kim"}));
    assert_eq!((&results[3]["doc"], &results[3]["version"]), (&json!({"name": "Kim2"}), &json!(3)));
    assert_eq!((&results[4], &results[5]), (&json!({"count": 1}), &json!({"rows": 1})));

    // An old version rolls the whole batch back.
    let done = batch(json!([
        with(op("insert"), json!({"values": {"name": "half"}})),
        with(op("update"), json!({"id": id, "version": 1, "values": {"$set": {"a": 1}}})),
    ]));
    assert_eq!((done.status, done.json()["code"].as_str()), (412, Some("MDB010")), "{}", done.body);
    assert_eq!(api.named(&json!({"name": "half"})), "");

    let begun = api.ask("POST", "transactions", &[], Value::Null).json();
    let place = format!("transactions/{}", begun["id"].as_str().unwrap());
    let run = |operation: Value| api.ask("POST", &format!("{place}/operations"), &[], operation);
    let made = run(with(op("insert"), json!({"values": {"name": "open"}})));
    assert_eq!((made.status, made.json()["doc"]["name"].as_str()), (200, Some("open")), "{}", made.body);
    assert_eq!(
        run(with(op("query"), json!({"where": {"name": "open"}}))).json()["items"].as_array().unwrap().len(),
        1
    );
    assert_eq!(api.named(&json!({"name": "open"})), "");
    let id = made.json()["id"].clone();
    let old = run(with(op("delete"), json!({"id": id, "version": 9})));
    assert_eq!(old.status, 412, "{}", old.body);
    assert_eq!(api.ask("POST", &format!("{place}/commit"), &[], Value::Null).status, 409);
    assert_eq!(server.value("srd_a", &format!("SELECT count(*)::text FROM {COLLECTION}")), "3");
}

fn refusals(api: &ApiService, server: &Server, id: &str) {
    let state = format!("SELECT md5(string_agg(d::text, ',' ORDER BY id)) FROM {COLLECTION} d");
    let before = server.value("srd_a", &state);
    let query = api.at("query");
    let (row, unknown) = (api.at(id), "unknown".to_owned());
    let wheres = [
        json!({"$where": "sleep(1)"}),
        json!({"$expr": {"$gt": ["$a", 1]}}),
        json!({"a": {"$function": {"body": "x", "args": [], "lang": "js"}}}),
        json!({"$nor": [{"a": 1}]}),
        json!({"a": {"$regex": "("}}),
        json!({"a": {"$gt": {"a": 1}}}),
        json!({"a": {"$in": vec![1; 101]}}),
        json!({"$or": vec![json!({"a": 1}); 21]}),
        json!({"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q": 1}),
        json!({"a": "\u{0}"}),
    ];
    let mut rows: Vec<(u16, &str, &str, &String, Value)> = wheres
        .into_iter()
        .map(|filter| (400, "POST", query.as_str(), &api.writer, json!({ "where": filter })))
        .collect();
    let collection = COLLECTION;
    rows.extend([
        (401, "GET", row.as_str(), &unknown, Value::Null),
        (403, "GET", row.as_str(), &api.other, Value::Null),
        (403, "POST", collection, &api.reader, json!({"name": "no"})),
        (403, "PATCH", row.as_str(), &api.reader, json!({"$set": {"name": "no"}})),
        (403, "DELETE", row.as_str(), &api.reader, Value::Null),
        (400, "POST", collection, &api.writer, json!({"$set": {"a": 1}})),
        (400, "POST", collection, &api.writer, json!([])),
        (400, "POST", collection, &api.writer, json!([1])),
        (400, "POST", collection, &api.writer, json!({"a": "\u{0}"})),
        (400, "PUT", row.as_str(), &api.writer, json!([{"a": 1}])),
        (400, "PUT", row.as_str(), &api.writer, json!({"$set": {"a": 1}})),
        (400, "PATCH", row.as_str(), &api.writer, json!({"a": 1})),
        (400, "PATCH", row.as_str(), &api.writer, json!({"$rename": {"a": "b"}})),
        (400, "PATCH", row.as_str(), &api.writer, json!({"$set": {"a.$b": 1}})),
        (
            400,
            "PATCH",
            row.as_str(),
            &api.writer,
            json!({"$set": (0..101).map(|n| (n.to_string(), json!(1))).collect::<serde_json::Map<_, _>>()}),
        ),
        (400, "GET", "srd_a_document/7", &api.writer, Value::Null),
        (400, "GET", "srd_a_document/a,b", &api.writer, Value::Null),
    ]);
    for (status, method, path, key, body) in rows {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = api.service.ask(method, &format!("{}/{path}", api.base), Some(key), &[], &body);
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.body);
    }
    assert_eq!(server.value("srd_a", &state), before);
    // The database decides: what the login may not read is not in an answer.
    server.sql("srd_a", &format!("REVOKE SELECT ON {COLLECTION} FROM srd_a_serve_ro"));
    assert_eq!(api.read(&row).status, 403);
}
