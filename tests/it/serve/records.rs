//! The data service's own records: an audit row for each write and one answer for each idempotency key, both in the
//! transaction of the write, in a schema that no role of the service can change.

use std::sync::{Arc, Mutex};
use std::thread;

use super::client::{Answer, DataService};
use super::{key, project};
use crate::support::{Admin, Project, Server, Shared, as_both_admins, until_some};

/// Code of a hostile service: it runs in the transaction of each write, with the data service's own login.
const HOSTILE: &str = "\
CREATE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE attempt text;
BEGIN
  FOREACH attempt IN ARRAY ARRAY[
    'DELETE FROM martydb_serve.audit',
    'UPDATE martydb_serve.audit SET caller = ''other''',
    'TRUNCATE martydb_serve.audit',
    'ALTER TABLE martydb_serve.audit DISABLE ROW LEVEL SECURITY',
    'CREATE TRIGGER mine BEFORE INSERT ON martydb_serve.audit EXECUTE FUNCTION tamper()',
    'INSERT INTO martydb_serve.audit (login, caller, collection, op, rows) VALUES (''other'', ''x'', ''x'', ''x'', 1)',
    'INSERT INTO martydb_serve.audit (at, caller, collection, op, rows) VALUES (''2000-01-01'', ''x'', ''x'', ''x'', 1)',
    'SET SESSION AUTHORIZATION shop_owner',
    'DEALLOCATE ALL'
  ] LOOP
    BEGIN EXECUTE attempt; EXCEPTION WHEN others THEN NULL; END;
  END LOOP;
  PERFORM set_config('search_path', 'public', false);
  RETURN NULL;
END $$;
CREATE TRIGGER tamper AFTER INSERT OR UPDATE OR DELETE ON customer EXECUTE FUNCTION tamper();
CREATE FUNCTION add_customer(name text) RETURNS customer LANGUAGE sql AS
  'INSERT INTO customer (name) VALUES ($1) RETURNING *';
";

fn changes(project: &Project, code: i32) -> usize {
    project.json(&["plan", "--check"], code)["changes"].as_array().unwrap().len()
}

fn named(name: &str) -> String {
    format!(r#"{{"name":"{name}"}}"#)
}

const EXPOSURE: &str = "{ audit: all, rollback: true, limits: { functions: [add_customer] } }";

/// Makes a service whose code is hostile, and whose requests are recorded.
fn recorded(server: &Server, admin: Admin) -> Project {
    let project = project(server, admin, "sra", EXPOSURE);
    project.write("sra_a/migrations/V2__hostile.sql", HOSTILE);
    project.write(
        "sra_a/migrations/V2__hostile.down.sql",
        "DROP TRIGGER tamper ON customer;\nDROP FUNCTION tamper();\nDROP FUNCTION add_customer(text);\n",
    );
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project
}

/// Recorded service for one kind of admin, in the order in which its parts end.
struct Recorded {
    service: DataService,
    reader: String,
    writer: String,
    project: Project,
    server: Server,
}

impl Recorded {
    /// Returns a service whose tests take turns: each leaves its tables as they were.
    fn shared(admin: Admin) -> Arc<Mutex<Recorded>> {
        static SHARED: [Shared<Mutex<Recorded>>; 2] = [Shared::new(), Shared::new()];
        SHARED[usize::from(admin == Admin::Limited)].get(|| {
            let server = Server::for_admin(admin);
            let project = recorded(&server, admin);
            let [reader, writer] = ["reader", "writer"].map(|caller| key(&project, caller));
            let service = DataService::start(&project);
            Mutex::new(Recorded { service, reader, writer, project, server })
        })
    }

    fn write(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
        let path = format!("/sra_a/rest/{path}");
        self.service.ask(method, &path, Some(&self.writer), headers, body).status
    }

    /// Returns one value of each record after a time.
    fn audit(&self, after: &str, value: &str) -> String {
        let values = format!("SELECT coalesce(string_agg({value}, ',' ORDER BY at), '')");
        self.server.value("sra_a", &format!("{values} FROM martydb_serve.audit WHERE at > '{after}'"))
    }
}

const COUNT: &str = "SELECT count(*)::text FROM martydb_serve.audit";

as_both_admins!(each_write_is_recorded_once_and_unforgeably, |admin| {
    let shared = Recorded::shared(admin);
    let recorded = shared.lock().unwrap();
    let start = recorded.server.value("postgres", "SELECT clock_timestamp()");
    let write = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        recorded.write(method, path, headers, body)
    };
    let named_request = [("X-Request-Id", "r-1"), ("Prefer", "return=representation")];
    for (expected, method, path, headers, body) in [
        (201, "POST", "customer", &named_request[..], named("Ada")),
        (204, "PATCH", "customer?id=eq.99", &[], named("Bob")),
        (409, "POST", "customer", &[], named("Ada")),
        (201, "POST", "customer", &[("Prefer", "tx=rollback")], named("Eve")),
        (200, "POST", "rpc/add_customer", &[], named("Cyd")),
        (204, "DELETE", "customer?name=eq.Cyd", &[], String::new()),
    ] {
        assert_eq!(write(method, path, headers, &body), expected, "{method} {path}");
    }
    let audit = |value: &str| recorded.audit(&start, value);
    assert_eq!(
        audit("concat_ws(' ', op, collection, key, rows)"),
        "insert public.customer id=eq.1 1,update public.customer id=eq.99 0,call public.add_customer 1,\
         delete public.customer name=eq.Cyd 1"
    );
    assert_eq!(
        audit("concat_ws(' ', login, caller, request)").split(',').next(),
        Some("sra_a_serve writer r-1")
    );
    assert!(audit("login::text").split(',').all(|login| login == "sra_a_serve"));
    let read = recorded.service.ask("GET", "/sra_a/rest/customer?id=eq.1", Some(&recorded.reader), &[], "");
    assert_eq!(read.status, 200);
    let last = audit("concat_ws(' ', login, caller, op, key, rows)");
    assert_eq!(last.rsplit(',').next(), Some("sra_a_serve_ro reader read id=eq.1 1"));
});

