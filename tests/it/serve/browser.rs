//! Clients of Supabase and pages of other origins: addresses, keys, origins, and compressed answers.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Server};

const PAGE: &str = "https://app.example";

#[test]
fn clients_of_supabase_and_pages_reach_rows_and_no_more() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "srb", "{ hide: [slow] }");
    project.write(
        "srb_a/migrations/V2__v1.sql",
        "CREATE TABLE v1 (id int PRIMARY KEY);\nINSERT INTO v1 VALUES (1);\n",
    );
    project.write("srb_a/migrations/V2__v1.down.sql", "DROP TABLE v1;\n");
    let manifest = project.read("martydb.yaml");
    let with = |origins: &str| {
        manifest.replace("serve:\n  listen", &format!("serve:\n  origins: [{origins}]\n  listen"))
    };
    for wrong in [
        "app.example", "https://app.example/", "https://app.example:443", "HTTPS://app.example", "'null'",
        "'https://*.example'",
    ] {
        project.write("martydb.yaml", &with(wrong));
        let refused = project.run(&["validate"]).expect(2);
        assert!(refused.stderr.contains("is not an origin of pages"), "{wrong}: {}", refused.stderr);
    }
    project.write("martydb.yaml", &with(PAGE));
    project.run(&["upgrade", "--all"]).expect(0);
    let [reader, writer] = ["reader", "writer"].map(|caller| key(&project, caller));
    let service = DataService::start(&project);
    server.sql("srb_a", "INSERT INTO customer (name) SELECT 'customer ' || i FROM generate_series(1, 100) i");

    // The table has the name of the version.
    let checked = project.run(&["serve", "check", "-s", "srb_a", "-o", "json"]).expect(3).json();
    let problems = checked["problems"].as_array().unwrap();
    assert!(
        problems
            .iter()
            .any(|one| one["relation"] == "public.v1"
                && one["message"].as_str().unwrap().contains("/rest/v1/v1")),
        "{checked}"
    );

    let get =
        |path: &str, key: Option<&str>, headers: &[(&str, &str)]| service.ask("GET", path, key, headers, "");
    for (path, authorization, api_key, status) in [
        ("/srb_a/rest/v1/customer?id=eq.1", Some(&reader), None, 200),
        ("/srb_a/rest/v1/customer?id=eq.1", None, Some(&reader), 200),
        ("/srb_a/rest/customer?id=eq.1", None, Some(&reader), 200),
        ("/srb_a/api/db/customer/1", None, Some(&reader), 200),
        ("/srb_a/rest/v1/customer", Some(&reader), Some(&reader), 200),
        ("/srb_a/rest/v1/customer", Some(&reader), Some(&writer), 401),
        ("/srb_a/rest/v1/customer", None, None, 401),
        ("/srb_a/rest/v1/v1", Some(&reader), None, 200),
        ("/srb_a/rest/v1", Some(&reader), None, 200),
        ("/srb_a/auth/v1/signup", Some(&reader), None, 501),
        ("/srb_a/storage/v1/bucket", None, None, 501),
        ("/absent/realtime/v1/websocket", None, None, 501),
    ] {
        let own: Vec<(&str, &str)> = api_key.iter().map(|key| ("apikey", key.as_str())).collect();
        let answer = get(path, authorization.map(String::as_str), &own);
        assert_eq!(answer.status, status, "{path} {authorization:?} {api_key:?}: {}", answer.body);
    }
    let absent = get("/srb_a/auth/v1/signup", None, &[]).json();
    assert_eq!(absent["message"], "the data service does not sign up users: there is no /auth");

    let page = [("Origin", PAGE)];
    for (path, key, status) in [
        ("/srb_a/rest/customer?id=eq.1", Some(reader.as_str()), 200),
        ("/srb_a/rest/customer", None, 401),
        ("/srb_a/rest/nothing", Some(&reader), 404),
        ("/x/auth/v1", None, 501),
    ] {
        let answer = get(path, key, &page);
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (status, Some(PAGE)),
            "{path}"
        );
        assert!(
            ["Content-Range", "ETag", "Location"]
                .iter()
                .all(|name| answer.header("access-control-expose-headers").unwrap().contains(name))
        );
        assert!(
            answer.header("vary").unwrap().contains("Origin")
                && answer.header("access-control-allow-credentials").is_none()
        );
        let other = get(path, key, &[("Origin", "https://evil.example")]);
        assert_eq!(
            (other.header("access-control-allow-origin"), other.header("vary")),
            (None, Some("Origin")),
            "{path}"
        );
    }
    let asked = |origin| {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "PATCH"),
            ("Access-Control-Request-Headers", "authorization,prefer"),
        ];
        service.ask("OPTIONS", "/srb_a/rest/customer", None, &headers, "")
    };
    let preflight = asked(PAGE);
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-headers")),
        (204, Some("authorization,prefer"))
    );
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("PATCH"));
    let refused = asked("https://evil.example");
    assert_eq!((refused.status, refused.header("access-control-allow-methods")), (401, None));

    // Large answers are compressed for those who take it, with a tag of their own.
    let plain = get("/srb_a/rest/customer?order=id", Some(&reader), &[]);
    let tag = plain.header("etag").unwrap();
    assert!(plain.body.len() > 1024 && plain.header("vary").unwrap().contains("Accept-Encoding"));
    let (head, body) = compressed(&service, &reader, "order=id");
    assert!(head.contains("content-encoding: gzip") && head.contains("vary: Accept-Encoding"), "{head}");
    let own = format!("{}-gzip\"", tag.trim_end_matches('"'));
    assert!(head.contains(&format!("etag: {own}")), "{head} {own}");
    assert!(body.starts_with(&[0x1f, 0x8b]) && body.len() < plain.body.len() / 2, "{}", body.len());
    assert!(!compressed(&service, &reader, "id=eq.1").0.contains("content-encoding"));
    let conditional = |known: &str| {
        let headers = [("Accept-Encoding", "gzip"), ("If-None-Match", known)];
        let answer = get("/srb_a/rest/customer?order=id", Some(&reader), &headers);
        (answer.status, answer.header("etag").map(str::to_owned))
    };
    assert_eq!(conditional(&own), (304, Some(own.clone())));
    // Without gzip this tag is another representation's.
    let known = [("If-None-Match", own.as_str())];
    assert_eq!(get("/srb_a/rest/customer?order=id", Some(&reader), &known).status, 200);
    let changed = [("If-Match", own.as_str())];
    let answer = service.ask(
        "PATCH",
        "/srb_a/api/db/customer/1",
        Some(&writer),
        &changed,
        &json!({ "name": "x" }).to_string(),
    );
    assert_eq!(answer.status, 412, "{}", answer.body);

    // A reload takes an origin back.
    project.write("martydb.yaml", &with("https://new.example"));
    service.reload();
    crate::support::until("the origin is taken back", || {
        get("/srb_a/rest/v1", Some(&reader), &page).header("access-control-allow-origin").is_none()
    });
}

/// Asks for rows as a client that takes gzip, and returns the head in lower-case lines, and the bytes of the body.
fn compressed(service: &DataService, key: &str, query: &str) -> (String, Vec<u8>) {
    let mut stream: TcpStream = TcpStream::connect(service.address()).unwrap();
    let request = format!(
        "GET /srb_a/rest/customer?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {key}\r\nAccept-Encoding: gzip, br\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
}
