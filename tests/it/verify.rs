//! The verifier looks, it does not remember.

use serde_json::Value;

use crate::support::{Link, Project, Server};

fn provisioned(prefix: &str) -> (Server, Project) {
    let server = Server::start();
    let project = Project::new(&server, prefix);
    let _ = project.run(&["init-all", "-y"]).expect(0);
    (server, project)
}

fn cells<'a>(document: &'a Value, role: &str) -> Vec<&'a Value> {
    document["matrix"].as_array().unwrap().iter().filter(|cell| cell["role"] == role).collect()
}

#[test]
fn a_grant_by_hand_is_a_breach_until_apply_takes_it_back() {
    let (server, project) = provisioned("breach");
    server.sql("postgres", "GRANT CONNECT ON DATABASE breach_a TO breach_b_app");
    let plan = project.json(&["plan", "--check"], 3);
    assert!(
        plan["changes"][0]["reason"].as_str().unwrap().contains("breach_b_app holds CONNECT"),
        "{plan:#}"
    );

    let document = project.json(&["verify-isolation"], 4);
    let finding = &document["findings"][0];
    assert_eq!(finding["service"], "breach_a");
    assert_eq!(finding["role"], "breach_b_app");
    assert_eq!(finding["severity"], "critical");
    assert_eq!(finding["fix"], "REVOKE CONNECT ON DATABASE \"breach_a\" FROM \"breach_b_app\";");

    let _ = project.run(&["apply", "--all"]).expect(0);
    let _ = project.run(&["plan", "--check"]).expect(0);
    let _ = project.run(&["verify-isolation"]).expect(0);
}

#[test]
fn the_log_has_one_attempt_for_each_cell() {
    let (server, project) = provisioned("cells");
    let mark = server.log().len();
    let document = project.json(&["verify-isolation"], 0);
    let log = server.log_since(mark);
    let matrix = document["matrix"].as_array().unwrap();
    assert_eq!(matrix.len(), 24);
    for cell in matrix {
        let who = format!(" {}@{} ", cell["role"].as_str().unwrap(), cell["database"].as_str().unwrap());
        // One process of the server for each attempt; physical replication names no database.
        let pids = log.lines().filter(|line| line.contains(&who)).filter_map(|line| line.split(' ').next());
        let pids: std::collections::BTreeSet<&str> = pids.collect();
        let beside = document["trials"].as_array().unwrap().iter().filter(|trial| {
            trial["role"] == cell["role"]
                && trial["database"] == cell["database"]
                && !trial["way"].as_str().unwrap().contains("replication=true")
        });
        // All queries inside a database use one session.
        let (inside, beside): (Vec<&Value>, Vec<&Value>) =
            beside.partition(|trial| trial["way"].as_str().unwrap().starts_with("inside: "));
        let query = usize::from(cell["outcome"] == "allowed");
        assert_eq!(query == 1, inside.len() > 10, "{who}: {document:#}");
        assert_eq!(pids.len(), 1 + query + beside.len(), "{who} in\n{log}");
        let reported = match cell["outcome"].as_str().unwrap() {
            "allowed" => "connection authorized",
            _ => "FATAL",
        };
        assert!(log.lines().any(|line| line.contains(&who) && line.contains(reported)), "{who} in\n{log}");
    }
}

/// Nothing that fail2ban, PAM or an alert on errors counts.
#[test]
fn gentle_probes_send_no_wrong_password_and_no_forbidden_statement() {
    let (server, project) = provisioned("gentle");
    let mark = server.log().len();
    let document = project.json(&["verify-isolation", "--probes", "gentle"], 0);
    let log = server.log_since(mark);
    assert_eq!(document["matrix"].as_array().unwrap().len(), 24);
    assert!(!log.contains("password authentication failed"), "{log}");
    assert!(!log.contains("ERROR:"), "{log}");
    let what = "wrong passwords, and statements that must be refused, on server main";
    assert!(
        document["not_examined"].as_array().unwrap().iter().any(|note| note["what"] == what),
        "{document:#}"
    );
    let louder = project.json(&["verify-isolation"], 0);
    assert!(louder["trials"].as_array().unwrap().len() > document["trials"].as_array().unwrap().len());
    assert!(server.log_since(mark).contains("password authentication failed"));
}

