//! Runs that are killed, servers that crash, many runs at once: whatever happens, the next run ends where an
//! undisturbed one would have.

use std::process::Stdio;
use std::time::{Duration, Instant};

use martydb_migrate::history::Catalog;

use crate::support::workload::{self, Kind};
use crate::support::{Project, Server, until};

/// Services `<prefix>0`, `<prefix>1`, … with so many files each, provisioned.
fn fleet(server: &Server, prefix: &str, services: usize, files: usize, kind: Kind) -> (Project, Vec<String>) {
    let names: Vec<String> = (0..services).map(|n| format!("{prefix}{n}")).collect();
    let list: String = names.iter().map(|name| format!("  {name}:\n")).collect();
    let url = server.url();
    let text = format!("version: 1\nproject: {prefix}\nservers:\n  main:\n    url: {url}\nservices:\n{list}");
    let project = Project::with_manifest(&text);
    names.iter().for_each(|name| workload::write(&project, name, files, kind));
    project.run(&["apply", "--all", "-y"]).expect(0);
    (project, names)
}

fn catalogs(server: &Server, names: &[String]) -> Vec<Catalog> {
    names.iter().map(|name| server.catalog(name)).collect()
}

/// Times and ids aside, what was done and how it ended.
fn history(server: &Server, name: &str) -> Vec<Vec<String>> {
    server.sql(
        name,
        "SELECT action, version::text, name, checksum, outcome, mode, attempts::text, operator, note FROM martydb.history ORDER BY id",
    )
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}

/// Kills an apply at so many moments; after each, one more run must end at the undisturbed catalog.
fn killed(prefix: &str, services: usize, files: usize, kind: Kind, moments: usize) {
    let server = Server::start();
    let (project, names) = fleet(&server, prefix, services, files, kind);
    let started = Instant::now();
    project.run(&["upgrade", "--all", "-j4"]).expect(0);
    let whole = u64::try_from(started.elapsed().as_millis()).unwrap();
    let undisturbed = catalogs(&server, &names);
    let mut dice = Dice(42);
    for moment in 0..moments {
        kill_one(&project, Duration::from_millis(dice.below(whole * 3 / 4)));
        let next = project.run(&["upgrade", "--all", "-j4"]);
        assert_eq!(next.code, Some(0), "moment {moment}: {}{}", next.stdout, next.stderr);
        for ((name, before), after) in names.iter().zip(&undisturbed).zip(&catalogs(&server, &names)) {
            assert_eq!(before.differences(after), [], "{name} at moment {moment}");
            let rows = server.value(name, "SELECT count(*) FROM martydb.refinery_schema_history");
            assert_eq!(rows, files.to_string(), "{name} at moment {moment}");
            // Since it was undone, every version was recorded as applied, and that once.
            let twice = "SELECT version FROM martydb.history h WHERE action = 'upgrade' AND outcome = 'ok'
                         AND id > (SELECT max(id) FROM martydb.history WHERE action = 'downgrade')
                         GROUP BY version HAVING count(*) <> 1";
            assert_eq!(server.sql(name, twice), Vec::<Vec<String>>::new(), "{name} at moment {moment}");
            let sums = "SELECT count(*) FROM t_0";
            let expected = if files >= 5 { "20" } else { "0" };
            assert_eq!(server.value(name, sums), expected, "{name} at moment {moment}");
        }
    }
}

