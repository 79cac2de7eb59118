//! The OpenAPI document: what the caller's logins may do and no more, and requests that follow it; and its page.

use serde_json::{Value, json};

use super::client::{Answer, DataService};
use super::{key, project};
use crate::support::{Admin, Project, Server};

const TABLES: &str = "\
CREATE TABLE \"a /{id}?#%\" (id int PRIMARY KEY, \"order\" text, \"é \"\"\" text[]);
CREATE TABLE keyless (a numeric);
CREATE TABLE stats (id int PRIMARY KEY);
CREATE FUNCTION total_of(customer bigint) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM invoice WHERE customer_id = customer';
CREATE FUNCTION unlisted() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
COMMENT ON TABLE customer IS 'Who \"pays\"';
";

fn described(prefix: &str, server: &Server) -> Project {
    let exposure = "{ hide: [secret, slow], limits: { aggregates: true, rows: 40, functions: [total_of] }, transactions: { interactive: true } }";
    let project = project(server, Admin::Super, prefix, exposure);
    project.write(&format!("{prefix}_a/migrations/V2__more.sql"), TABLES);
    let dropped =
        "DROP FUNCTION unlisted, total_of;\nDROP TABLE stats, keyless;\nDROP TABLE \"a /{id}?#%\";\n";
    project.write(&format!("{prefix}_a/migrations/V2__more.down.sql"), dropped);
    project.run(&["upgrade", "--all"]).expect(0);
    project.write("ui/swagger-ui-bundle.js", "// bundle\n");
    project.write("ui/swagger-ui.css", "/* style */\n");
    let manifest = project.read("martydb.yaml").replace("serve:\n  listen", "serve:\n  docs: ui\n  listen");
    project.write("martydb.yaml", &manifest);
    project
}

#[test]
fn the_openapi_document_describes_exactly_what_its_caller_may_do() {
    let server = Server::start();
    let project = described("sro", &server);
    server.sql("sro_a", "INSERT INTO customer (id, name) OVERRIDING SYSTEM VALUE VALUES (1, 'Ada')");
    server.sql("sro_a", "REVOKE SELECT ON invoice FROM sro_a_serve_ro; GRANT SELECT (id, customer_id) ON invoice TO sro_a_serve_ro");
    let [reader, writer] = ["reader", "writer"].map(|caller| key(&project, caller));
    let service = DataService::start(&project);
    let get = |path: &str, key: Option<&str>| service.ask("GET", path, key, &[], "");
    let (of_reader, of_writer) =
        (get("/sro_a/api/openapi.json", Some(&reader)), get("/sro_a/api/openapi.json", Some(&writer)));
    assert_eq!((of_reader.status, of_writer.status), (200, 200), "{}", of_reader.body);
    for (path, key, status) in [
        ("/sro_a/api/openapi.json", None, 401),
        ("/sro_b/api/openapi.json", Some(reader.as_str()), 403),
        ("/sro_a/api/openapi.json/x", Some(reader.as_str()), 404),
    ] {
        assert_eq!(get(path, key).status, status, "{path}");
    }
    let known = [("If-None-Match", of_reader.header("etag").unwrap())];
    assert_eq!(service.ask("GET", "/sro_a/api/openapi.json", Some(&reader), &known, "").status, 304);
    follows(&service, &of_reader.json(), &reader);
    follows(&service, &of_writer.json(), &writer);

    // No more than the caller may do.
    let document = of_reader.json();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.keys().all(|path| !path.contains("unlisted") && !path.contains("secret")), "{paths:?}");
    let writes = |item: &Value| ["put", "patch", "delete"].iter().any(|method| item.get(method).is_some());
    assert!(!paths.values().any(writes) && paths["/rest/customer"].get("post").is_none(), "{paths:?}");
    assert!(!paths.contains_key("/rest/rpc/total_of") && !paths.contains_key("/api/db/transactions"));
    let columns = document["components"]["schemas"]["invoice"]["properties"].as_object().unwrap();
    assert_eq!(columns.keys().collect::<Vec<_>>(), ["id", "customer_id"]);
    let document = of_writer.json();
    assert_eq!(document["components"]["schemas"]["customer-new"]["required"], json!(["name"]));
    assert_eq!(document["components"]["schemas"]["customer"]["description"], "Who \"pays\"");
    assert!(document["paths"].get("/rest/rpc/total_of").is_some());

    // The command prints the same.
    let printed = project.run(&["serve", "openapi", "-s", "sro_a", "--caller", "reader"]).expect(0);
    assert_eq!(printed.json(), of_reader.json());
    for (arguments, hint) in [(&[][..], "reader, writer"), (&["--caller", "reade"], "reader")] {
        let mut all = vec!["serve", "openapi", "-s", "sro_a"];
        all.extend(arguments);
        let refused = project.run(&all).expect(2);
        assert!(refused.stderr.contains(hint), "{}", refused.stderr);
    }
    page(&service);
}

/// Sends a request for each operation of a document; none is refused for who sends it, or for its address.
fn follows(service: &DataService, document: &Value, key: &str) {
    let mut sent = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let address = format!("{}{}", document["servers"][0]["url"].as_str().unwrap(), path);
            let address = address.replace("{id}", "0");
            // Of some columns of this one the reader has no privilege: it has to name the others.
            let few = path.contains("/invoice") && !path.contains("/count") && !path.contains("/schema");
            let address = if few && method == "get" { format!("{address}?select=id") } else { address };
            let body = match method.as_str() {
                "post" if path.ends_with("/query") => {
                    if few {
                        r#"{"select":"id"}"#
                    } else {
                        "{}"
                    }
                }
                "post" => "{}",
                _ => "",
            };
            let answer = service.ask(&method.to_uppercase(), &address, Some(key), &[], body);
            let said = answer.json_or_null();
            let code = said["code"].as_str().unwrap_or_default().to_owned();
            let refused = [401, 403, 405].contains(&answer.status) || answer.status >= 500;
            let nowhere = ["PGRST125", "PGRST205"].contains(&code.as_str());
            assert!(!refused && !nowhere, "{method} {address}: {} {}", answer.status, answer.body);
            sent += 1;
        }
    }
    assert!(sent > 15, "{document}");
}

impl Answer {
    fn json_or_null(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// The page and its files need no key, and say what a browser may load.
fn page(service: &DataService) {
    for (path, status, text) in [
        ("docs", 200, "swagger-ui-bundle.js"),
        ("docs/start.js", 200, "openapi.json"),
        ("docs/swagger-ui.css", 200, "style"),
        ("docs/swagger-ui-bundle.js", 200, "bundle"),
        ("docs/../../../martydb.yaml", 404, ""),
        ("docs/%2e%2e/martydb.yaml", 404, ""),
        ("docs/package.json", 404, ""),
    ] {
        let answer = service.ask("GET", &format!("/sro_a/api/{path}"), None, &[], "");
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body.contains(text), "{path}: {}", answer.body);
        if status == 200 {
            let policy = answer.header("content-security-policy").unwrap_or_default();
            assert!(
                policy.contains("script-src 'self';") && policy.contains("default-src 'none'"),
                "{policy}"
            );
        }
    }
    assert_eq!(service.ask("POST", "/sro_a/api/docs", None, &[], "").status, 405);
}