/// An inconclusive attempt must never count as a denial.
#[test]
fn a_login_that_cannot_reach_its_own_database_is_inconclusive() {
    let (server, project) = provisioned("moot");
    let spoil: [(&str, &str); 2] = [
        ("ALTER ROLE moot_a_app NOLOGIN", "ALTER ROLE moot_a_app LOGIN"),
        ("ALTER ROLE moot_a_app CONNECTION LIMIT 0", "ALTER ROLE moot_a_app CONNECTION LIMIT 50"),
    ];
    for (break_it, mend_it) in spoil {
        server.sql("postgres", break_it);
        all_inconclusive(&project, break_it);
        server.sql("postgres", mend_it);
        let _ = project.run(&["verify-isolation"]).expect(0);
    }
    let secrets = project.read(".martydb/secrets/development.yaml");
    let password = project.password("moot_a_app");
    project.write(".martydb/secrets/development.yaml", &secrets.replace(&password, "wrong"));
    all_inconclusive(&project, "a wrong password in the store");
}

fn all_inconclusive(project: &Project, what: &str) {
    let document = project.json(&["verify-isolation"], 4);
    let cells = cells(&document, "moot_a_app");
    assert_eq!(cells.len(), 4);
    assert!(cells.iter().all(|cell| cell["outcome"] == "inconclusive"), "{what}: {document:#}");
}

#[test]
fn plan_and_status_do_not_depend_on_local_state() {
    let (_server, project) = provisioned("memory");
    let before = (project.json(&["plan"], 0), project.json(&["status"], 0));
    for entry in std::fs::read_dir(project.path().join(".martydb")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap() != "secrets" {
            std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path)).unwrap();
        }
    }
    assert_eq!(before, (project.json(&["plan"], 0), project.json(&["status"], 0)));
}

#[test]
fn reading_assigns_no_transaction_id() {
    let (server, project) = provisioned("reads");
    let xmax = || server.value("postgres", "SELECT pg_snapshot_xmax(pg_current_snapshot())::text");
    let before = xmax();
    for arguments in [
        &["plan"][..],
        &["status"],
        &["status", "--check"],
        &["current"],
        &["history"],
        &["verify-isolation"],
        &["test-connections"],
        &["apply", "--all"],
        &["upgrade", "--all", "--dry-run"],
    ] {
        let _ = project.run(arguments).expect(0);
        assert_eq!(before, xmax(), "{arguments:?}");
    }
}

#[test]
fn every_login_reaches_its_own_database() {
    let (server, project) = provisioned("own");
    let document = project.json(&["test-connections"], 0);
    let connections = document["connections"].as_array().unwrap();
    assert_eq!(connections.len(), 6);
    assert!(
        connections.iter().all(|one| one["outcome"] == "ok" && one["latency_ms"].as_f64().unwrap() > 0.0)
    );
    server.sql("postgres", "ALTER ROLE own_a_app NOLOGIN");
    let document = project.json(&["test-connections"], 5);
    let failed: Vec<_> =
        document["connections"].as_array().unwrap().iter().filter(|one| one["outcome"] != "ok").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["role"], "own_a_app");
}

/// Eight logins at a time keep a near server busy; over a link of 50 ms they would wait for each other.
#[test]
fn a_distant_server_gets_more_parallel_logins() {
    let (server, project) = provisioned("distant");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let link = runtime.block_on(Link::slow(server.port));
    let manifest = project.read("martydb.yaml");
    let services: String = (0..6).map(|number| format!("  distant_{number}:\n")).collect();
    project.write("martydb.yaml", &format!("{manifest}{services}"));
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    let (here, there) = (format!(":{}/", server.port), format!(":{}/", link.port));
    assert!(manifest.contains(&here), "{manifest}");
    project.write("martydb.yaml", &format!("{manifest}{services}").replace(&here, &there));
    let _ = project.run(&["verify-isolation"]).expect(0);
    assert!(link.most_open() > 18, "{} connections at a time", link.most_open());
}
