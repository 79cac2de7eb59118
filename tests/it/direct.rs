//! The door that leads to the server itself: poolers and standbys are refused before anything is done.

use crate::support::{ADMIN_PASSWORD, Pooler, Project, Server, until};

const MANIFEST: &str = "version: 1\nproject: door\nservers:\n  main: { url: \"URL\" }\nservices:\n  red:\n";

fn project(url: &str) -> Project {
    let project = Project::with_manifest(&MANIFEST.replace("URL", url));
    project.write("red/migrations/V1__item.sql", "CREATE TABLE item (id int);\n");
    project
}

/// These commands end with the sentence; nothing is made on the server or in the secret store.
fn refuses(server: &Server, project: &Project, commands: &[&[&str]], sentence: &str) {
    let stored = || std::fs::read_to_string(project.path().join(".martydb/secrets/development.yaml")).ok();
    let roles = || server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'red%'");
    let before = (stored(), roles());
    for words in commands {
        let end = project.run(words);
        let reported = end.said();
        assert!(end.code != Some(0) && reported.contains(sentence), "{words:?}: {:?} {reported}", end.code);
    }
    assert_eq!((stored(), roles()), before);
}

const FRESH: &[&[&str]] = &[
    &["plan"],
    &["init-all", "-y"],
    &["apply", "--all", "-y"],
    &["rotate", "--service", "red", "-y"],
    &["drop", "--service", "red", "--confirm", "red", "-y"],
];

fn make_standby(server: &mut Server) {
    server.crash();
    std::fs::write(server.data().join("standby.signal"), "").unwrap();
    server.launch();
}

#[test]
fn a_standby_is_refused_before_any_change() {
    let mut server = Server::start();
    let made = project(&server.url());
    made.run(&["apply", "--all", "-y"]).expect(0);
    make_standby(&mut server);
    let fresh = Project::with_manifest(&MANIFEST.replace("URL", &server.url()).replace("red", "redder"));
    refuses(
        &server,
        &fresh,
        &[&["plan"], &["adopt", "-s", "redder"], &["init-all", "-y"], &["apply", "--all", "-y"]],
        "standby",
    );
    refuses(&server, &made, &[&["upgrade", "--all"], &["rotate", "--service", "red", "-y"]], "standby");
    made.run(&["status"]).expect(0);
}

#[test]
fn a_pooler_in_any_mode_is_refused_before_any_change() {
    const IGNORED: &str = "ignore_startup_parameters=extra_float_digits,search_path,row_security,role,jit,lock_timeout,\
         max_parallel_workers_per_gather,statement_timeout,idle_in_transaction_session_timeout,default_transaction_read_only,\
         default_transaction_isolation,default_transaction_deferrable,array_nulls,quote_all_identifiers,client_min_messages,\
         event_triggers,session_replication_role,standard_conforming_strings,client_connection_check_interval,options";
    let server = Server::start();
    for (mode, more, sentence) in [
        ("transaction", "", "this looks like a connection pooler"),
        ("transaction", IGNORED, "a connection pooler is between"),
        ("session", IGNORED, "a connection pooler is between"),
    ] {
        let pooler = Pooler::over(&server, mode, more);
        refuses(&server, &project(&pooler.url()), FRESH, sentence);
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        assert_eq!(server.value("postgres", locks), "0", "{mode}");
    }
}

#[test]
fn an_upgrade_through_a_pooler_leaves_no_lock_and_no_role() {
    let server = Server::start();
    let direct = project(&server.url());
    direct.run(&["apply", "--all", "-y"]).expect(0);
    let password = direct.password("red_migrator");
    let more = "ignore_startup_parameters=extra_float_digits,search_path,standard_conforming_strings,client_connection_check_interval,\
         default_transaction_read_only,default_transaction_isolation,default_transaction_deferrable,array_nulls,quote_all_identifiers,client_min_messages";
    let pooler = Pooler::over(&server, "transaction", more);
    pooler.users(&[("postgres", ADMIN_PASSWORD), ("red_migrator", &password)]);
    std::fs::write(direct.path().join("martydb.yaml"), MANIFEST.replace("URL", &pooler.url())).unwrap();
    for words in [["upgrade", "--all"], ["status", "--all"]] {
        let end = direct.run(&words);
        let reported = format!("{}{}", end.stdout, end.stderr);
        assert!(reported.contains("a connection pooler is between"), "{words:?}: {reported}");
    }
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    assert_eq!(server.value("postgres", locks), "0");
    // With a direct connection it continues at once.
    std::fs::write(direct.path().join("martydb.yaml"), MANIFEST.replace("URL", &server.url())).unwrap();
    direct.run(&["upgrade", "--all", "--lock-wait", "1s"]).expect(0);
}

