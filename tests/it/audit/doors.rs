//! pg_hba.conf, other addresses, passwords: what only a login finds out.

use super::support::Pair;
use crate::support::{ADMIN_PASSWORD, Authority, until};

/// Puts lines before those of pg_hba.conf and loads them.
pub(crate) fn with_hba(pair: &Pair, lines: &str) {
    let path = pair.server.data().join("pg_hba.conf");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{lines}{text}")).unwrap();
    pair.server.reload();
}

#[test]
fn trust_is_found_at_the_address_that_it_applies_to() {
    let pair = Pair::with(&["listen_addresses=127.0.0.1,::1"], "");
    assert_eq!(Pair::found(&pair.verify(&["--probes", "full"], 0)), Vec::<String>::new());
    with_hba(&pair, "host all blue_app ::1/128 trust\n");
    let found = Pair::grave(&pair.verify(&["--probes", "sample"], 4));
    let port = pair.server.port;
    assert_eq!(
        found,
        [
            "critical | hba-trust | blue | blue_app | - | pg_hba.conf line 1".to_owned(),
            format!("critical | wrong-password-accepted | blue | blue_app | blue_db | address ::1:{port}"),
        ]
    );
    // Mended in the file and not loaded: the login still gets in, and that counts. A copy keeps the time of the original.
    let path = pair.server.data().join("pg_hba.conf");
    let mended = std::fs::read_to_string(&path).unwrap().replacen("host all blue_app ::1/128 trust\n", "", 1);
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    pair.pass_second_of_load();
    std::fs::write(&path, mended).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    let found = Pair::grave(&pair.verify(&["--probes", "sample"], 4));
    assert_eq!(
        found,
        [
            format!("critical | wrong-password-accepted | blue | blue_app | blue_db | address ::1:{port}"),
            "medium | hba-not-loaded | - | PUBLIC | - | pg_hba.conf".to_owned(),
        ]
    );
    pair.server.sql("postgres", "ALTER SYSTEM SET work_mem = '5MB'");
    pair.server.reload();
    assert_eq!(Pair::found(&pair.verify(&["--probes", "sample"], 0)), Vec::<String>::new());
}

#[test]
fn guessable_reused_and_replicating_logins_are_named() {
    let pair = Pair::new();
    pair.server.sql("postgres", "ALTER ROLE blue_ro PASSWORD 'blue_ro'");
    let red = pair.project.password("red_app");
    pair.server.sql("postgres", &format!("ALTER ROLE blue_app PASSWORD '{red}'"));
    pair.server.sql("postgres", "ALTER ROLE red_ro REPLICATION");
    let result = pair.verify(&["--probes", "full"], 4);
    let found = Pair::grave(&result).join("\n");
    let port = pair.server.port;
    for expected in [
        format!("high | guessable-password | blue | blue_ro | blue_db | address 127.0.0.1:{port}"),
        format!("high | reused-password | blue | blue_app | blue_db | address 127.0.0.1:{port}"),
        format!("critical | replication-login | red | red_ro | red_db | address 127.0.0.1:{port}"),
    ] {
        assert!(found.contains(&expected), "{expected}\n{found}");
    }
    assert!(!result.to_string().contains(&red));
}

