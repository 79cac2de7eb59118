//! `-o yaml`, `csv` and `name`, what `status` shows, and the log as JSON.

use martydb::commands::support::tables::TABLES;
use serde_json::Value;

use crate::support::{Project, Server};

/// Returns the arguments for each command with a table; `None` if another test runs it.
fn words(command: &str, service: &str) -> Option<Vec<String>> {
    let own: &[&str] = match command {
        "apply" | "upgrade" => &["--all", "-y"],
        "revision" => &["-m", "more"],
        "test-db" => &["--list"],
        "lint" => &["--since", "2"],
        "diff" => &["--from", "files", "--to", "database"],
        "backup" | "downgrade" | "drop" | "repair" | "import" | "rotate" | "dev" | "relay" | "split"
        | "partitions" | "serve" => {
            return None;
        }
        _ => &[],
    };
    let service = ["revision", "test-db"].contains(&command).then(|| service.to_owned());
    let all =
        command.split(' ').map(str::to_owned).chain(service).chain(own.iter().map(|word| (*word).to_owned()));
    Some(all.collect())
}

#[test]
fn csv_columns_are_keys_of_the_document() {
    let server = Server::start();
    let project = Project::new(&server, "fmt");
    project.run(&["init-all", "-y"]).expect(0);
    project.write("fmt_a/migrations/V3__risky.sql", "ALTER TABLE item ALTER COLUMN name TYPE int USING 1;\n");
    project.write("fmt_a/migrations/V3__risky.down.sql", "SELECT 1;\n");
    server.sql("postgres", "ALTER ROLE fmt_a_app CREATEDB");
    let mut seen = vec![];
    for table in TABLES {
        let Some(mut words) = words(table.command, "fmt_b") else { continue };
        let rows = if table.command == "revision" {
            // Each run writes another file.
            vec![]
        } else {
            let query: Vec<&str> = words.iter().map(String::as_str).chain(["-o", "json"]).collect();
            rows(project.run(&query).json(), table.rows)
        };
        words.extend(["-o".to_owned(), "csv".to_owned()]);
        let done = project.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!matches!(done.code, Some(2 | 5)), "{words:?}: {done:?}");
        for unwritten in ["V3__more.sql", "V3__more.down.sql"].map(|name| format!("fmt_b/migrations/{name}"))
        {
            let _absent = std::fs::remove_file(project.path().join(unwritten));
        }
        assert_eq!(done.stdout.lines().next(), Some(&*(table.columns)().join(",")), "{words:?}");
        for row in &rows {
            for column in (table.columns)() {
                let key = column.split('.').next().unwrap();
                assert!(
                    row.iter().any(|one| one.get(key).is_some()),
                    "{} has no {key}: {row:?}",
                    table.command
                );
            }
            seen.push(table.command);
        }
    }
    for command in ["plan", "lint", "status", "history", "verify-isolation", "test-connections", "doctor"] {
        assert!(seen.contains(&command), "{command} had no row: {seen:?}");
    }
}

/// Each row with those around it.
fn rows(document: Value, keys: &[&str]) -> Vec<Vec<Value>> {
    let mut rows = vec![vec![document]];
    for key in keys {
        let inside = |row: Vec<Value>| {
            let inner = row[0][key].as_array().cloned().unwrap_or_default();
            inner.into_iter().map(move |one| [&[one][..], &row].concat())
        };
        rows = rows.into_iter().flat_map(inside).collect();
    }
    rows
}

#[test]
fn names_are_arguments_of_the_next_command_and_yaml_equals_json() {
    let server = Server::start();
    let project = Project::new(&server, "nam");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "nam_b"]).expect(0);
    let names = |words: &[&str]| project.run(&[words, &["-o", "name"]].concat()).expect(0).stdout;
    assert_eq!(names(&["status"]), "nam_a\nnam_b\n");
    assert_eq!(names(&["status", "--only", "pending"]), "nam_a\n");
    assert_eq!(names(&["status", "--only", "failed,drifted"]), "");
    assert_eq!(names(&["test-connections", "nam_a"]), "nam_a_migrator\nnam_a_app\nnam_a_ro\n");
    assert_eq!(names(&["plan"]), "");

    let yaml = project.run(&["current", "-o", "yaml"]).expect(0).stdout;
    assert!(yaml.starts_with("format_version: 1\ncommand: current\nservices:\n"), "{yaml}");
    assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), project.json(&["current"], 0));
    for (words, code) in
        [(&["url", "-s", "missing"][..], 2), (&["frobnicate"], 2), (&["plan", "--no-such-flag"], 2)]
    {
        let done = project.run(&[words, &["-o", "yaml"]].concat()).expect(code);
        let document: Value = serde_yaml::from_str(&done.stdout).unwrap();
        assert_eq!(document["error"]["exit_code"], code, "{done:?}");
    }
    // --format says it for one command, and wins.
    let json = project.run(&["verify-isolation", "--format", "json", "-o", "yaml"]);
    assert_eq!(json.json()["command"], "verify-isolation");
}

