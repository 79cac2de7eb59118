//! One document on stdout, messages on stderr, plain text off a terminal.

use serde_json::Value;

use crate::support::{Project, Server};

const COMMANDS: &[&[&str]] = &[
    &["validate"],
    &["plan"],
    &["apply", "--all", "-y"],
    &["upgrade", "--all"],
    &["init-all"],
    &["current"],
    &["history"],
    &["status"],
    &["verify-isolation"],
    &["test-connections"],
    &["url", "-s", "out_a"],
    &["revision", "-s", "out_a", "-m", "more"],
];

#[test]
fn every_command_prints_one_document() {
    let server = Server::start();
    let project = Project::new(&server, "out");
    for arguments in COMMANDS {
        let document = project.json(arguments, 0);
        assert_eq!(document["format_version"], 1, "{arguments:?}");
        assert_eq!(document["command"], arguments[0]);
        assert!(document.get("error").is_none(), "{arguments:?}");
    }
    // Errors are documents too, those of the argument parser among them.
    for (arguments, code) in [
        (&["upgrade"][..], 2),
        (&["plan", "-f", "nowhere"], 2),
        (&["url", "-s", "missing"], 2),
        (&["frobnicate"], 2),
        (&["plan", "--no-such-flag"], 2),
        (&["verify-isolation", "-e", "nowhere"], 2),
    ] {
        let document = project.json(arguments, code);
        assert_eq!(document["format_version"], 1, "{arguments:?}");
        assert!(document["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{document:#}");
        assert!(document["error"]["hints"].is_array() && document["error"]["causes"].is_array());
    }
}

#[test]
fn a_pipe_gets_plain_text_and_stdout_no_messages() {
    let server = Server::start();
    let project = Project::new(&server, "plain");
    for arguments in [&["init-all", "-y"][..], &["status"], &["verify-isolation"], &["plan"]] {
        let done = project.run(arguments).expect(0);
        assert!(!done.stdout.contains('\u{1b}') && !done.stderr.contains('\u{1b}'), "{arguments:?}");
    }
    let mut coloured = project.command(&["verify-isolation", "--color", "always"]);
    coloured.env("NO_COLOR", "1");
    assert!(project.finish(coloured).stdout.contains('\u{1b}'), "a flag wins over NO_COLOR");
    let quiet = project.run(&["-q", "apply", "--all"]).expect(0);
    assert!(quiet.stderr.is_empty(), "{}", quiet.stderr);
}

#[test]
fn the_documented_keys_are_present() {
    let server = Server::start();
    let project = Project::new(&server, "keys");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    server.sql("postgres", "ALTER ROLE keys_a_app CREATEDB");
    let rows: &[(&[&str], &str, &[&str])] = &[
        (
            &["plan"],
            "changes",
            &["server", "service", "database", "action", "object", "reason", "risk", "sql"],
        ),
        (
            &["status"],
            "services",
            &[
                "service", "server", "database", "state", "current", "latest", "pending", "size_bytes",
                "connections",
            ],
        ),
        (&["current"], "services", &["service", "current"]),
        (&["history"], "services", &["service", "events"]),
        (&["upgrade", "--all"], "services", &["service", "from", "to", "outcome", "applied", "error"]),
        (&["verify-isolation"], "matrix", &["service", "role", "server", "database", "outcome", "sqlstate"]),
        (
            &["test-connections"],
            "connections",
            &[
                "service", "role", "server", "database", "outcome", "latency_ms", "tls", "server_version",
                "error",
            ],
        ),
    ];
    for (arguments, list, keys) in rows {
        let mut all = arguments.to_vec();
        all.extend(["-o", "json"]);
        let document: Value = project.run(&all).json();
        let first = document[list][0].as_object().unwrap_or_else(|| panic!("{arguments:?}: {document:#}"));
        for key in *keys {
            assert!(first.contains_key(*key), "{arguments:?} lacks {key}: {first:?}");
        }
    }
    let plan = project.json(&["plan"], 0);
    for key in ["changes", "prunable", "limits", "summary"] {
        assert!(plan.get(key).is_some(), "plan lacks {key}");
    }
    let history = project.json(&["history"], 0);
    for key in ["at", "action", "version", "name", "checksum", "duration_ms", "by", "outcome"] {
        assert!(history["services"][0]["events"][0].get(key).is_some(), "history lacks {key}");
    }
    let verify = project.run(&["verify-isolation", "-o", "json"]).json();
    for key in ["summary", "matrix", "findings", "not_examined"] {
        assert!(verify.get(key).is_some(), "verify-isolation lacks {key}");
    }
}