/// Hosts in this order, as one URL.
fn several(hosts: &[u16], more: &str) -> Project {
    let hosts: Vec<_> = hosts.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    project(&format!("postgresql://postgres@{}/postgres?sslmode=disable{more}", hosts.join(",")))
}

#[test]
fn several_hosts_resolve_to_the_writable_one() {
    let (mut standby, primary) = (Server::start(), Server::start());
    make_standby(&mut standby);
    let made = several(&[1, standby.port, primary.port], "");
    made.run(&["init-all", "-y"]).expect(0);
    assert_eq!(primary.value("red", "SELECT count(*) FROM pg_class WHERE relname = 'item'"), "1");
    let url = made.run(&["url", "-s", "red"]).expect(0).stdout;
    assert!(url.contains(&format!("@127.0.0.1:{}/red", primary.port)), "{url}");
    // Without a known password of the admin, a service's login checks.
    made.write("red/migrations/V2__more.sql", "CREATE TABLE more (id int);\n");
    let mut command = made.command(&["upgrade", "--all"]);
    for name in ["PGPASSWORD", "DB_PASSWORD", "PGPASSFILE"] {
        command.env_remove(name);
    }
    made.finish(command).expect(0);
    made.run(&["plan", "--check"]).expect(0);
    made.run(&["rotate", "--service", "red", "-y"]).expect(0);
    made.run(&["verify-isolation", "--probes", "sample"]).expect(0);

    let none = several(&[1, standby.port], "");
    let reported = none.run(&["plan"]);
    assert_eq!(reported.code, Some(5), "{reported:?}");
    for part in
        ["fits target_session_attrs=read-write", &format!("{} is a standby", standby.port), "127.0.0.1:1:"]
    {
        assert!(reported.said().contains(part), "{part}: {}", reported.said());
    }
    let read = several(&[primary.port, standby.port], "&target_session_attrs=standby");
    let reported = read.run(&["init-all", "-y"]);
    assert!(
        reported.code != Some(0) && reported.said().contains("standby and takes no writes"),
        "{}",
        reported.said()
    );
    assert_eq!(standby.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'red%'"), "0");
}

/// A failover in mid-run must not leave half of the work on another server.
#[test]
fn a_run_keeps_its_first_host() {
    let (mut first, second) = (Server::start(), Server::start());
    let made = several(&[first.port, second.port], "");
    made.write("red/migrations/V2__slow.sql", "SELECT pg_sleep(20);\n");
    let mut run = made.command(&["init-all", "-y"]);
    let running =
        run.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let sleeps =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND pid <> pg_backend_pid()";
    until("the migration runs", || first.value("postgres", sleeps) != "0");
    first.crash();
    let end = running.wait_with_output().unwrap();
    let reported = String::from_utf8_lossy(&end.stderr).into_owned() + &String::from_utf8_lossy(&end.stdout);
    assert!(!end.status.success(), "{reported}");
    assert!(reported.contains(&first.port.to_string()) || reported.contains("connection"), "{reported}");
    assert_eq!(second.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'red%'"), "0");
    // The next run begins with the host that is there.
    made.write("red/migrations/V2__slow.sql", "SELECT 1;\n");
    made.run(&["init-all", "-y", "--reset-passwords"]).expect(0);
    assert_eq!(second.value("red", "SELECT count(*) FROM pg_class WHERE relname = 'item'"), "1");
}
