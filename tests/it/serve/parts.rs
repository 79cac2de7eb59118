//! Processes for a part of the services (`serve -s`), and callers without a key, who get the login of the service that they ask.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::client::{Answer, DataService, ask_at};
use super::several::Balancer;
use super::{key, project};
use crate::support::{Admin, Project, Server, until};

const STORE: &str = ".martydb/secrets/development.yaml";

/// Two equal processes, and the balancer before them.
struct TwoProcesses {
    processes: [DataService; 2],
    balancer: Balancer,
}

impl TwoProcesses {
    fn start(start: impl Fn() -> DataService) -> TwoProcesses {
        let processes = [start(), start()];
        let balancer = Balancer::start(processes.iter().map(|one| one.address().to_owned()).collect());
        TwoProcesses { processes, balancer }
    }

    /// Asks each of them.
    fn ask(&self, method: &str, path: &str, key: Option<&str>, body: &str) -> [Answer; 2] {
        let headers = [("Prefer", "return=representation")];
        [(); 2].map(|()| ask_at(&self.balancer.address, method, path, key, &headers, body))
    }

    fn get(&self, path: &str, key: Option<&str>) -> [Answer; 2] {
        self.ask("GET", path, key, "")
    }

    fn statuses(&self, path: &str, key: Option<&str>) -> [u16; 2] {
        self.get(path, key).map(|answer| answer.status)
    }
}

/// Returns the logins of services that have connected, each with its database, by the server's log.
fn connected(log: &str) -> BTreeSet<&str> {
    let authorized = log.lines().filter(|line| line.contains("connection authorized"));
    let logins = authorized.filter_map(|line| line.split(' ').nth(1));
    logins.filter(|login| !login.starts_with("postgres@")).collect()
}

#[test]
fn a_process_for_a_part_needs_no_password_of_the_others() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "snp", "{}");
    let [reader, other] = ["reader", "other"].map(|caller| key(&project, caller));
    // Neither a password of the other service nor its database is there.
    let lines = project.read(STORE);
    let lines = lines.lines().filter(|line| !line.contains("snp_b_serve")).map(|line| format!("{line}\n"));
    project.write(STORE, &lines.collect::<String>());
    for needed in [&["serve"][..], &["serve", "-s", "snp_a,snp_b"], &["serve", "-s", "snp_b"]] {
        let done = project.run(needed).expect(5);
        assert!(done.stderr.contains("no password of snp_b_serve"), "{}", done.stderr);
    }
    server.sql("postgres", "ALTER DATABASE snp_b ALLOW_CONNECTIONS false");
    let mark = server.log().len();
    let both = TwoProcesses::start(|| DataService::start_part(&project, "snp_a"));

    assert_eq!(both.statuses("/snp_a/rest/customer", Some(&reader)), [200; 2]);
    assert_eq!(both.statuses("/snp_a/rest/customer", None), [401; 2]);
    assert_eq!(both.statuses("/snp_a/rest/customer", Some(&other)), [401; 2]);
    elsewhere(&both, &[None, Some(reader.as_str()), Some(other.as_str()), Some("wrong")]);
    both.processes.iter().for_each(DataService::reload);
    let is_reloaded = |one: &DataService| one.said().contains("reloaded: serving rows of snp_a\n");
    until("both have read the manifest again", || both.processes.iter().all(is_reloaded));
    elsewhere(&both, &[None, Some(other.as_str())]);
    assert_eq!(both.statuses("/snp_a/rest/customer", Some(&reader)), [200; 2]);

    ready_by_its_part(&both, &server);
    let databases = "SELECT string_agg(DISTINCT datname, ',') FROM pg_stat_activity WHERE application_name = 'martydb serve'";
    assert_eq!(server.value("postgres", databases), "snp_a");
    let log = server.log_since(mark);
    assert_eq!(connected(&log), BTreeSet::from(["snp_a_serve_ro@snp_a"]));
    // A login that is refused has a line too.
    let others: Vec<&str> = log.lines().filter(|line| line.contains("snp_b")).collect();
    assert!(others.is_empty(), "{others:#?}");
}

/// Checks the answers for services of another process: each face answers everyone alike, as for a service that does
/// not exist.
fn elsewhere(both: &TwoProcesses, keys: &[Option<&str>]) {
    for path in ["rest/customer", "api/db/customer/1", "api/db/health", "api/openapi.json", "api/docs"] {
        for key in keys {
            let found = both.get(&format!("/snp_b/{path}"), *key);
            let none = both.get(&format!("/nowhere/{path}"), *key);
            for (found, none) in found.into_iter().zip(none) {
                let reported = found.json();
                assert_eq!(
                    (found.status, &reported["code"]),
                    (404, &json!("MDB014")),
                    "{path}: {}",
                    found.body
                );
                assert_eq!(reported["message"], "this process does not serve \"snp_b\"");
                assert!(reported["hint"].as_str().unwrap().contains("another process"), "{reported}");
                assert_eq!((none.status, none.body), (404, found.body.replace("snp_b", "nowhere")));
            }
        }
    }
}

/// Their part decides if they are ready: the other database takes no connections all the time.
fn ready_by_its_part(both: &TwoProcesses, server: &Server) {
    assert_eq!(both.statuses("/ready", None), [200; 2]);
    server.sql("postgres", "ALTER DATABASE snp_a ALLOW_CONNECTIONS false");
    let closed =
        "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE datname = 'snp_a'";
    assert_ne!(server.value("postgres", closed), "0");
    until("neither is ready", || both.statuses("/ready", None) == [503; 2]);
    server.sql("postgres", "ALTER DATABASE snp_a ALLOW_CONNECTIONS true");
    until("both are ready", || both.statuses("/ready", None) == [200; 2]);
}