/// Undoes everything and kills an upgrade after so long. Where the kill comes too late, because the machine has less to
/// do than when the time was taken, half as long is tried.
fn kill_one(project: &Project, mut after: Duration) {
    loop {
        project.run(&["downgrade", "--all", "--to", "0", "-y"]).expect(0);
        let mut command = project.command(&["upgrade", "--all", "-j4"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(after);
        child.kill().unwrap();
        if child.wait().unwrap().code().is_none() {
            return;
        }
        after /= 2;
    }
}

#[test]
fn the_next_run_completes_a_killed_one() {
    killed("ka", 2, 20, Kind::Plain, 8);
}

#[test]
fn the_next_run_completes_one_killed_while_building_indexes() {
    killed("kb", 2, 12, Kind::Concurrent, 8);
}

#[test]
#[ignore = "takes minutes: scripts/test --all-majors"]
fn the_next_run_completes_a_hundred_killed_runs_of_four_services() {
    killed("kc", 4, 50, Kind::Plain, 50);
    killed("kd", 4, 50, Kind::Concurrent, 50);
}

#[test]
fn a_crash_of_the_server_is_reported_and_the_next_run_completes() {
    let mut server = Server::start();
    let (project, names) = fleet(&server, "cr", 2, 5, Kind::Concurrent);
    project.write("cr0/migrations/V6__slow.sql", "CREATE TABLE slow (a int);\nSELECT pg_sleep(30);\n");
    let command =
        project.command(&["upgrade", "--all", "-j2"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = command.unwrap();
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    until("the slow file runs", || server.value("postgres", sleeping) != "0");
    server.crash();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("V6__slow failed") && said.contains("V1 to V5, were committed before"), "{said}");
    assert!(!said.contains("db error") && !said.contains(".c:"), "{said}");
    let down = project.run(&["upgrade", "--all"]).expect(5);
    insta::assert_snapshot!(down.shown(), @r#"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    cr0  -  -  0  unreachable
    cr1  -  -  0  unreachable
    --- stderr

    cr0, cr1:
    error: cannot log in to database "cr0" at 127.0.0.1:PORT as "cr0_migrator"
    caused by: Connection refused
    hint: check that the server runs, and that its address in the manifest is right
    "#);

    server.launch();
    project.write("cr0/migrations/V6__slow.sql", "CREATE TABLE slow (a int);\n");
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(server.value(&names[0], "SELECT count(*) FROM martydb.refinery_schema_history"), "6");
}

#[test]
fn one_job_and_eight_jobs_give_the_same_result() {
    let mut ends = vec![];
    for jobs in ["-j1", "-j8"] {
        let server = Server::start();
        let (project, names) = fleet(&server, "jb", 4, 12, Kind::Concurrent);
        project.run(&["upgrade", "--all", jobs]).expect(0);
        let histories: Vec<_> = names.iter().map(|name| history(&server, name)).collect();
        ends.push((catalogs(&server, &names), histories));
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0].1[0].len(), 15, "{:?}", ends[0].1[0]);
}

#[test]
fn sixteen_simultaneous_runs_apply_every_file_once() {
    let server = Server::start();
    let (project, names) = fleet(&server, "si", 4, 10, Kind::Plain);
    let start = || {
        let mut command = project.command(&["upgrade", "--all", "-j4", "-o", "json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..16).map(|_| start()).collect();
    let mut applied = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let document: serde_json::Value = serde_json::from_str(&said).unwrap();
        let services = document["services"].as_array().unwrap();
        applied += services.iter().map(|service| service["applied"].as_array().unwrap().len()).sum::<usize>();
    }
    assert_eq!(applied, 40);
    for name in &names {
        assert_eq!(server.value(name, "SELECT count(*) FROM martydb.history"), "10", "{name}");
    }
}

/// `bench/cic.sh`: a run waits for the lock while another builds an index concurrently.
fn concurrent_builds(prefix: &str, times: usize) {
    let server = Server::start();
    let (project, names) = fleet(&server, prefix, 1, 1, Kind::Plain);
    project.run(&["upgrade", "--all"]).expect(0);
    for n in 2..times + 2 {
        let file = format!("{}/migrations/V{n}__i.sql", names[0]);
        project.write(&file, &format!("-- martydb: no-transaction\nSELECT pg_sleep(0.3);\nCREATE INDEX CONCURRENTLY i{n} ON t_0 (name);\n"));
        let start = || {
            project
                .command(&["upgrade", "--all"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        for mut child in [start(), start()] {
            assert_eq!(child.wait().unwrap().code(), Some(0), "build {n}");
        }
    }
    let valid = "SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid::regclass::text ~ '^i[0-9]+$'";
    assert_eq!(server.value(&names[0], valid), times.to_string());
    assert!(!server.log().contains("deadlock detected"));
}

#[test]
fn a_waiting_run_and_a_concurrent_build_never_deadlock() {
    concurrent_builds("ci", 5);
}

#[test]
#[ignore = "takes minutes: scripts/test --all-majors"]
fn fifty_waiting_runs_and_concurrent_builds_never_deadlock() {
    concurrent_builds("cl", 50);
}

#[test]
fn every_hostile_file_ends_as_stated() {
    let server = Server::start();
    let (project, names) = fleet(&server, "ho", 1, 0, Kind::Plain);
    let folder = project.path().join("ho0/migrations");
    std::fs::create_dir_all(&folder).unwrap();
    let trace = "CREATE TABLE trace (a int);\n";
    let many: String = (0..10_000).map(|n| format!("INSERT INTO kept VALUES ({n});\n")).collect();
    let refused: &[(&str, Vec<u8>)] = &[
        ("invalid UTF-8", [trace.as_bytes(), b"SELECT '\xff';"].concat()),
        ("byte order mark", [b"\xef\xbb\xbf", trace.as_bytes()].concat()),
        ("NUL", [trace.as_bytes(), b"SELECT '\0';"].concat()),
        ("COMMIT", format!("{trace}COMMIT;").into()),
        ("ROLLBACK", format!("{trace}ROLLBACK;").into()),
        ("SET ROLE", format!("{trace}SET ROLE postgres;").into()),
        ("RESET ROLE", format!("{trace}RESET ROLE;").into()),
        ("\\copy", format!("{trace}\\copy trace from 'x'").into()),
        ("an open quote", format!("{trace}SELECT 'a;").into()),
        ("CONCURRENTLY unmarked", b"CREATE INDEX CONCURRENTLY i ON trace (a);".into()),
        ("empty", Vec::new()),
    ];
    let failing: &[(&str, String)] = &[
        ("COMMIT at run time", format!("{trace}DO $$ BEGIN COMMIT; END $$;")),
        ("EXECUTE COMMIT", format!("{trace}DO $$ BEGIN EXECUTE 'COMMIT'; END $$;")),
        (
            "a role at run time",
            format!("{trace}SELECT set_config('role', 'none', false); SELECT lo_create(0);"),
        ),
        ("a syntax error at the end", format!("{trace}SELEC 1;")),
    ];
    let applied: &[(&str, String)] = &[
        (
            "search_path",
            "CREATE SCHEMA other; SET search_path = other; CREATE TABLE elsewhere (a int);".into(),
        ),
        ("dollar quotes", "CREATE TABLE kept (a int); SELECT $a$ ; COMMIT; $b$ $a$;".into()),
        ("nothing but comments", "-- nothing\n/* at /* all */ */;".into()),
        ("nested comments", "/* /* ; */ COMMIT; */ SELECT 1; -- COMMIT".into()),
        ("10,000 statements", many),
        ("50 MB", format!("INSERT INTO kept SELECT length('{}');", "x".repeat(50_000_000))),
    ];
    let file = folder.join("V1__hostile.sql");
    let untouched = |what: &str| {
        assert_eq!(server.value("ho0", "SELECT to_regclass('trace')"), "", "{what}");
        let rows = "SELECT coalesce((xpath('//n/text()', query_to_xml('SELECT count(*) n FROM martydb.refinery_schema_history', false, true, '')))[1]::text, '')
                    WHERE to_regclass('martydb.refinery_schema_history') IS NOT NULL";
        assert!(["", "0"].contains(&server.value("ho0", rows).as_str()), "{what}");
    };
    for (what, bytes) in refused {
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(project.run(&["upgrade", "--all"]).code, Some(2), "{what}");
        untouched(what);
    }
    for (what, sql) in failing {
        std::fs::write(&file, sql).unwrap();
        assert_eq!(project.run(&["upgrade", "--all"]).code, Some(1), "{what}");
        untouched(what);
    }
    std::fs::remove_file(&file).unwrap();
    for (n, (what, sql)) in (1..).zip(applied) {
        std::fs::write(folder.join(format!("V{n}__hostile.sql")), sql).unwrap();
        assert_eq!(project.run(&["upgrade", "--all"]).code, Some(0), "{what}");
    }
    assert_eq!(server.value("ho0", "SELECT count(*) FROM kept"), "10001");
    let owners = "SELECT DISTINCT pg_get_userbyid(s.refobjid) FROM pg_shdepend s
                  WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = 'ho0') AND s.deptype = 'o'
                  AND s.classid = 'pg_class'::regclass";
    assert_eq!(server.sql("ho0", owners), [["ho0_owner"]]);
    assert_eq!(names.len(), 1);
}

#[test]
fn one_failing_service_of_fifty_does_not_stop_the_others() {
    let server = Server::start();
    let (project, mut names) = fleet(&server, "ff", 50, 2, Kind::Plain);
    names.sort();
    project.write("ff7/migrations/V3__typo.sql", "SELECT 1;\nCREATE TABLE x (id bigin);\n");
    let done = project.run(&["upgrade", "--all", "-j4"]).expect(1);
    for said in ["ff7", "ff7/migrations/V3__typo.sql:2:20", "type \"bigin\" does not exist", "42704", "hint"]
    {
        let shown = format!("{}{}", done.stdout, done.stderr);
        assert!(shown.contains(said), "{said} is missing: {shown}");
    }
    let upgraded = project.json(&["upgrade", "--all", "-j4"], 1);
    let outcomes = upgraded["services"].as_array().unwrap();
    assert_eq!(outcomes.len(), 50);
    for (name, outcome) in names.iter().zip(outcomes) {
        let expected = if name == "ff7" { "failed" } else { "ok" };
        assert_eq!(
            (outcome["service"].as_str(), outcome["outcome"].as_str()),
            (Some(&**name), Some(expected))
        );
        assert_eq!(server.value(name, "SELECT count(*) FROM martydb.refinery_schema_history"), "2", "{name}");
    }
}
