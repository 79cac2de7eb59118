//! Kept answers: checked at each use, so that no write, grant or change of the table is passed over.

use super::api::{ApiService, served};
use super::client::Answer;
use crate::support::{Server, until};

const KEPT: &str =
    "{ cache: { counter: 60s, customer: 1h, slow: 60s }, claims: true, limits: { aggregates: true } }";

struct KeptService<'a> {
    api: ApiService,
    server: &'a Server,
}

fn is_hit(answer: &Answer) -> bool {
    answer.header("cache-status") == Some("martydb; hit")
}

impl KeptService<'_> {
    fn read(&self, path: &str) -> Answer {
        self.api.service.ask("GET", &format!("/srk_a/{path}"), Some(&self.api.reader), &[], "")
    }

    fn of_owner(&self, sql: &str) {
        self.server.sql("srk_a", &format!("SET ROLE srk_a_owner; {sql}"));
    }

    /// Asks until the answer is kept, and returns it.
    fn warm(&self, path: &str) -> Answer {
        let mut last = None;
        until("the answer is kept", || {
            let answer = self.read(path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            let kept = is_hit(&answer);
            last = Some(answer);
            kept
        });
        last.unwrap()
    }
}

#[test]
fn a_cached_answer_equals_the_current_table() {
    let server = Server::start();
    let project = served(&server, "srk", KEPT);
    let checked = project.run(&["serve", "check", "srk_a"]).expect(3);
    for expected in [
        "public.counter: no answer of it is kept: its trigger is missing",
        "public.slow: no answer of it is kept: it is a view",
    ] {
        assert!(checked.stderr.contains(expected), "{}", checked.stderr);
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    let planned = project.json(&["plan", "--check"], 0);
    assert_eq!(planned["changes"].as_array().unwrap().len(), 0, "{planned}");
    assert!(planned["limits"].to_string().contains("slow is a view"), "{planned}");
    let proof = project.run(&["verify-isolation", "-o", "json"]).json();
    let findings = proof["findings"].as_array().unwrap().iter();
    let ours: Vec<_> = findings
        .filter(|one| one["object"].as_str().is_some_and(|object| object.contains("serve")))
        .collect();
    assert!(ours.is_empty(), "{ours:#?}");
    let service = KeptService { api: ApiService::start(&project, "srk"), server: &server };
    // First, because a changed table has the catalog read again within two seconds, and what is kept is gone with the former one.
    limits(&service);
    writes(&service);
    grants(&service);
    let metrics = service.api.service.ask("GET", "/metrics", None, &[], "").body;
    for name in ["hits_total", "misses_total", "evictions_total", "bytes"] {
        assert!(metrics.contains(&format!("martydb_serve_cache_{name}{{")), "{metrics}");
    }

    // No role of the service changes the counter, or has it count for another table.
    let owner = project.password("srk_a_migrator");
    let function = server.value(
        "srk_a",
        "SELECT oid::regproc::text FROM pg_proc WHERE proname LIKE 'count\\_%' AND prosecdef LIMIT 1",
    );
    let sequence = function.replace("count_", "cache_");
    for sql in [
        format!("CREATE TRIGGER mine AFTER INSERT ON invoice EXECUTE FUNCTION {function}()"),
        format!("SELECT nextval('{sequence}')::text"),
        format!("SELECT setval('{sequence}', 1)::text"),
        format!(
            "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        ),
        format!("DROP SEQUENCE {sequence}"),
    ] {
        let done = server.sql_as("srk_a_migrator", &owner, "srk_a", &format!("SET ROLE srk_a_owner; {sql}"));
        assert_eq!(done.err().as_deref(), Some("42501"), "{sql}");
    }

    // Its counter is part of the plan, and is removed with the entry.
    service.of_owner("ALTER TABLE counter DISABLE TRIGGER martydb_cache");
    assert_ne!(project.json(&["plan", "--check"], 3)["changes"].as_array().unwrap().len(), 0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    service.warm("rest/counter?id=eq.2");
    let without =
        project.read("martydb.yaml").replace("cache: { counter: 60s, customer: 1h, slow: 60s }, ", "");
    project.write("martydb.yaml", &without);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let left = "SELECT (SELECT count(*) FROM pg_trigger WHERE tgname = 'martydb_cache') || ' ' || (SELECT count(*) FROM pg_class WHERE relname LIKE 'cache\\_%')";
    assert_eq!(server.value("srk_a", left), "0 0");
    assert!(!is_hit(&service.read("rest/counter?id=eq.2")));
}

/// Writes of every kind, also such as switch the trigger off for themselves: the next answer has each.
fn writes(service: &KeptService<'_>) {
    let path = "rest/counter?select=value&id=eq.1";
    for (number, sql) in [
        "UPDATE counter SET value = $1 WHERE id = 1",
        "DELETE FROM counter WHERE id = 1; INSERT INTO counter VALUES (1, $1)",
        "TRUNCATE counter; INSERT INTO counter SELECT n, $1 FROM generate_series(1, 50) AS n",
        "INSERT INTO counter VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET value = $1",
        "BEGIN; ALTER TABLE counter DISABLE TRIGGER martydb_cache; UPDATE counter SET value = $1 WHERE id = 1; ALTER TABLE counter ENABLE ALWAYS TRIGGER martydb_cache; COMMIT",
        "ALTER TABLE counter DISABLE TRIGGER ALL; UPDATE counter SET value = $1 WHERE id = 1",
        "UPDATE counter SET value = $1 WHERE id = 1; ALTER TABLE counter ENABLE TRIGGER slow_counter; ALTER TABLE counter ENABLE ALWAYS TRIGGER martydb_cache",
        "BEGIN; CREATE TABLE above (value int); ALTER TABLE counter INHERIT above; UPDATE above SET value = $1; ALTER TABLE counter NO INHERIT above; DROP TABLE above; COMMIT",
        "BEGIN; SAVEPOINT s; UPDATE counter SET value = 0; ROLLBACK TO s; UPDATE counter SET value = $1; COMMIT",
    ]
    .into_iter()
    .enumerate()
    {
        let value = (number + 1000).to_string();
        if number != 6 {
            service.warm(path);
        }
        service.of_owner(&sql.replace("$1", &value));
        let found = service.read(path);
        assert!(found.body.contains(&value) && !is_hit(&found), "{sql}: {}", found.body);
    }
    service.warm(path);
    service
        .server
        .sql("srk_a", "SET session_replication_role = replica; UPDATE counter SET value = 7 WHERE id = 1");
    assert_eq!(service.read(path).json()[0]["value"], 7);
    service.warm(path);
    let done = service.api.write("PATCH", "counter/1", serde_json::json!({"value": 8}));
    assert_eq!((done.status, service.read(path).json()[0]["value"].as_i64()), (200, Some(8)));

    // One that is open: what is read meanwhile is not kept for afterwards.
    service.warm(path);
    std::thread::scope(|scope| {
        let open = scope.spawn(|| {
            service.of_owner("BEGIN; UPDATE counter SET value = 9 WHERE id = 1; SELECT pg_sleep(1); COMMIT");
        });
        until("the writer has counted", || !is_hit(&service.read(path)));
        let meanwhile = service.read(path);
        assert_eq!((meanwhile.json()[0]["value"].as_i64(), is_hit(&meanwhile)), (Some(8), false));
        open.join().unwrap();
    });
    assert_eq!(service.read(path).json()[0]["value"], 9);

    // Another table of the name, whose writes are not counted.
    service.warm(path);
    service.of_owner("ALTER TABLE counter RENAME TO former; CREATE TABLE counter AS SELECT * FROM former; UPDATE counter SET value = 10");
    for value in [10, 11] {
        let found = service.read(path);
        assert_eq!((found.json()[0]["value"].as_i64(), is_hit(&found)), (Some(value), false));
        service.of_owner("UPDATE counter SET value = value + 1");
    }
    service.of_owner("DROP TABLE counter; ALTER TABLE former RENAME TO counter");

    // A renamed column counts as another one.
    service.warm(path);
    service.of_owner("ALTER TABLE counter RENAME value TO other");
    assert_ne!(service.read(path).status, 200);
    service.of_owner("ALTER TABLE counter RENAME other TO value");
    until("the column is there again", || service.read(path).status == 200);
}

/// Checks which answers are cached for which caller, and which are not cached.
fn limits(service: &KeptService<'_>) {
    let path = "api/db/counter?limit=2&order=id";
    let kept = service.warm(path);
    let writer =
        service.api.service.ask("GET", &format!("/srk_a/{path}"), Some(&service.api.writer), &[], "");
    assert_eq!(
        (is_hit(&writer), &writer.body),
        (false, &kept.body),
        "another caller, whose claims are others"
    );
    let tag = kept.header("etag").unwrap().to_owned();
    let known = [("If-None-Match", tag.as_str())];
    let again =
        service.api.service.ask("GET", &format!("/srk_a/{path}"), Some(&service.api.reader), &known, "");
    assert_eq!((again.status, is_hit(&again)), (304, true));
    for path in [
        "api/db/counter/2",
        "api/db/counter/count",
        "rest/counter?select=value.sum()",
        "rest/counter?select=id::text&limit=1",
    ] {
        service.warm(path);
    }
    let ask = |path: &str, headers: &[(&str, &str)]| {
        service.api.service.ask("GET", &format!("/srk_a/{path}"), Some(&service.api.reader), headers, "")
    };
    let zone = [("Prefer", "timezone=Asia/Tokyo")];
    assert!(!is_hit(&ask("rest/counter?select=id::text&limit=1", &zone)), "another time zone");
    assert!(!is_hit(&ask("rest/counter?select=id::text&limit=1", &[("Accept", "text/csv")])), "another form");
    service.warm("rest/customer?name=neq.then");
    service.warm("rest/customer?select=name");
    for (path, headers) in [
        ("rest/customer?select=name,invoice(cents)", &[][..]),
        ("rest/customer?name=neq.now", &[]),
        ("rest/counter?limit=1", &[("Prefer", "count=planned")]),
        ("rest/counter?limit=1", &[("Read-Preference", "secondary")]),
    ] {
        let hits = (0..2).filter(|_| is_hit(&ask(path, headers))).count();
        // Without a replica a preference changes nothing.
        assert_eq!(hits, usize::from(path.contains("counter") && headers[0].1 == "secondary"), "{path}");
    }
}

/// A privilege that is gone, and policies.
fn grants(service: &KeptService<'_>) {
    let path = "rest/counter?id=eq.3";
    for (taken, given) in [
        ("REVOKE SELECT ON counter FROM srk_a_serve_ro", "GRANT SELECT ON counter TO srk_a_serve_ro"),
        (
            "REVOKE USAGE ON SCHEMA public FROM srk_a_serve_ro, PUBLIC",
            "GRANT USAGE ON SCHEMA public TO srk_a_serve_ro",
        ),
        (
            "REVOKE SELECT ON counter FROM srk_a_serve_ro; GRANT SELECT (id) ON counter TO srk_a_serve_ro",
            "REVOKE SELECT (id) ON counter FROM srk_a_serve_ro; GRANT SELECT ON counter TO srk_a_serve_ro",
        ),
    ] {
        service.warm(path);
        service.of_owner(taken);
        assert_eq!(service.read(path).status, 403, "{taken}");
        service.of_owner(given);
    }
    service.warm(path);
    service.of_owner("ALTER TABLE counter ENABLE ROW LEVEL SECURITY");
    let hidden = service.read(path);
    assert_eq!((hidden.body.as_str(), is_hit(&hidden)), ("[]", false));
    service.of_owner("ALTER TABLE counter DISABLE ROW LEVEL SECURITY");
    service.warm(path);
}