#[test]
fn a_session_older_than_a_revoke_is_named_with_its_pid() {
    let pair = Pair::new();
    pair.server.sql("postgres", "GRANT CONNECT ON DATABASE blue_db TO red_app");
    let password = pair.project.password("red_app");
    std::thread::scope(|scope| {
        let session =
            scope.spawn(|| pair.server.sql_as("red_app", &password, "blue_db", "SELECT pg_sleep(60)"));
        let pid =
            || pair.server.value("postgres", "SELECT pid FROM pg_stat_activity WHERE usename = 'red_app'");
        until("the session is there", || !pid().is_empty());
        pair.server.sql("postgres", "REVOKE CONNECT ON DATABASE blue_db FROM red_app");
        let pid = pid();
        let result = pair.verify(&[], 4);
        assert_eq!(
            Pair::grave(&result),
            [format!("high | session-outlived-revoke | blue | red_app | blue_db | session {pid}")]
        );
        let fix = result["findings"][0]["fix"].as_str().unwrap();
        assert_eq!(fix, format!("SELECT pg_catalog.pg_terminate_backend({pid});"));
        // --fix is not enough to end a session, and a question without an answer is a no.
        pair.verify(&["--fix", "-y"], 4);
        pair.verify(&["--terminate"], 2);
        pair.verify(&["--terminate", "-y"], 0);
        assert_eq!(session.join().unwrap(), Err("57P01".into()));
    });
    assert_eq!(Pair::found(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn a_session_of_a_dropped_role_is_named() {
    let pair = Pair::new();
    pair.server.sql(
        "postgres",
        "CREATE ROLE ghost LOGIN PASSWORD 'of a ghost'; GRANT CONNECT ON DATABASE blue_db TO ghost",
    );
    std::thread::scope(|scope| {
        let session =
            scope.spawn(|| pair.server.sql_as("ghost", "of a ghost", "blue_db", "SELECT pg_sleep(60)"));
        let pid =
            || pair.server.value("postgres", "SELECT pid FROM pg_stat_activity WHERE usename = 'ghost'");
        until("the session is there", || !pid().is_empty());
        let pid = pid();
        pair.server.sql("postgres", "REVOKE CONNECT ON DATABASE blue_db FROM ghost; DROP ROLE ghost");
        assert_eq!(
            Pair::grave(&pair.verify(&[], 4)),
            [format!("high | session-outlived-revoke | blue | (dropped role) | blue_db | session {pid}")]
        );
        pair.verify(&["--terminate", "-y"], 0);
        assert_eq!(session.join().unwrap(), Err("57P01".into()));
    });
}

#[test]
fn fix_closes_the_findings_that_it_printed_and_verifies_again() {
    let pair = Pair::new();
    pair.server.sql("postgres", "GRANT CONNECT ON DATABASE blue_db TO red_app; ALTER ROLE red_ro CREATEDB");
    pair.server.sql("blue_db", "GRANT USAGE ON SCHEMA public TO PUBLIC");
    let unasked = pair.project.run(&["verify-isolation", "--fix"]).expect(2);
    insta::assert_snapshot!(unasked.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    safe: database blue_db: red_app of red connected: direct grant of CONNECT
      in blue_db: REVOKE CONNECT ON DATABASE "blue_db" FROM "red_app";
    caution: schema public: PUBLIC holds USAGE on schema public
      in blue_db: REVOKE USAGE ON SCHEMA public FROM PUBLIC CASCADE;
    caution: role red_ro: red_ro is CREATEDB
      on server main: ALTER ROLE "red_ro" NOCREATEDB;
    error: these changes need a confirmation, nothing was touched
    caused by: 3 changes would close what was found, and this is not a terminal, so no confirmation could be asked
    hint: look at them with `martydb verify-isolation --fix --dry-run`, then add -y
    "#);
    assert!(!Pair::grave(&pair.verify(&[], 4)).is_empty(), "nothing was touched");
    let result = pair.verify(&["--fix", "-y"], 0);
    assert_eq!(Pair::grave(&result), Vec::<String>::new());
    pair.verify(&[], 0);
}

#[test]
fn a_scratch_database_of_a_dead_run_is_one_finding() {
    let pair = Pair::new();
    let scratch = "martydb_scratch_0badc0dedeadbeef";
    pair.server.sql("postgres", &format!("CREATE DATABASE {scratch}"));
    pair.server.sql(scratch, "CREATE TABLE copied (a int); GRANT ALL ON copied TO PUBLIC, red_app");
    let left = format!("medium | scratch-database-left | - | PUBLIC | - | database {scratch}");
    assert_eq!(Pair::grave(&pair.verify(&["--probes", "full"], 4)), [left]);
    std::thread::scope(|scope| {
        let held = "SELECT pg_advisory_lock(x'6d727479'::int, x'0badc0de'::int); SELECT pg_sleep(60)";
        let run = scope.spawn(|| pair.server.sql_as("postgres", ADMIN_PASSWORD, "postgres", held));
        let locks = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = x'0badc0de'::int";
        let pid = || pair.server.value("postgres", locks);
        until("the run holds its lock", || !pid().is_empty());
        assert_eq!(Pair::grave(&pair.verify(&["--probes", "full"], 0)), Vec::<String>::new());
        pair.server.sql("postgres", &format!("SELECT pg_terminate_backend({})", pid()));
        run.join().unwrap().unwrap_err();
    });
    let shown = pair.project.run(&["status", "--check"]).expect(0);
    assert!(shown.stderr.contains(scratch), "{}", shown.stderr);
    let refused = pair.verify(&["--fix", "-y"], 4);
    assert_eq!(refused["changes"][0]["risk"], "destructive", "{refused}");
    pair.project.run(&["apply", "--all", "-y"]).expect(0);
    let still = format!("SELECT count(*) FROM pg_database WHERE datname = '{scratch}'");
    assert_eq!(pair.server.value("postgres", &still), "0");
}

#[test]
fn an_ident_map_is_a_finding_for_each_login_that_it_admits() {
    let pair = Pair::new();
    let maps = "# who may be whom\nadmins root postgres # the DBA's\n\"wide map\" /^(.*)$ \"red_app\"\n";
    std::fs::write(pair.server.data().join("pg_ident.conf"), maps).unwrap();
    with_hba(&pair, "local all postgres peer map=admins\nlocal blue_db all peer map=admins\n");
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    // The line lets in none of the accounts in the map.
    with_hba(&pair, "local red_db ghost peer map=\"wide map\"\n");
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    with_hba(&pair, "local red_db all peer map=\"wide map\"\n");
    let found = Pair::grave(&pair.verify(&[], 4));
    let expected = "critical | hba-ident-map | red | red_app | - | pg_ident.conf line 3";
    assert!(found.iter().any(|line| line == expected), "{found:#?}");
}

#[test]
fn a_persons_certificate_is_a_finding_only_if_it_opens_a_service() {
    let pair = Pair::new();
    let authority = Authority::new(&pair.project, "people");
    pair.server.install("ca.crt", &std::fs::read_to_string(&authority.file).unwrap());
    pair.server.sql("postgres", "ALTER SYSTEM SET ssl_ca_file = 'ca.crt'");
    pair.server.serve_tls(&authority.sign("localhost", 2100));
    pair.server.sql("postgres", "CREATE ROLE anna LOGIN SUPERUSER");
    with_hba(
        &pair,
        "hostssl all anna 127.0.0.1/32 cert map=people\nhostssl red_db red_app 127.0.0.1/32 cert map=people\n",
    );
    let maps = |lines: &str| {
        std::fs::write(pair.server.data().join("pg_ident.conf"), lines).unwrap();
        pair.server.reload();
    };
    maps("people anna.example anna\n");
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    maps("people blue_app anna\npeople anna.example red_app\npeople /example anna\n");
    let line = |service: &str, role: &str, number: usize| {
        format!("critical | hba-ident-map | {service} | {role} | - | pg_ident.conf line {number}")
    };
    let expected = [line("-", "anna", 1), line("-", "anna", 3), line("red", "red_app", 2)];
    assert_eq!(Pair::grave(&pair.verify(&[], 4)), expected);
}

#[test]
fn peer_without_a_map_admits_a_superuser_of_the_same_name() {
    let pair = Pair::new();
    with_hba(&pair, "local all postgres peer\nlocal all all peer\n");
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    pair.server.sql("postgres", "CREATE ROLE \"www-data\" LOGIN SUPERUSER");
    let found = Pair::grave(&pair.verify(&[], 4));
    assert_eq!(found, ["critical | hba-ident-map | - | PUBLIC | - | pg_hba.conf line 2"]);
}

#[test]
fn a_finding_names_the_included_file_of_its_line() {
    let pair = Pair::new();
    if pair.server.major() < 16 {
        with_hba(&pair, "include more.conf\n");
        assert_eq!(
            Pair::found(&pair.verify(&[], 4)),
            ["low | hba-error | - | PUBLIC | - | pg_hba.conf line 1"]
        );
        return;
    }
    std::fs::write(pair.server.data().join("more.conf"), "\nhost blue_db blue_app 127.0.0.9/32 trust\n")
        .unwrap();
    with_hba(&pair, "include more.conf\n");
    let found = Pair::grave(&pair.verify(&[], 4));
    assert!(
        found.iter().any(|line| line == "critical | hba-trust | blue | blue_app | - | more.conf line 2"),
        "{found:#?}"
    );
}