// The database refuses, whatever the program does.
as_both_admins!(no_role_of_the_service_changes_or_forges_a_record, |admin| {
    let shared = Recorded::shared(admin);
    let Recorded { server, project, .. } = &*shared.lock().unwrap();
    let insert = |columns: &str, values: &str| {
        format!(
            "INSERT INTO martydb_serve.audit (caller, collection, op, rows{columns}) VALUES ('c', 't', 'insert', 1{values})"
        )
    };
    for (role, sql) in [
        ("sra_a_serve", insert(", login", ", 'sra_a_serve_ro'")),
        ("sra_a_serve", insert(", at", ", '2000-01-01'")),
        ("sra_a_serve", "UPDATE martydb_serve.audit SET rows = 0".into()),
        ("sra_a_serve", "DELETE FROM martydb_serve.audit".into()),
        ("sra_a_serve", "TRUNCATE martydb_serve.audit".into()),
        ("sra_a_serve", "SELECT 1::text FROM martydb_serve.audit".into()),
        ("sra_a_serve", "ALTER TABLE martydb_serve.audit DISABLE ROW LEVEL SECURITY".into()),
        ("sra_a_serve", "CREATE TABLE martydb_serve.mine (i int)".into()),
        ("sra_a_serve_ro", "SELECT 1::text FROM martydb_serve.requests".into()),
        ("sra_a_app", "SELECT 1::text FROM martydb_serve.audit".into()),
        ("sra_a_migrator", "SET ROLE sra_a_owner; DROP SCHEMA martydb_serve CASCADE".into()),
        ("sra_a_migrator", "SET ROLE sra_a_owner; DROP TABLE martydb_serve.audit".into()),
        ("sra_a_migrator", "SET ROLE sra_a_owner; ALTER SCHEMA martydb_serve RENAME TO mine".into()),
        ("sra_a_migrator", "SET ROLE sra_a_owner; SELECT 1::text FROM martydb_serve.requests".into()),
        (
            "sra_a_migrator",
            "SET ROLE sra_a_owner; CREATE VIEW mine AS SELECT * FROM martydb_serve.audit".into(),
        ),
    ] {
        let done = server.sql_as(role, &project.password(role), "sra_a", &sql);
        assert_eq!(done.err().as_deref(), Some("42501"), "{role}: {sql}");
    }
});

