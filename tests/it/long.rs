//! Output of long runs off a terminal.

use std::process::Stdio;

use crate::support::{Project, Server, until};

#[test]
fn a_long_migration_reports_each_half_minute_and_a_waiting_run_once() {
    let server = Server::start();
    let project = Project::new(&server, "long");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.write("long_a/migrations/V3__slow.sql", "SELECT 1;\nSELECT pg_sleep(32);\nSELECT 2;\n");
    project.write("long_a/migrations/V3__slow.down.sql", "SELECT 1;\n");
    let first = project
        .command(&["upgrade", "-s", "long_a"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let running =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(32)%' AND pid <> pg_backend_pid()";
    until("the migration runs", || server.value("postgres", running) != "0");
    let second = project.run(&["upgrade", "-s", "long_a", "--lock-wait", "5s"]).expect(6);
    assert_eq!(second.stderr.matches("waiting: another run: pid ").count(), 1, "{}", second.stderr);
    let output = first.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let said: Vec<&str> = stderr.lines().filter(|line| line.starts_with("migrating: ")).collect();
    let [line] = said[..] else { panic!("{stderr}") };
    assert!(
        line.starts_with("migrating: 2 of 3 migrations, ") && line.ends_with(" s: statement 2 of 3"),
        "{stderr}"
    );
    assert!(line.contains("; longest: long_a V3 slow, "), "{stderr}");
}

#[test]
fn a_rehearsal_from_the_command_line_is_reported_as_text_and_json() {
    let server = Server::start();
    let project = Project::new(&server, "rehearse");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "-s", "rehearse_a", "--to", "1"]).expect(0);
    let text = project.run(&["upgrade", "--all", "--rehearse"]).expect(0).stdout;
    assert!(
        text.contains("rehearse_a V2 name_index: ") && text.contains("  locks: ShareLock on public.item\n"),
        "{text}"
    );
    let document = project.json(&["upgrade", "-s", "rehearse_a", "--rehearse"], 0);
    let one = &document["services"][0];
    assert_eq!((&one["from"], &one["to"], &one["applied"]), (&1.into(), &2.into(), &serde_json::json!([])));
    let rehearsed = &one["rehearsed"][0];
    assert_eq!((&rehearsed["version"], &rehearsed["rewrites"]), (&2.into(), &serde_json::json!([])));
    assert_eq!(rehearsed["locks"], serde_json::json!([{ "relation": "public.item", "mode": "ShareLock" }]));
    assert_eq!(one["skipped"], serde_json::json!([]));
    project.write("rehearse_a/migrations/V3__bad.sql", "SELECT 1;\nALTER TABLE itme ADD b int;\n");
    project.write("rehearse_a/migrations/V3__bad.down.sql", "SELECT 1;\n");
    let failed = project.json(&["upgrade", "-s", "rehearse_a", "--rehearse"], 1);
    let message = failed["services"][0]["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("V3__bad.sql:2:1"), "{failed:#}");
    assert_eq!(server.value("rehearse_a", "SELECT max(version) FROM martydb.refinery_schema_history"), "1");
    project.run(&["upgrade", "--all", "--rehearse", "--dry-run"]).expect(2);
}
