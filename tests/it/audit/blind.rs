//! Servers and databases that the audit cannot read are never passes: other encodings, standbys, servers that stop,
//! and logins that the socket refuses.

use serde_json::Value;

use super::doors::with_hba;
use super::support::Pair;
use crate::support::{ADMIN_PASSWORD, until};

const TRAP: &str = "CREATE FUNCTION public.trap() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'";

/// Returns what could not be read, and why.
pub(crate) fn unread(result: &Value) -> Vec<String> {
    let text = |one: &Value| format!("{}: {}", one["what"].as_str().unwrap(), one["why"].as_str().unwrap());
    result["unread"].as_array().unwrap().iter().map(text).collect()
}

/// Puts a database in another encoding into the place of one that a service has.
fn encode(pair: &Pair, database: &str, encoding: &str) {
    let from = if database == "postgres" { "template1" } else { "postgres" };
    pair.server.sql(from, &format!("DROP DATABASE {database}"));
    let words = format!("TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'");
    pair.server.sql(from, &format!("CREATE DATABASE {database} {words}"));
}

#[test]
fn databases_in_other_encodings_are_audited() {
    let pair = Pair::new();
    for encoding in ["LATIN1", "SQL_ASCII"] {
        for database in ["postgres", "red_db"] {
            encode(&pair, database, encoding);
        }
        pair.project.run(&["apply", "--all", "-y"]).expect(0);
        pair.project.run(&["upgrade", "--service", "red"]).expect(0);
        pair.server.sql("red_db", TRAP);
        // Bytes that are not UTF-8, in names and comments that the service's migrator makes.
        let name = format!("'caf' || pg_catalog.convert_from('\\xe9', '{encoding}')");
        let table = format!(
            "DO $$ BEGIN EXECUTE format('CREATE TABLE public.%I (id int)', {name}); \
             EXECUTE format('COMMENT ON TABLE public.%I IS %L', {name}, {name}); END $$"
        );
        let password = pair.project.password("red_migrator");
        pair.server.sql_as("red_migrator", &password, "red_db", &table).unwrap();
        let result = pair.verify(&[], 4);
        assert_eq!(unread(&result), Vec::<String>::new(), "{encoding}");
        let found = Pair::found(&result).join("\n");
        assert!(found.contains("critical | definer-function | red |"), "{encoding}\n{found}");
        assert!(found.contains("public.trap()"), "{encoding}\n{found}");
        pair.server.sql("red_db", "DROP FUNCTION public.trap()");
        let result = pair.verify(&["--probes", "full"], 0);
        assert_eq!(unread(&result), Vec::<String>::new(), "{encoding}");
    }
}

#[test]
fn a_standby_is_refused_with_a_hint() {
    let mut pair = Pair::new();
    pair.server.crash();
    std::fs::write(pair.server.data().join("standby.signal"), "").unwrap();
    pair.server.launch();
    let result = pair.verify(&["--probes", "full"], 4);
    let why =
        "the server is a standby (it is in recovery) and takes no writes: name the primary in the manifest";
    assert_eq!(unread(&result), [format!("what the logins of the services can do: {why}")]);
    assert_eq!(result["summary"]["inconclusive"], 1, "{result:#}");
    let result = pair.verify(&[], 0);
    assert!(result["not_examined"].to_string().contains(why), "{result:#}");
}

#[test]
fn a_server_that_stops_during_the_audit_is_unreachable() {
    let mut pair = Pair::new();
    let lock = "BEGIN; LOCK TABLE pg_catalog.pg_proc IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)";
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'red_db' AND wait_event_type = 'Lock'";
    let mut command = pair.project.command(&["verify-isolation", "--probes", "none"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let server = &pair.server;
    let run = std::thread::scope(|scope| {
        scope.spawn(|| server.sql_as("postgres", ADMIN_PASSWORD, "red_db", lock));
        let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        until("the table is locked", || server.value("postgres", sleeps) == "1");
        let run = command.spawn().unwrap();
        until("the run waits", || server.value("postgres", waits) == "1");
        // As a crash: the session that holds the lock ends with the server.
        let pid = std::fs::read_to_string(server.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        assert!(std::process::Command::new("kill").args(["-QUIT", pid]).status().unwrap().success());
        run
    });
    let done = run.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!(done.status.code(), Some(5), "{said}");
    assert!(said.contains("stopped answering in the middle of the run"), "{said}");
    pair.server.crash();
    pair.server.launch();
    pair.verify(&[], 0);
}

#[test]
fn services_behind_a_peer_authenticated_socket_are_probed_over_tcp() {
    let pair = Pair::new();
    let folder = pair.server.folder().display().to_string();
    let manifest = pair.project.read("martydb.yaml");
    let address = format!("postgresql://postgres@/postgres?host={folder}&port={}", pair.server.port);
    let url = pair.server.url();
    assert!(manifest.contains(&url), "{manifest}");
    pair.project.write("martydb.yaml", &manifest.replace(&url, &address));
    // As Debian ships it: the admin's account over the socket, passwords over TCP.
    let account =
        String::from_utf8(std::process::Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    std::fs::write(pair.server.data().join("pg_ident.conf"), format!("adm {} postgres\n", account.trim()))
        .unwrap();
    let path = pair.server.data().join("pg_hba.conf");
    std::fs::write(
        &path,
        "local all postgres peer map=adm\nlocal all all peer\nhost all all 127.0.0.1/32 scram-sha-256\n",
    )
    .unwrap();
    pair.server.reload();
    let result = pair.verify(&["--probes", "full"], 0);
    assert_eq!(result["summary"]["inconclusive"], 0, "{result:#}");
    assert!(result["summary"]["passed"].as_u64().unwrap() >= 24, "{}", result["summary"]);
    let note = format!("they were tried at 127.0.0.1:{} instead", pair.server.port);
    assert!(result["not_examined"].to_string().contains(&note), "{result:#}");
    // Without a line for them over TCP one sentence says what to do.
    std::fs::write(&path, "local all postgres peer map=adm\nlocal all all peer\n").unwrap();
    // Once it is read the superuser is refused over TCP.
    hang_up(&pair);
    let password = ADMIN_PASSWORD;
    until("it is read", || pair.server.sql_as("postgres", password, "postgres", "SELECT 1").is_err());
    let result = pair.verify(&["--probes", "full"], 4);
    let all = unread(&result);
    assert_eq!((all.len(), result["summary"]["inconclusive"].as_u64()), (1, Some(1)), "{result:#}");
    assert!(all[0].contains("put a host address into the server's url"), "{all:?}");
    with_pass(&pair, &path);
}

fn hang_up(pair: &Pair) {
    let text = std::fs::read_to_string(pair.server.data().join("postmaster.pid")).unwrap();
    let pid = text.lines().next().unwrap();
    assert!(std::process::Command::new("kill").args(["-HUP", pid]).status().unwrap().success());
}

/// Lets the harness in again.
fn with_pass(pair: &Pair, path: &std::path::Path) {
    std::fs::write(path, "host all all 127.0.0.1/32 scram-sha-256\n").unwrap();
    hang_up(pair);
    let password = ADMIN_PASSWORD;
    until("it is read", || pair.server.sql_as("postgres", password, "postgres", "SELECT 1").is_ok());
    with_hba(pair, "");
}