#[test]
fn csv_of_a_command_without_a_table_is_refused_before_any_change() {
    let server = Server::start();
    let project = Project::new(&server, "not");
    for (command, format) in [("init-all", "csv"), ("explain", "name")] {
        let argument = if command == "explain" { "hba-trust" } else { "-y" };
        let done = project.run(&[command, argument, "-o", format]).expect(2);
        let text =
            format!("error: {command} has no table to print with -o {format}\nhint: use -o json or -o yaml");
        assert!(done.stderr.starts_with(&text) && done.stdout.is_empty(), "{done:?}");
    }
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'not%'"), "0");
    let wrong = project.run(&["status", "-o", "xml"]).expect(2);
    insta::assert_snapshot!(wrong.shown(), @r"
    error: invalid value 'xml' for '--output <FORMAT>'
      [possible values: table, json, yaml, csv, name]

    hint: a similar value exists: 'yaml'

    For more information, try '--help'.
    ");
}

#[test]
fn status_shows_failed_and_running_migrations() {
    let server = Server::start();
    let project = Project::new(&server, "sta");
    project.run(&["init-all", "-y"]).expect(0);
    let calm = project.run(&["status"]).expect(0).stdout;
    assert!(calm.contains("\n2 services: 2 up to date\n"), "{calm}");
    project.write("sta_a/migrations/V3__bad.sql", "SELECT 1 / 0;\n");
    project.write("sta_a/migrations/V3__bad.down.sql", "SELECT 1;\n");
    project.run(&["upgrade", "sta_a"]).expect(1);
    let shown = project.run(&["status"]).expect(0).stdout;
    assert!(shown.contains("\n2 services: 1 up to date, 1 failed\n"), "{shown}");
    assert!(
        shown.contains("\nsta_a: upgrade of V3__bad failed 20") && shown.contains("division by zero"),
        "{shown}"
    );
    assert!(shown.contains(
        "  hint: nothing of it was kept; correct it, then run `martydb upgrade --service sta_a`\n"
    ));
    let one = &project.json(&["status", "--only", "failed"], 0)["services"];
    assert_eq!((one.as_array().unwrap().len(), &one[0]["state"]), (1, &"pending".into()));
    let event = &one[0]["last_event"];
    assert_eq!(
        (&event["version"], &event["outcome"], &event["action"]),
        (&3.into(), &"failed".into(), &"upgrade".into())
    );
    assert!(event["at"].as_str().unwrap().ends_with('Z') && one[0]["running"].is_null(), "{one:#}");
    // Hidden rows count for the verdict.
    project.run(&["status", "--only", "up_to_date", "--check"]).expect(3);
    let unknown = project.run(&["status", "--only", "pendign"]).expect(2).stderr;
    assert!(unknown.contains("possible values: up_to_date, pending, running, failed, drifted"), "{unknown}");
    server.sql("postgres", "ALTER ROLE sta_b_app CREATEDB");
    let drifted = project.run(&["status", "--only", "drifted"]).expect(0).stdout;
    assert!(
        drifted.contains("sta_b")
            && !drifted.contains("\nsta_a ")
            && drifted.contains("; 1 shown (--only)\n"),
        "{drifted}"
    );

    project.write("sta_a/migrations/V3__bad.sql", "SELECT 1;\nSELECT pg_sleep(60);\n");
    let mut run = project.command(&["upgrade", "sta_a"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    let running = loop {
        let found = project.json(&["status", "sta_a"], 0)["services"][0].clone();
        if found["running"]["statement"] == 2 {
            break found;
        }
        assert!(run.try_wait().unwrap().is_none(), "{found:#}");
    };
    assert!(
        running["running"]["pid"].is_i64() && running["running"]["login"] == "sta_a_migrator",
        "{running:#}"
    );
    let shown = project.run(&["status", "--only", "running"]).expect(0).stdout;
    assert!(
        shown.contains("1 running") && shown.contains(", at statement 2 of 2; next migration: V3__bad\n"),
        "{shown}"
    );
    rustix::process::kill_process(rustix::process::Pid::from_child(&run), rustix::process::Signal::TERM)
        .unwrap();
    run.wait().unwrap();
    assert!(project.json(&["status", "sta_a"], 0)["services"][0]["running"].is_null());
}

#[test]
fn the_json_log_has_one_object_per_line_without_secrets() {
    let server = Server::start();
    let project = Project::new(&server, "log");
    project.write(
        "log_a/migrations/V3__warns.sql",
        "DO $$ BEGIN RAISE WARNING E'\\x1b[31m\\nforged'; END $$;\n",
    );
    project.write("log_a/migrations/V3__warns.down.sql", "SELECT 1;\n");
    let refused = project.run(&["apply", "--log-format", "json"]).expect(2);
    let error: Value = serde_json::from_str(refused.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(error["level"], "ERROR");
    assert!(error["fields"]["message"].as_str().unwrap().starts_with("error: no service given"), "{error:#}");
    for words in [
        &["apply", "--all", "-y", "-vv"][..],
        &["upgrade", "--all", "-o", "json"],
        &["verify-isolation", "-q"],
        &["status"],
    ] {
        let done = project.run(&[words, &["--log-format", "json"]].concat()).expect(0);
        let events: Vec<Value> = done
            .stderr
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        let closed = |name: &str| {
            let mut found = events.iter().filter(|event| event["fields"]["message"] == "close");
            found.any(|event| event["fields"]["time.busy"].is_string() && event["span"]["name"] == name)
        };
        assert!(closed("run"), "{words:?}: {}", done.stderr);
        assert!(words[0] == "upgrade" || closed("unit"), "{words:?}: {}", done.stderr);
        assert!(words[0] != "upgrade" || closed("service"), "{}", done.stderr);
        for secret in project.passwords().iter().map(String::as_str).chain([crate::support::ADMIN_PASSWORD]) {
            assert!(!done.stderr.contains(secret), "{words:?}");
        }
        assert!(!done.stderr.contains('\u{1b}'));
        if words[0] == "upgrade" {
            assert!(
                done.stderr.contains("\\\\u{1b}[31m") || done.stderr.contains("\\u001b[31m"),
                "{}",
                done.stderr
            );
            assert_eq!(done.json()["command"], "upgrade");
        }
    }
}
