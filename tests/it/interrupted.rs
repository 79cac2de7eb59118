//! Ended anywhere, the next run finishes.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Project, Server, until};

fn interrupt_after(
    server: &Server,
    project: &Project,
    wait: Duration,
    signal: Signal,
) -> (Option<i32>, Option<i32>, String) {
    let mark = server.log().len();
    let mut child =
        project.command(&["init-all", "-y"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Counted from its first statement: how long a process takes to start is not known.
    while !server.log_since(mark).contains("statement:") && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(wait);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    if child.try_wait().unwrap().is_none() {
        kill_process(pid, signal).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), output.status.signal(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn converges(project: &Project) {
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let _ = project.run(&["plan", "--check"]).expect(0);
    let _ = project.run(&["status", "--check"]).expect(0);
}

#[test]
fn signals_end_a_run_with_130_and_the_next_run_completes() {
    let server = Server::start();
    let project = Project::new(&server, "sig");
    let mut interrupted = 0;
    for (millis, signal) in [(30, Signal::TERM), (60, Signal::INT), (110, Signal::TERM), (170, Signal::INT)] {
        let (code, _, stderr) = interrupt_after(&server, &project, Duration::from_millis(millis), signal);
        match code {
            Some(130) => {
                interrupted += 1;
                assert!(stderr.contains("interrupted by SIG"), "{stderr}");
            }
            other => assert_eq!(other, Some(0), "{stderr}"),
        }
    }
    assert!(interrupted > 0, "every run ended before its signal");
    converges(&project);
}

#[test]
fn the_next_run_completes_one_killed_at_any_moment() {
    let server = Server::start();
    let project = Project::new(&server, "kill");
    let mut killed = 0;
    for millis in [20, 50, 90, 130, 180, 240] {
        let (_, signal, _) = interrupt_after(&server, &project, Duration::from_millis(millis), Signal::KILL);
        killed += usize::from(signal.is_some());
    }
    assert!(killed > 0, "every run ended before it was killed");
    converges(&project);
}

/// Starts a command, waits until the server runs `running`, and sends a signal.
struct Started {
    child: std::process::Child,
    begun: std::time::Instant,
}

impl Started {
    fn new(server: &Server, project: &Project, arguments: &[&str], running: &str) -> Started {
        let mut command = project.command(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        until(running, || is_running(server, running));
        Started { child, begun: std::time::Instant::now() }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }

    fn ends(self, code: i32) -> (String, String) {
        let output = self.child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert_eq!(output.status.code(), Some(code), "{stdout}\n{stderr}");
        assert!(self.begun.elapsed() < Duration::from_secs(20), "{stdout}\n{stderr}");
        (stdout, stderr)
    }
}

fn is_running(server: &Server, text: &str) -> bool {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%{text}%'"
    );
    server.value("postgres", &sql) != "0"
}

fn versions(server: &Server, database: &str) -> Vec<Vec<String>> {
    server.sql(database, "SELECT version FROM martydb.refinery_schema_history ORDER BY 1")
}

#[test]
fn an_interrupted_upgrade_cancels_the_migration_and_names_the_committed_ones() {
    let server = Server::start();
    for (signal, name) in [(Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM"), (Signal::HUP, "SIGHUP")] {
        let prefix = name.to_lowercase();
        let project = Project::new(&server, &prefix);
        let service = format!("{prefix}_a");
        project.run(&["apply", "--all", "-y"]).expect(0);
        let slow = "CREATE TABLE slow (id int);\nSELECT pg_sleep(600);\n";
        project.write(&format!("{service}/migrations/V3__slow.sql"), slow);
        project.write(&format!("{service}/migrations/V3__slow.down.sql"), "DROP TABLE slow;\n");
        let started = Started::new(&server, &project, &["upgrade", "-s", &service], "pg_sleep(600)");
        started.signal(signal);
        let (_, stderr) = started.ends(130);
        assert!(!is_running(&server, "pg_sleep(600)"));
        assert!(stderr.contains(&format!("interrupted by {name}: V3__slow was rolled back")), "{stderr}");
        assert!(stderr.contains(&format!("interrupted by {name}")), "{stderr}");
        assert_eq!(versions(&server, &service), [["1"], ["2"]]);
        let status = project.json(&["status", "-s", &service], 0);
        assert_eq!(status["services"][0]["state"], "pending");
        project.write(&format!("{service}/migrations/V3__slow.sql"), "CREATE TABLE slow (id int);\n");
        project.run(&["upgrade", "-s", &service]).expect(0);
    }
}

#[test]
fn an_interrupted_upgrade_is_one_json_document() {
    let server = Server::start();
    let project = Project::new(&server, "sigjson");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.write("sigjson_a/migrations/V3__slow.sql", "SELECT pg_sleep(601);\n");
    project.write("sigjson_a/migrations/V3__slow.down.sql", "SELECT 1;\n");
    let arguments = ["upgrade", "--all", "-j", "1", "-o", "json"];
    let started = Started::new(&server, &project, &arguments, "pg_sleep(601)");
    started.signal(Signal::INT);
    let (stdout, _) = started.ends(130);
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let [first, second] = &document["services"].as_array().unwrap()[..] else { panic!("{document:#}") };
    assert_eq!((&first["outcome"], &first["to"]), (&"failed".into(), &2.into()), "{document:#}");
    assert_eq!(first["error"]["kind"], "interrupted");
    assert_eq!((&second["outcome"], &second["to"]), (&"skipped".into(), &serde_json::Value::Null));
}

#[test]
fn a_second_signal_ends_the_run_at_once() {
    let server = Server::start();
    let project = Project::new(&server, "twice");
    project.run(&["apply", "--all", "-y"]).expect(0);
    // A migration that does not let itself be cancelled.
    let stubborn = "DO $$ BEGIN FOR i IN 1..600 LOOP BEGIN PERFORM pg_sleep(0.5); \
                    EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$; -- stubborn\n";
    project.write("twice_a/migrations/V3__slow.sql", stubborn);
    project.write("twice_a/migrations/V3__slow.down.sql", "SELECT 1;\n");
    let mut started = Started::new(&server, &project, &["upgrade", "-s", "twice_a"], "stubborn");
    // A cancellation before the first sleep would meet no handler.
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    until("the migration sleeps", || server.value("postgres", sleeping) != "0");
    started.signal(Signal::INT);
    std::thread::sleep(Duration::from_secs(2));
    assert!(started.child.try_wait().unwrap().is_none(), "it waits for the server's answer");
    started.signal(Signal::INT);
    let (_, stderr) = started.ends(130);
    assert!(stderr.contains("a second signal"), "{stderr}");
}

#[test]
fn a_killed_upgrade_ends_on_the_server_too() {
    let server = Server::start();
    let project = Project::new(&server, "kill9");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.write("kill9_a/migrations/V3__slow.sql", "SELECT pg_sleep(12); -- slow\n");
    project.write("kill9_a/migrations/V3__slow.down.sql", "SELECT 1;\n");
    let started = Started::new(&server, &project, &["upgrade", "-s", "kill9_a"], "pg_sleep(12)");
    started.signal(Signal::KILL);
    let killed = std::time::Instant::now();
    until("the server has ended it", || !is_running(&server, "pg_sleep(12)"));
    // 13 has no way to notice a client that is gone while a statement runs.
    if server.major() >= 14 {
        assert!(killed.elapsed() < Duration::from_secs(8), "{:?}", killed.elapsed());
        assert_eq!(versions(&server, "kill9_a"), [["1"], ["2"]]);
    }
}

#[test]
fn an_interrupted_concurrent_build_is_cancelled() {
    let server = Server::start();
    let project = Project::new(&server, "sigcic");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "-s", "sigcic_a"]).expect(0);
    let build = "-- martydb: no-transaction\nCREATE INDEX CONCURRENTLY slow_idx ON item (id, name);\n";
    project.write("sigcic_a/migrations/V3__slow.sql", build);
    project.write("sigcic_a/migrations/V3__slow.down.sql", "DROP INDEX slow_idx;\n");
    // An open transaction that has written: the build waits for it.
    let port = server.port;
    let (send, wait) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        use sqlx::{ConnectOptions, Connection, Executor};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = sqlx::postgres::PgConnectOptions::new_without_pgpass()
                .host("127.0.0.1")
                .port(port)
                .username("postgres")
                .password(crate::support::ADMIN_PASSWORD)
                .database("sigcic_a");
            let mut connection = options.connect().await.unwrap();
            connection.execute("BEGIN; INSERT INTO item (name) VALUES ('x')").await.unwrap();
            wait.recv().unwrap();
            connection.close().await.unwrap();
        });
    });
    let open =
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = 'sigcic_a'";
    until("the transaction is open", || server.value("postgres", open) == "1");
    let started =
        Started::new(&server, &project, &["upgrade", "-s", "sigcic_a"], "INDEX CONCURRENTLY slow_idx");
    // The note that the file has begun holds its text too; the build itself waits for the writer.
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY slow_idx%' AND wait_event_type = 'Lock'";
    until("the build waits", || server.value("postgres", waits) != "0");
    started.signal(Signal::TERM);
    let (_, stderr) = started.ends(130);
    assert!(stderr.contains("interrupted by SIGTERM: V3__slow was stopped"), "{stderr}");
    assert!(!is_running(&server, "CONCURRENTLY slow_idx"));
    send.send(()).unwrap();
    writer.join().unwrap();
    project.run(&["upgrade", "-s", "sigcic_a"]).expect(0);
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'slow_idx'::regclass";
    assert_eq!(server.value("sigcic_a", valid), "t");
}

#[test]
fn an_interrupted_verify_down_leaves_no_scratch_database() {
    let server = Server::start();
    let project = Project::new(&server, "sigvd");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.write("sigvd_a/migrations/V3__slow.sql", "SELECT pg_sleep(602);\n");
    project.write("sigvd_a/migrations/V3__slow.down.sql", "SELECT 1;\n");
    let started =
        Started::new(&server, &project, &["verify-down", "-s", "sigvd_a", "--every"], "pg_sleep(602)");
    started.signal(Signal::INT);
    started.ends(130);
    assert!(!is_running(&server, "pg_sleep(602)"));
    let scratch = "SELECT count(*) FROM pg_database WHERE datname LIKE 'martydb_scratch%'";
    assert_eq!(server.value("postgres", scratch), "0");
}
