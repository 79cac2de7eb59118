//! Sessions behind code of a service: each way into a statement by which such code may run leaves nothing to the next request, and
//! takes nothing from the driver.

use serde_json::json;

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Project, Server, until};

/// `leave()` is what code of a service may do with a session. `plain` is a table of PostgreSQL's own types.
const CODE: &str = "\
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE plain (id int PRIMARY KEY, note text, mood mood DEFAULT 'good', moods mood[]);
INSERT INTO plain VALUES (1, 'x', 'good', '{good}');
CREATE FUNCTION leave(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('application_name', 'left behind', false);
  EXECUTE 'DEALLOCATE ALL'; RETURN true; END $$;
CREATE FUNCTION left_immutable(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
  PERFORM set_config('application_name', 'left behind', false); RETURN $1; END $$;
CREATE DOMAIN evil AS text CHECK (leave(VALUE));
CREATE DOMAIN evils AS text[] CHECK (leave(VALUE[1]));
CREATE FUNCTION shout(plain) RETURNS text LANGUAGE sql STABLE AS 'SELECT left_immutable($1.note)';
CREATE DOMAIN \"text/evil\" AS text;
CREATE FUNCTION evil_step(text, plain) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM leave(''); RETURN $1 || $2.note; END $$;
CREATE FUNCTION evil_end(text) RETURNS \"text/evil\" LANGUAGE sql AS 'SELECT $1::\"text/evil\"';
CREATE AGGREGATE evil_media(plain) (SFUNC = evil_step, STYPE = text, INITCOND = '', FINALFUNC = evil_end);
CREATE VIEW seen AS SELECT id, left_immutable(note) AS note FROM plain;
CREATE TABLE guarded (id int PRIMARY KEY, note text);
INSERT INTO guarded VALUES (1, 'x');
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON guarded USING (leave(note));
CREATE TABLE generated (id int PRIMARY KEY, note text, loud text GENERATED ALWAYS AS (left_immutable(note)) STORED);
CREATE TABLE by_default (id int PRIMARY KEY, note boolean DEFAULT leave('x'));
CREATE TABLE checked (id int PRIMARY KEY, note text CHECK (leave(note)));
CREATE TABLE indexed (id int PRIMARY KEY, note text);
CREATE INDEX ON indexed (left_immutable(note));
CREATE TABLE of_domain (id int PRIMARY KEY, note evil);
CREATE FUNCTION acts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM leave(''); RETURN NEW; END $$;
CREATE TABLE triggered (id int PRIMARY KEY);
CREATE TRIGGER t BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION acts();
CREATE TABLE ruled (id int PRIMARY KEY);
CREATE RULE r AS ON INSERT TO ruled DO INSTEAD INSERT INTO plain (id, note) VALUES (NEW.id + 100, leave('')::text) RETURNING id;
";

/// Requests, each of which runs that code in another way.
const WAYS: &[(&str, &str, &str, &str)] = &[
    ("cast to a domain", "GET", "plain?select=note::evil", ""),
    ("cast to an array of it", "GET", "plain?select=moods::text::_evil", ""),
    ("aggregate that makes a media type", "GET", "plain", "text/evil"),
    ("function of a row, selected", "GET", "plain?select=shout", ""),
    ("function of a row, in a filter", "GET", "plain?select=id&shout=eq.x", ""),
    ("function of a row, in the order", "GET", "plain?select=id&order=shout", ""),
    ("view", "GET", "seen", ""),
    ("policy", "GET", "guarded", ""),
    ("called function", "GET", "rpc/leave?", ""),
    ("generated column", "POST", "generated", ""),
    ("default", "POST", "by_default", ""),
    ("check", "POST", "checked", ""),
    ("expression index", "POST", "indexed", ""),
    ("column of a domain", "POST", "of_domain", ""),
    ("trigger", "POST", "triggered", ""),
    ("rule", "POST", "ruled", ""),
];

fn migrated(server: &Server, prefix: &str) -> Project {
    let exposure = "{ schemas: [public], pool: { max: 1 }, audit: writes, limits: { functions: [leave] } }";
    let project = project(server, Admin::Super, prefix, exposure);
    let (file, service) = ("V2__code", format!("{prefix}_a"));
    project.write(&format!("{service}/migrations/{file}.sql"), CODE);
    project.write(&format!("{service}/migrations/{file}.down.sql"), "-- martydb: irreversible: a test\n");
    project.run(&["upgrade", "-s", &service]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    // The aggregate is of the owner's further code, which no login may call without this.
    server.sql(&service, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC");
    project
}

#[test]
fn each_way_into_code_of_a_service_leaves_nothing_and_takes_nothing() {
    let server = Server::start();
    let project = migrated(&server, "srq");
    let writer = key(&project, "writer");
    let service = DataService::start(&project);
    let ask = |method: &str, path: &str, accept: &str, body: &str| {
        let accept = [("Accept", accept)];
        let headers = if accept[0].1.is_empty() { &[][..] } else { &accept };
        service.ask(method, &format!("/srq_a/rest/{path}"), Some(&writer), headers, body)
    };
    let left = || {
        let query = "SELECT count(*)::text FROM pg_stat_activity WHERE usename LIKE 'srq_a_serve%' AND application_name = 'left behind'";
        server.value("postgres", query)
    };
    let is_there = |path: &str| {
        let answer = ask("GET", path, "", "");
        assert_eq!(
            (answer.status, answer.json()[0]["id"].as_i64()),
            (200, Some(1)),
            "{path}: {}",
            answer.body
        );
    };
    for (number, (way, method, path, accept)) in WAYS.iter().enumerate() {
        let body = if *method == "POST" { json!({"id": number}).to_string() } else { String::new() };
        let path = if path.ends_with('?') { "rpc/leave?" } else { *path };
        let answer = ask(method, path, accept, &body);
        // `leave` has a parameter without a name, and is called with a text.
        let answer = if path == "rpc/leave?" { ask("POST", "rpc/leave", "", "x") } else { answer };
        let is_refused = *way == "called function" || *way == "cast to an array of it";
        assert!(answer.status < 300 || is_refused, "{way}: {} {}", answer.status, answer.body);
        assert_eq!(left(), "0", "{way}");
        // The driver still has what it relies on: types that are new to the connection, and those that it knows.
        is_there("plain?select=id&mood=eq.good");
        is_there("plain?select=id&moods=eq.{good}");
        is_there("plain?select=id&id=eq.1");
    }
    // A session without such code is used as it is.
    let mark = server.log().len();
    is_there("plain?select=id&mood=eq.good");
    is_there("plain?select=id::text,id&id=eq.1");
    let log = server.log_since(mark);
    let resets =
        log.lines().filter(|line| line.contains("DISCARD ALL") && line.contains("parameters")).count();
    assert_eq!(resets, 0, "{log}");
}

#[test]
fn a_domain_replaces_no_statement_of_the_next_request() {
    let server = Server::start();
    let project = migrated(&server, "srz");
    server.sql(
        "srz_a",
        "CREATE OR REPLACE FUNCTION leave(text) RETURNS boolean LANGUAGE plpgsql AS $$ DECLARE s record; BEGIN
           FOR s IN SELECT name FROM pg_prepared_statements WHERE statement LIKE '%INSERT INTO \"public\".\"plain\"%' LOOP
             EXECUTE format('DEALLOCATE %I', s.name);
             EXECUTE format('PREPARE %I (text) AS INSERT INTO plain (id) SELECT 77 RETURNING 1::bigint, ''''::text', s.name);
           END LOOP; RETURN true; END $$",
    );
    let writer = key(&project, "writer");
    let service = DataService::start(&project);
    let ask = |method: &str, path: &str, body: &str| {
        service.ask(method, &format!("/srz_a/rest/{path}"), Some(&writer), &[], body).status
    };
    assert_eq!(ask("POST", "plain", r#"{"id":10}"#), 201);
    assert_eq!(ask("GET", "plain?select=note::evil", ""), 200);
    assert_eq!(ask("PATCH", "plain?id=eq.10&select=note::evil", r#"{"note":"y"}"#), 204);
    for id in 11..15 {
        assert_eq!(ask("POST", "plain", &json!({ "id": id }).to_string()), 201);
    }
    let recorded = "SELECT count(*)::text FROM martydb_serve.audit WHERE op = 'insert'";
    assert_eq!(server.value("srz_a", recorded), "5");
    assert_eq!(server.value("srz_a", "SELECT count(*)::text FROM plain WHERE id = 77"), "0");
}

#[test]
fn a_cast_names_no_type_that_shows_the_catalogs() {
    let server = Server::start();
    let project = migrated(&server, "srk");
    server.sql("srk_a", "CREATE DOMAIN hidden AS regrole; CREATE DOMAIN hiddens AS regclass[]; GRANT USAGE ON TYPE hidden TO PUBLIC");
    let reader = key(&project, "reader");
    let service = DataService::start(&project);
    let kinds = server.value(
        "srk_a",
        "SELECT string_agg(typname, ' ') FROM pg_type WHERE typname ~ '^_?(reg|aclitem|pg_n|pg_d|pg_m|cstring|refcursor|xid|cid$|pg_snap|gtsv)'",
    );
    for kind in kinds.split(' ').chain(["hidden", "_hidden", "hiddens", "_hiddens", "_plain", "plain"]) {
        let path = format!("/srk_a/rest/plain?select=note::{kind}");
        let answer = service.ask("GET", &path, Some(&reader), &[], "");
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (400, Some("42704")),
            "{kind}: {}",
            answer.body
        );
    }
    for kind in ["text", "_int4", "mood", "_mood", "varchar", "evil"] {
        let path = format!("/srk_a/rest/plain?select=id::{kind}&id=eq.0");
        let answer = service.ask("GET", &path, Some(&reader), &[], "");
        assert_ne!(answer.json()["code"].as_str(), Some("42704"), "{kind}: {}", answer.body);
    }
}

#[test]
fn a_rejected_login_of_one_service_closes_the_server_to_no_other() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "srj", "{ pool: { max: 1 } }");
    project.write("srj_b/migrations/V1__t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
    project.write("srj_b/migrations/V1__t.down.sql", "DROP TABLE t;\n");
    project.run(&["upgrade", "--all"]).expect(0);
    let [reader, other] = ["reader", "other"].map(|caller| key(&project, caller));
    let service = DataService::start(&project);
    let ask = |path: &str, key: &str| service.ask("GET", path, Some(key), &[], "");
    assert_eq!(ask("/srj_a/rest/customer", &reader).status, 200);
    server.sql("postgres", "ALTER ROLE srj_a_serve_ro PASSWORD 'another'");
    server.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'srj_a_serve_ro'",
    );
    // A request waits for another password; behind that the login is rejected for good.
    until("the login is rejected", || ask("/srj_a/rest/customer", &reader).status == 503);
    // Longer than the time between two looks for migrations, each of which is rejected.
    let begun = std::time::Instant::now();
    while begun.elapsed() < std::time::Duration::from_millis(2500) {
        let answer = ask("/srj_b/rest/t", &other);
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let metrics = ask("/metrics", &other).body;
    assert!(
        !metrics.lines().any(|line| line.starts_with("martydb_serve_breaker_open") && line.ends_with(" 1"))
    );
}
