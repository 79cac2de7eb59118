//! Search across collections: ranked, and of what the caller's login may read.

use serde_json::{Value, json};

use super::api::ApiService;
use super::project;
use crate::support::{Admin, Server};

const MORE: &str = "\
CREATE TABLE note (shelf int, number int, text text NOT NULL, PRIMARY KEY (shelf, number),
  words tsvector GENERATED ALWAYS AS (to_tsvector('simple', text)) STORED);
CREATE INDEX note_words_idx ON note USING gin (words);
CREATE TABLE hidden (id int PRIMARY KEY, words tsvector GENERATED ALWAYS AS (to_tsvector('english', 'tea')) STORED);
INSERT INTO srs_a_article (title, body) VALUES ('Tea', 'Green tea and black tea'), ('Coffee', 'Better than tea'), ('The', 'Water');
INSERT INTO note (shelf, number, text) VALUES (1, 2, 'tea, the drink'), (1, 3, 'nothing');
";

#[test]
fn a_search_ranks_what_its_caller_may_read() {
    let server = Server::start();
    let project =
        project(&server, Admin::Super, "srs", "{ only: [srs_a_article, note, customer], audit: all }");
    project.run(&["revision", "srs_a", "-m", "articles", "--template", "search"]).expect(0);
    project.write("srs_a/migrations/V3__more.sql", MORE);
    project.write(
        "srs_a/migrations/V3__more.down.sql",
        "DROP TABLE hidden, note;\nDELETE FROM srs_a_article;\n",
    );
    let linted = project.run(&["lint", "srs_a"]);
    assert!(matches!(linted.code, Some(0 | 3)), "{linted:?}");
    let linted = linted.stdout;
    assert!(!linted.contains("V2__articles"), "{linted}");
    project.run(&["upgrade", "--all"]).expect(0);
    let api = ApiService::start(&project, "srs");
    let ask = |key: &str, body: &str| {
        api.service.ask("POST", &format!("{}/search", api.base), Some(key), &[], body)
    };
    let search = |body: Value| ask(&api.reader, &body.to_string());
    let found = search(json!({"q": "tea"}));
    assert_eq!(found.status, 200, "{}", found.body);
    let found = found.json();
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 3, "{found}");
    assert_eq!((&items[0]["collection"], &items[0]["id"]), (&json!("srs_a_article"), &json!("1")), "{found}");
    assert_eq!(items[0]["row"], json!({"id": 1, "title": "Tea", "body": "Green tea and black tea"}));
    let note = items.iter().find(|item| item["collection"] == "note").unwrap();
    assert_eq!((&note["id"], &found["left_out"]), (&json!(["1", "2"]), &json!([])), "{found}");
    let titles = |body: Value| {
        let found = search(body).json();
        let items = found["items"].as_array().unwrap().iter();
        items
            .map(|item| item["row"]["title"].as_str().unwrap_or("-").to_owned())
            .collect::<Vec<_>>()
            .join(",")
    };
    assert_eq!(titles(json!({"q": "tea -coffee", "collections": ["srs_a_article"]})), "Tea");
    assert_eq!(titles(json!({"q": "tea", "collections": ["srs_a_article"], "limit": 1})), "Tea");
    // A word that English leaves out is one of the simple configuration.
    assert_eq!(titles(json!({"q": "the"})), "-");
    assert_eq!(titles(json!({"q": "'; DROP TABLE note; --"})), "");
    for (status, body) in [
        (422, json!({"q": "-tea"})),
        (422, json!({"q": ""})),
        (422, json!({"q": "tea OR -coffee"})),
        (422, json!({"q": "the", "collections": ["srs_a_article"]})),
        (422, json!({"q": "tea", "collections": ["customer"]})),
        (404, json!({"q": "tea", "collections": ["hidden"]})),
        (404, json!({"q": "tea", "collections": ["search"]})),
        (404, json!({"q": "tea", "collections": ["note; DROP TABLE note"]})),
        (400, json!({"q": "tea", "collections": vec!["note"; 51]})),
        (400, json!({"q": ["tea"]})),
        (400, json!({"q": "tea\u{0}"})),
        (400, json!({"q": "tea", "language": "english"})),
    ] {
        let answer = search(body.clone());
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
    }
    let hint = search(json!({"q": "tea", "collections": ["customer"]})).json()["hint"].clone();
    assert!(hint.as_str().unwrap().contains("--template search"), "{hint}");
    assert_eq!(ask(&api.other, r#"{"q":"tea"}"#).status, 403);
    assert_eq!(api.read("search").status, 405);
    let audited = "SELECT count(*)::text FROM martydb_serve.audit WHERE collection = 'public.note,public.srs_a_article'";
    assert!(server.value("srs_a", audited).parse::<u32>().unwrap() > 2);

    let document = |key: &str| api.service.ask("GET", "/srs_a/api/openapi.json", Some(key), &[], "").json();
    assert!(document(&api.reader)["paths"].get("/api/db/search").is_some());

    // The database decides: a collection that the login may not read is left out, and named.
    let some = "REVOKE SELECT ON note FROM srs_a_serve_ro; REVOKE SELECT ON srs_a_article FROM srs_a_serve_ro; \
                GRANT SELECT (id, title, search) ON srs_a_article TO srs_a_serve_ro";
    server.sql("srs_a", some);
    let found = search(json!({"q": "tea"})).json();
    assert_eq!(
        (&found["left_out"], &found["items"][0]["row"]),
        (&json!(["note"]), &json!({"id": 1, "title": "Tea"}))
    );
    assert_eq!(search(json!({"q": "tea", "collections": ["note"]})).status, 403);
    // A word of all rows ranks at most a thousand of them.
    server.sql(
        "srs_a",
        "INSERT INTO srs_a_article (title, body) SELECT 'x', 'common' FROM generate_series(1, 3000)",
    );
    assert_eq!(search(json!({"q": "common", "limit": 5000})).json()["items"].as_array().unwrap().len(), 1000);
}
