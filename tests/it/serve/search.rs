//! Search across collections: ranked, and of what the caller's login may read.

use std::sync::Arc;

use serde_json::{Value, json};

use super::api::ApiService;
use super::client::Answer;
use super::project;
use crate::support::{Admin, Project, Server, Shared};

const MORE: &str = "\
CREATE TABLE note (shelf int, number int, text text NOT NULL, PRIMARY KEY (shelf, number),
  words tsvector GENERATED ALWAYS AS (to_tsvector('simple', text)) STORED);
CREATE INDEX note_words_idx ON note USING gin (words);
CREATE TABLE hidden (id int PRIMARY KEY, words tsvector GENERATED ALWAYS AS (to_tsvector('english', 'tea')) STORED);
CREATE TABLE closed (id int PRIMARY KEY, text text NOT NULL, words tsvector GENERATED ALWAYS AS (to_tsvector('simple', text)) STORED);
CREATE INDEX closed_words_idx ON closed USING gin (words);
CREATE TABLE partial (LIKE closed INCLUDING ALL);
CREATE TABLE many (LIKE closed INCLUDING ALL);
INSERT INTO srs_a_article (title, body) VALUES ('Tea', 'Green tea and black tea'), ('Coffee', 'Better than tea'), ('The', 'Water');
INSERT INTO note (shelf, number, text) VALUES (1, 2, 'tea, the drink'), (1, 3, 'nothing');
INSERT INTO closed (id, text) VALUES (1, 'tea');
INSERT INTO partial (id, text) VALUES (1, 'tea');
INSERT INTO many (id, text) SELECT n, 'common' FROM generate_series(1, 3000) AS n;
";

const DROPPED: &str = "DROP TABLE many, partial, closed, hidden, note;\nDELETE FROM srs_a_article;\n";

/// Privileges of the reader that differ from those of its level.
const GRANTS: &str = "REVOKE SELECT ON closed, partial FROM srs_a_serve_ro; GRANT SELECT (id, words) ON partial TO srs_a_serve_ro";

/// Collections that the reader may read completely.
const READABLE: [&str; 2] = ["note", "srs_a_article"];

/// Service with searchable collections, which no test changes.
struct Searched {
    api: ApiService,
    lint: String,
    server: Server,
    _project: Project,
}

impl Searched {
    fn start() -> Arc<Searched> {
        static SHARED: Shared<Searched> = Shared::new();
        SHARED.get(|| {
            let server = Server::start();
            let exposure = "{ only: [srs_a_article, note, customer, closed, partial, many], audit: all }";
            let project = project(&server, Admin::Super, "srs", exposure);
            project.run(&["revision", "srs_a", "-m", "articles", "--template", "search"]).expect(0);
            project.write("srs_a/migrations/V3__more.sql", MORE);
            project.write("srs_a/migrations/V3__more.down.sql", DROPPED);
            let linted = project.run(&["lint", "srs_a"]);
            assert!(matches!(linted.code, Some(0 | 3)), "{linted:?}");
            project.run(&["upgrade", "--all"]).expect(0);
            server.sql("srs_a", GRANTS);
            Searched {
                api: ApiService::start(&project, "srs"),
                lint: linted.stdout,
                server,
                _project: project,
            }
        })
    }

    fn ask(&self, key: &str, body: &str) -> Answer {
        let path = format!("{}/search", self.api.base);
        self.api.service.ask("POST", &path, Some(key), &[], body)
    }

    /// Sends a search of the reader.
    fn search(&self, body: &Value) -> Answer {
        self.ask(&self.api.reader, &body.to_string())
    }

    fn found(&self, query: &str, collections: &[&str]) -> Value {
        let answer = self.search(&json!({"q": query, "collections": collections}));
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        answer.json()
    }

    /// Returns the titles of the rows that a search finds.
    fn titles(&self, body: &Value) -> String {
        let found = self.search(body).json();
        let title = |item: &Value| item["row"]["title"].as_str().unwrap_or("-").to_owned();
        found["items"].as_array().unwrap().iter().map(title).collect::<Vec<_>>().join(",")
    }
}

#[test]
fn results_are_ranked_across_collections() {
    let searched = Searched::start();
    let found = searched.found("tea", &READABLE);
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 3, "{found}");
    assert_eq!((&items[0]["collection"], &items[0]["id"]), (&json!("srs_a_article"), &json!("1")), "{found}");
    assert_eq!(items[0]["row"], json!({"id": 1, "title": "Tea", "body": "Green tea and black tea"}));
    let note = items.iter().find(|item| item["collection"] == "note").unwrap();
    assert_eq!((&note["id"], &found["left_out"]), (&json!(["1", "2"]), &json!([])), "{found}");
    let audited = "SELECT count(*)::text FROM martydb_serve.audit WHERE collection = 'public.note,public.srs_a_article'";
    assert!(searched.server.value("srs_a", audited).parse::<u32>().unwrap() > 0);
}

#[test]
fn a_query_has_exclusions_limits_and_the_words_of_each_configuration() {
    let searched = Searched::start();
    let articles = json!(["srs_a_article"]);
    assert_eq!(searched.titles(&json!({"q": "tea -coffee", "collections": articles})), "Tea");
    assert_eq!(searched.titles(&json!({"q": "tea", "collections": articles, "limit": 1})), "Tea");
    // A word that English leaves out is one of the simple configuration.
    assert_eq!(searched.titles(&json!({"q": "the", "collections": READABLE})), "-");
    assert_eq!(searched.titles(&json!({"q": "'; DROP TABLE note; --"})), "");
}

#[test]
fn an_invalid_search_is_refused() {
    let searched = Searched::start();
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
        let answer = searched.search(&body);
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
    }
    let hint = searched.search(&json!({"q": "tea", "collections": ["customer"]})).json()["hint"].clone();
    assert!(hint.as_str().unwrap().contains("--template search"), "{hint}");
    assert_eq!(searched.ask(&searched.api.other, r#"{"q":"tea"}"#).status, 403);
    assert_eq!(searched.api.read("search").status, 405);
}

#[test]
fn the_database_decides_which_collections_and_columns_are_searched() {
    let searched = Searched::start();
    let found = searched.search(&json!({"q": "tea"})).json();
    assert_eq!(found["left_out"], json!(["closed"]), "{found}");
    assert_eq!(searched.search(&json!({"q": "tea", "collections": ["closed"]})).status, 403);
    let partial = searched.found("tea", &["partial"]);
    assert_eq!(partial["items"][0]["row"], json!({"id": 1}), "{partial}");
}

#[test]
fn a_common_word_ranks_at_most_a_thousand_rows() {
    let searched = Searched::start();
    let common = json!({"q": "common", "collections": ["many"], "limit": 5000});
    assert_eq!(searched.search(&common).json()["items"].as_array().unwrap().len(), 1000);
}

#[test]
fn the_template_of_a_search_passes_lint_and_is_documented() {
    let searched = Searched::start();
    assert!(!searched.lint.contains("V2__articles"), "{}", searched.lint);
    let path = "/srs_a/api/openapi.json";
    let document = searched.api.service.ask("GET", path, Some(&searched.api.reader), &[], "").json();
    assert!(document["paths"].get("/api/db/search").is_some());
}