as_both_admins!(apply_restores_the_tables_of_records_with_their_rows, |admin| {
    let shared = Recorded::shared(admin);
    let recorded = shared.lock().unwrap();
    let Recorded { server, project, .. } = &*recorded;
    assert_eq!(changes(project, 0), 0);
    let findings = project.run(&["verify-isolation", "-o", "json"]).json()["findings"].clone();
    assert!(!findings.to_string().contains("_serve"), "{findings:#}");

    assert_eq!(recorded.write("PATCH", "customer?id=eq.0", &[], &named("Bob")), 204);
    let rows = server.value("sra_a", COUNT);
    for sql in [
        "ALTER TABLE martydb_serve.audit ALTER login SET DEFAULT 'other'",
        "ALTER TABLE martydb_serve.audit ALTER caller DROP NOT NULL, ADD note text; CREATE INDEX ON martydb_serve.audit (note)",
        "ALTER TABLE martydb_serve.audit DISABLE ROW LEVEL SECURITY",
        "DROP POLICY keep ON martydb_serve.requests",
        "CREATE POLICY more ON martydb_serve.requests USING (true)",
        "CREATE TRIGGER tamper BEFORE INSERT ON martydb_serve.audit EXECUTE FUNCTION public.tamper()",
        "DROP INDEX martydb_serve.requests_at",
        "GRANT DELETE ON martydb_serve.audit TO sra_a_serve",
        "GRANT USAGE ON SCHEMA martydb_serve TO sra_a_app",
    ] {
        server.sql("sra_a", sql);
    }
    assert!(changes(project, 3) >= 4);
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(changes(project, 0), 0);
    assert_eq!(server.value("sra_a", COUNT), rows);
    assert_eq!(recorded.write("PATCH", "customer?id=eq.0", &[], &named("Bob")), 204);
});

as_both_admins!(records_are_removed_with_the_exposure_and_only_by_prune, |admin| {
    let server = Server::for_admin(admin);
    let project = recorded(&server, admin);
    let text = project.read("martydb.yaml").replace(&format!("    serve: {EXPOSURE}\n"), "");
    let text = text.lines().filter(|line| !line.contains("service: sra_a")).collect::<Vec<_>>().join("\n");
    let before = project.read("martydb.yaml");
    project.write("martydb.yaml", &text);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let schema = "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'martydb_serve'";
    assert_eq!(server.value("sra_a", schema), "1");
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert_eq!(server.value("sra_a", schema), "0");
    project.write("martydb.yaml", &before);
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(changes(&project, 0), 0);
    project.run(&["drop", "sra_a", "--confirm", "sra_a"]).expect(0);
    let left = "SELECT count(*)::text FROM pg_roles WHERE rolname LIKE 'sra_a%'";
    assert_eq!(server.value("postgres", left), "0");
    assert!(!project.read(".martydb/secrets/development.yaml").contains("sra_a_serve"));
});