/// Four services: requests without a key have another kind of login at each of the first three, and none at the last.
fn anonymous_project(server: &Server) -> Project {
    let mut text = format!(
        "version: 1\nproject: sno\nservers:\n  main:\n    url: {}\naccess:\n  \
         sno_report: {{ login: true, read: [sno_c], reason: figures }}\nserve:\n  listen: 127.0.0.1:0\n  callers:\n    \
         named: {{ service: sno_a, as: read }}\n    anonymous:\n      - {{ service: sno_a, as: read }}\n      \
         - {{ service: sno_b, as: write, rate: 5/s }}\n      - {{ service: sno_c, access: sno_report }}\nservices:\n",
        server.url_of(Admin::Super)
    );
    text.extend(["a", "b", "c", "d"].map(|name| format!("  sno_{name}: {{ serve: {{}} }}\n")));
    let project = Project::with_manifest(&text);
    for name in ["a", "b", "c", "d"] {
        let file = format!("sno_{name}/migrations/V1__visit");
        project.write(
            &format!("{file}.sql"),
            "CREATE TABLE visit (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, login text NOT NULL DEFAULT session_user);\n\
             CREATE VIEW me AS SELECT session_user::text AS login;\n",
        );
        project.write(&format!("{file}.down.sql"), "DROP VIEW me;\nDROP TABLE visit;\n");
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    project
}

#[test]
fn a_caller_without_a_key_gets_the_login_of_the_requested_service() {
    let server = Server::start();
    let project = anonymous_project(&server);
    let named = key(&project, "named");
    let mark = server.log().len();
    let both = TwoProcesses::start(|| DataService::start(&project));

    for (service, login) in [("a", "sno_a_serve_ro"), ("b", "sno_b_serve_ro"), ("c", "sno_report")] {
        for answer in both.get(&format!("/sno_{service}/rest/me"), None) {
            assert_eq!((answer.status, answer.json()), (200, json!([{ "login": login }])), "{service}");
        }
    }
    for (service, expected) in [("a", 403), ("b", 201), ("c", 403), ("d", 401), ("nowhere", 401)] {
        for answer in both.ask("POST", &format!("/sno_{service}/rest/visit"), None, "{}") {
            assert_eq!(answer.status, expected, "{service}: {}", answer.body);
            let login = answer.json().pointer("/0/login").and_then(Value::as_str).map(str::to_owned);
            assert_eq!(login.as_deref(), (expected == 201).then_some("sno_b_serve"), "{service}");
        }
    }
    assert_eq!(both.statuses("/sno_d/rest/me", None), [401; 2]);
    // A key stands for its caller, also where requests without one are taken.
    assert_eq!(both.statuses("/sno_a/rest/me", Some(&named)), [200; 2]);
    assert_eq!(both.statuses("/sno_b/rest/me", Some(&named)), [403; 2]);
    assert_eq!(both.statuses("/sno_b/rest/me", Some("wrong")), [401; 2]);

    // The budget of one service is not that of another.
    let [process, _] = &both.processes;
    let status = |service: &str| process.ask("GET", &format!("/sno_{service}/rest/me"), None, &[], "").status;
    until("the rate is reached", || status("b") == 429);
    assert_eq!([status("a"), status("c")], [200; 2]);

    let expected = [
        "a_serve_ro@sno_a", "b_serve@sno_b", "b_serve_ro@sno_b", "c_serve_ro@sno_c", "d_serve_ro@sno_d",
        "report@sno_c",
    ];
    let expected: Vec<String> = expected.iter().map(|login| format!("sno_{login}")).collect();
    let expected = expected.iter().map(String::as_str).collect();
    // The catalog of a service without requests is read in the background.
    until("each login and no other has connected", || connected(&server.log_since(mark)) == expected);
    drop(both);
    reported(&project);
    in_parts(&project);
}

/// Checks the output of the commands about such callers.
fn reported(project: &Project) {
    let checked = project.json(&["serve", "check"], 0);
    let rows = checked["callers"].as_array().unwrap().iter().filter(|row| row["caller"] == "anonymous");
    let rows: Vec<&str> = rows.map(|row| row["login"].as_str().unwrap()).collect();
    assert_eq!(rows, ["sno_a_serve_ro", "sno_b_serve", "sno_report"]);
    let document = project.run(&["serve", "openapi", "-s", "sno_b", "--caller", "anonymous"]).expect(0);
    assert_eq!(document.json()["security"], json!([{}]));
    let refused = project.run(&["serve", "openapi", "-s", "sno_d", "--caller", "anonymous"]).expect(2);
    assert!(refused.stderr.contains("has no caller \"anonymous\""), "{}", refused.stderr);
    let refused = project.run(&["serve", "key", "new", "anonymous"]).expect(2);
    assert!(refused.stderr.contains("requests without a key"), "{}", refused.stderr);
}

/// Processes for parts take the entries of their own services.
fn in_parts(project: &Project) {
    for (part, expected) in [("a", [200, 404, 404]), ("b", [404, 200, 404]), ("d", [404, 404, 401])] {
        let service = DataService::start_part(project, &format!("sno_{part}"));
        let found = ["a", "b", "d"]
            .map(|name| service.ask("GET", &format!("/sno_{name}/rest/me"), None, &[], "").status);
        assert_eq!(found, expected, "{part}");
    }
}
