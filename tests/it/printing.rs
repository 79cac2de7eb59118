//! Text from servers, files, programs and arguments never reaches a terminal as a command, nor a reader as one of
//! martydb's lines.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::{Done, Project, Server};

/// Colours, a title, C1's CSI, DEL, an override of the direction, and lines that look like ours.
const ATTACK: &str = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J\u{7f}\u{202e}\r\nhint: forged\nerror: forged\ncaused by: forged";

/// The same as a literal of SQL.
fn literal() -> String {
    let plain = ATTACK.replace('\u{1b}', "\\x1b").replace('\u{7}', "\\x07").replace('\u{7f}', "\\x7f");
    format!("E'{}'", plain.replace('\r', "\\r").replace('\n', "\\n"))
}

/// As a name: PostgreSQL allows everything but NUL, in 63 bytes.
const NAME: &str = "a\u{1b}[31m\u{9b}2J\u{7f}\u{202e}\r\nhint: forged\nerror: forged";

fn is_safe(text: &str) -> bool {
    let harmless =
        |c: char| c == '\n' || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{feff}'));
    let ours = |line: &str| {
        !["hint: forged", "error: forged", "caused by: forged"].iter().any(|forged| line.starts_with(forged))
    };
    text.chars().all(harmless) && text.lines().all(ours)
}

#[track_caller]
fn safe(done: Done) -> Done {
    assert!(is_safe(&done.stdout), "{}", done.stdout.escape_debug().to_string().replace("\\n", "\n"));
    assert!(is_safe(&done.stderr), "{}", done.stderr.escape_debug().to_string().replace("\\n", "\n"));
    done
}

#[test]
fn messages_of_a_migration_are_printed_safely() {
    let server = Server::start();
    let project = Project::new(&server, "print");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let raise = |level: &str| {
        format!(
            "DO $x$ BEGIN RAISE {level} USING MESSAGE = {0}, DETAIL = {0}, HINT = {0}; END $x$;\n",
            literal()
        )
    };
    let folder = "print_a/migrations";
    project.write(&format!("{folder}/V3__warns.sql"), &format!("{}{}", raise("WARNING"), raise("NOTICE")));
    project.write(&format!("{folder}/V3__warns.down.sql"), "SELECT 1;\n");
    let warned = safe(project.run(&["upgrade", "--service", "print_a", "-vv"]).expect(0));
    assert!(warned.stderr.contains("warning: \\u{1b}[31mred"), "{}", warned.stderr);

    project.write(
        &format!("{folder}/V4__fails.sql"),
        &format!("-- martydb: no-transaction\n{}", raise("EXCEPTION")),
    );
    project.write(&format!("{folder}/V4__fails.down.sql"), "SELECT 1;\n");
    let failed = safe(project.run(&["upgrade", "--service", "print_a", "-vv"]).expect(1));
    assert!(failed.stderr.contains("\\u{1b}[31mred"), "{}", failed.stderr);
    // Stored text is printed safely too.
    let past = safe(project.run(&["history"]).expect(0));
    assert!(past.stdout.contains("\\u{1b}[31mred"), "{}", past.stdout);
    let _ = safe(project.run(&["status", "--drift"]).expect(0));
    let _ = safe(project.run(&["current"]).expect(0));

    let document = safe(project.run(&["history", "-o", "json"]).expect(0)).json();
    let reported = document.to_string();
    assert!(
        reported.contains("\u{9b}") && reported.contains("\u{202e}"),
        "JSON has the exact text: {reported}"
    );
}