#[test]
fn a_request_with_a_key_is_executed_once_and_its_answer_repeated() {
    let server = Server::for_admin(Admin::Super);
    let project = project(&server, Admin::Super, "srk", "{ audit: writes }");
    let text = project.read("martydb.yaml");
    let second = "    second: { service: srk_a, as: write }\n";
    project.write("martydb.yaml", &text.replace("    other:", &format!("{second}    other:")));
    let [writer, other] = ["writer", "second"].map(|caller| key(&project, caller));
    let service = DataService::start(&project);
    let ask = |key: &str, id: &str, prefer: &str, body: &str| {
        let headers = [("Idempotency-Key", id), ("Prefer", prefer)];
        service.ask("POST", "/srk_a/rest/customer", Some(key), &headers, body)
    };
    let rows = |text: &str| server.value("srk_a", &format!("SELECT count(*)::text FROM {text}"));
    let whole = "return=representation";
    let first = ask(&writer, "k-1", whole, &named("Ada"));
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None), "{}", first.body);
    let again = ask(&writer, "k-1", whole, &named("Ada"));
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!(
        (again.body.as_str(), again.header("content-range")),
        (first.body.as_str(), first.header("content-range"))
    );
    assert_eq!((rows("customer"), rows("martydb_serve.audit")), ("1".into(), "1".into()));

    // Another body is another request, and another caller has keys of its own. What failed was not done.
    let refused = ask(&writer, "k-1", whole, &named("Bob"));
    assert_eq!((refused.status, refused.json()["code"].as_str().unwrap()), (422, "MDB006"));
    assert_eq!(ask(&other, "k-1", whole, &named("Cyd")).status, 201);
    assert_eq!(ask(&writer, "k-2", whole, &named("Ada")).status, 409);
    assert_eq!(ask(&writer, "k-2", whole, &named("Dan")).status, 201);
    for wrong in ["", "a b", "ä", &"x".repeat(256), &"x".repeat(9000)] {
        assert_eq!(ask(&writer, wrong, whole, &named("Eve")).status, 400, "{wrong}");
    }
    assert_eq!(rows("customer"), "3");

    // All at once, one is done.
    let answers: Vec<Answer> = thread::scope(|scope| {
        let one = || ask(&writer, "k-3", whole, &named("Fay"));
        let all: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == answers[0].body));
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count(), 1);
    assert_eq!((rows("customer"), rows("martydb_serve.audit")), ("4".into(), "4".into()));

    // The database keeps an answer as it is, and removes none before its time.
    let role = |sql: &str| server.sql_as("srk_a_serve", &project.password("srk_a_serve"), "srk_a", sql);
    assert!(role("UPDATE martydb_serve.requests SET status = 500").is_ok());
    assert!(role("DELETE FROM martydb_serve.requests").is_ok());
    assert_eq!(rows("martydb_serve.requests WHERE status = 201"), "4");
    let forged = "INSERT INTO martydb_serve.requests (caller, claims, key, fingerprint, at) VALUES ('writer', '', 'k', '', '2000-01-01')";
    assert_eq!(role(forged).err().as_deref(), Some("42501"));
    server
        .sql("srk_a", "UPDATE martydb_serve.requests SET at = now() - interval '25 hours' WHERE key = 'k-3'");
    assert!(role("DELETE FROM martydb_serve.requests").is_ok());
    assert_eq!(rows("martydb_serve.requests"), "3");

    // Without the schema, every write is refused, because it could not be recorded.
    server.sql("srk_a", "REVOKE INSERT ON martydb_serve.audit FROM srk_a_serve");
    let unrecorded = service.ask("POST", "/srk_a/rest/customer", Some(&writer), &[], &named("Gil"));
    assert_eq!((unrecorded.status, unrecorded.json()["code"].as_str().unwrap()), (503, "MDB011"));
    assert_eq!(rows("customer"), "4");
}

#[test]
fn a_killed_process_leaves_no_partial_and_no_repeated_write() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "srx", "{ pool: { max: 4, wait: 10s, processes: 8 } }");
    let writer = key(&project, "writer");
    let path = "/srx_a/rest/customer";
    let mut answers: Vec<(String, String)> = vec![];
    for (kill, wait) in [0, 3, 9, 25].into_iter().enumerate() {
        let names: Vec<String> = (0..4).map(|number| format!("k{kill}-{number}")).collect();
        let service = DataService::start(&project);
        let send = |name: &String| service.send("POST", path, Some(&writer), &headers(name), &named(name));
        let sent: Vec<_> = names.iter().map(send).collect();
        thread::sleep(std::time::Duration::from_millis(wait));
        service.kill();
        drop((sent, service));
        let again = DataService::start(&project);
        let answered = |name: &String| {
            let ask = || again.ask("POST", path, Some(&writer), &headers(name), &named(name));
            let answer =
                until_some("the request is answered", || Some(ask()).filter(|one| one.status == 201));
            (name.clone(), answer.body)
        };
        answers.extend(names.iter().map(answered));
    }
    let service = DataService::start(&project);
    for (name, body) in &answers {
        let again = service.ask("POST", path, Some(&writer), &headers(name), &named(name));
        assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), body), "{name}");
    }
    let expected = answers.len().to_string();
    for what in ["customer", "martydb_serve.audit", "martydb_serve.requests WHERE status = 201"] {
        assert_eq!(server.value("srx_a", &format!("SELECT count(*)::text FROM {what}")), expected, "{what}");
    }
}

fn headers(name: &str) -> [(&str, &str); 2] {
    [("Idempotency-Key", name), ("Prefer", "return=representation")]
}