#[test]
fn names_on_a_server_are_printed_safely() {
    let server = Server::start();
    let project = Project::new(&server, "printn");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let quoted = format!("\"{NAME}\"");
    server.sql("postgres", &format!("CREATE ROLE {quoted} LOGIN SUPERUSER PASSWORD 'x'"));
    server.sql("postgres", &format!("CREATE DATABASE {quoted} OWNER {quoted}"));
    server.sql("postgres", &format!("GRANT printn_a_app TO {quoted}"));
    server.sql("postgres", &format!("COMMENT ON DATABASE {quoted} IS {}", literal()));
    server.sql("printn_a", &format!("CREATE SCHEMA {quoted} CREATE TABLE {quoted} ({quoted} int DEFAULT 1)"));
    server.sql("printn_a", &format!("GRANT ALL ON {quoted}.{quoted} TO PUBLIC, {quoted}, printn_b_app"));
    server.sql("printn_a", &format!("GRANT ALL ON SCHEMA {quoted} TO PUBLIC, {quoted}"));
    server.sql(
        "printn_a",
        &format!(
            "CREATE FUNCTION {quoted}.{quoted}() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'"
        ),
    );
    server.sql("postgres", &format!("ALTER ROLE printn_a_app SET application_name = {}", literal()));
    let read: [&[&str]; 12] = [
        &["plan"],
        &["plan", "--check-logins", "-vv"],
        &["plan", "-o", "json"],
        &["doctor"],
        &["status", "--drift"],
        &["verify-isolation"],
        &["verify-isolation", "--color", "never", "--probes", "full", "--exhaustive", "-vv"],
        &["verify-isolation", "--format", "junit"],
        &["verify-isolation", "--format", "markdown"],
        &["verify-isolation", "--format", "json"],
        &["test-connections"],
        &["drop", "--service", "printn_b", "--dry-run"],
    ];
    for arguments in read {
        let done = safe(project.run(arguments));
        assert!(!matches!(done.code, Some(1 | 2 | 5) | None), "{arguments:?}: {done:?}");
    }
    for arguments in [&["plan"][..], &["verify-isolation"], &["drop", "--service", "printn_b", "--dry-run"]] {
        let done = project.run(&[arguments, &["--color", "always"]].concat());
        let seen = done.stdout + &done.stderr;
        assert!(seen.contains("\u{1b}[") && !seen.contains("a\u{1b}[31m"), "only our own colours: {seen}");
    }
    let refused = safe(project.run(&["apply", "--all", "--prune"]).expect(2));
    assert!(
        refused.stderr.contains("hint: forged"),
        "the attack is told, on a line of ours: {}",
        refused.stderr
    );
    let _ = safe(project.run(&["verify-isolation", "--fix", "-y", "-vv"]));
    let _ = safe(project.run(&["apply", "--all", "-y", "-vv"]));
}

#[test]
fn file_names_and_program_output_are_printed_safely() {
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: printf\nsecrets:\n  provider: command\n  get: [sh, get.sh]\nservers: {{ main: {{ url: \"postgresql://127.0.0.1:1/x\" }} }}\n\
         services:\n  printf_a:\n  \"{}\": {{}}\n",
        NAME.escape_default()
            .to_string()
            .replace("\\u{1b}", "\\e")
            .replace("\\u{9b}", "\\x9b")
            .replace("\\u{7f}", "\\x7f")
            .replace("\\u{202e}", "\\u202e")
    ));
    let wrong = safe(project.run(&["validate"]).expect(2));
    assert!(wrong.stderr.contains("\\u{1b}[31m"), "{}", wrong.stderr);

    project.write("martydb.yaml", "version: 1\nproject: printf\nsecrets:\n  provider: command\n  get: [sh, get.sh]\nservers: { main: { url: \"postgresql://127.0.0.1:1/x\" } }\nservices:\n  printf_a:\n");
    project.write("get.sh", &format!("printf '%s' '{ATTACK}' >&2\nexit 3\n"));
    let _ = safe(project.run(&["test-connections"]));
    let _ = safe(project.run(&["url", "--service", "printf_a"]));

    project.write(&format!("printf_a/migrations/{}.sql", NAME), "SELECT 1;\n");
    project.write(&format!("printf_a/migrations/V1__{}.sql", NAME), "SELEC 1;\n");
    let wrong = safe(project.run(&["validate"]).expect(2));
    assert!(wrong.stdout.contains("\\u{1b}[31m"), "{wrong:?}");
    let _ = safe(project.run(&["lint"]));
    let _ = safe(project.run(&["upgrade", "--all"]));
}

#[test]
fn arguments_and_variables_are_printed_safely() {
    let project = Project::with_manifest("version: 1\nservices: { a: }\n");
    let both = format!("--output={ATTACK}");
    let list = format!("a,{ATTACK}");
    let calls: [&[&str]; 10] = [
        &[ATTACK],
        &["plan", ATTACK],
        &["plan", "--service", ATTACK],
        &["plan", "--service", &list],
        &["plan", "-f", ATTACK],
        &["plan", "-e", ATTACK],
        &["plan", &both],
        &["plan", &format!("--{ATTACK}")],
        &["apply", "--plan", ATTACK],
        &["verify-isolation", "--min-severity", ATTACK],
    ];
    for arguments in calls {
        let done = safe(project.run(arguments).expect(2));
        assert!(done.stderr.contains("red"), "{arguments:?}: {done:?}");
        let document = safe(project.run(&[arguments, &["-o", "json"]].concat()).expect(2));
        assert_eq!(document.json()["error"]["exit_code"].as_u64().unwrap_or(2), 2);
    }
    let mut command = project.command(&["plan"]);
    command.env("MARTYDB_OUTPUT", ATTACK);
    let _ = safe(project.finish(command).expect(2));
    let mut command = project.command(&["plan"]);
    command.env("MARTYDB_MANIFEST", ATTACK);
    let _ = safe(project.finish(command).expect(2));
    let mut command = project.command(&["plan"]);
    command.arg(OsStr::from_bytes(b"--output=\xff\x9b2J"));
    let _ = safe(project.finish(command).expect(2));
}
