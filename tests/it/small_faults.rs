//! Small faults that new users met, each with the answer that they get now.

use crate::support::{Admin, Done, Project, Server, Terminal};

/// Returns the lines that contain a text.
fn lines<'a>(text: &'a str, part: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.contains(part)).collect()
}

/// Two services with a monitor; the first has an outbox, whose table comes with a migration.
fn with_outbox(server: &Server, prefix: &str) -> Project {
    let project = Project::new(server, prefix);
    let manifest = project.read("martydb.yaml");
    let outbox = format!("  {prefix}_a: {{ outbox: {{ to: {{ http: http://127.0.0.1:9/x }} }} }}\n");
    let manifest = manifest.replace(&format!("  {prefix}_a:\n"), &outbox);
    project.write("martydb.yaml", &format!("{manifest}monitor: true\n"));
    let service = format!("{prefix}_a");
    let _ = project.run(&["revision", &service, "-m", "events", "--template", "outbox"]).expect(0);
    project
}

#[test]
fn the_first_run_counts_services_alike_and_requests_no_grant_for_its_own_objects() {
    let server = Server::start();
    let project = with_outbox(&server, "sf");
    // Before anything is provisioned: one line for each server, and what to do.
    let early = project.run(&["verify-isolation"]).expect(4);
    assert!(!early.said().contains("\ninconclusive: "), "{early:?}");
    assert!(early.said().contains("not provisioned"), "{early:?}");
    let early = project.run(&["test-connections"]);
    assert_eq!(lines(&early.said(), "run `martydb apply`").len(), 1, "{early:?}");

    let first = project.run(&["init-all", "-y"]).expect(0);
    assert!(!first.said().contains("cannot let"), "{first:?}");
    // The monitor is a login, and no service.
    let proven = project.run(&["verify-isolation"]).expect(0);
    assert_eq!(lines(&proven.stdout, "2 services at ").len(), 1, "{}", proven.stdout);
    assert_eq!(lines(&proven.stdout, "2 services, ").len(), 1, "{}", proven.stdout);
    assert!(!proven.stdout.contains("3 services"), "{}", proven.stdout);
}

#[test]
fn every_command_describes_a_service_alike() {
    let server = Server::start();
    let project = Project::new(&server, "sr");
    let summary = project.run(&["plan", "--summary"]).expect(0).stdout;
    assert!(!summary.contains("(server)"), "{summary}");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    // Findings of the server alone have the server's name in both tables.
    server.sql("postgres", "GRANT CONNECT ON DATABASE postgres TO PUBLIC");
    let planned = project.run(&["plan", "--summary"]).expect(0).stdout;
    let applied = project.run(&["apply", "--all", "-y"]).expect(0).stdout;
    for table in [&planned, &applied] {
        assert_eq!(lines(table, "(main)").len(), 1, "{table}");
    }

    // A migration that fails: the version before it is known.
    project.write("sr_a/migrations/V3__broken.sql", "SELECT nothing FROM nowhere;\n");
    project.write("sr_a/migrations/V3__broken.down.sql", "SELECT 1;\n");
    let failed = project.run(&["upgrade", "sr_a"]).expect(1).stdout;
    let row: Vec<&str> = lines(&failed, "sr_a")[0].split_whitespace().collect();
    assert_eq!(row[..3], ["sr_a", "2", "2"], "{failed}");

    // A dry run of an adoption is followed by the adoption.
    server.sql("postgres", "CREATE DATABASE sr_old");
    let dry = project.run(&["adopt", "sr_old", "--dry-run"]).expect(0).stdout;
    let next = dry.find("martydb adopt").unwrap_or_else(|| panic!("{dry}"));
    assert!(dry.find("martydb apply").is_none_or(|apply| next < apply), "{dry}");
    assert!(!project.read("martydb.yaml").contains("sr_old"));
}

#[test]
fn an_admin_that_cannot_log_in_gets_a_request_for_the_dba() {
    let server = Server::for_admin(Admin::Limited);
    let text = format!(
        "version: 1\nproject: sa\nservers:\n  main:\n    url: {}\nservices:\n  sa_a:\n",
        server.url_of(Admin::Limited)
    );
    let project = Project::with_manifest(&text);
    server.sql("postgres", "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC");
    let query = project.run(&["plan", "--out-sql", "ask.sql"]);
    assert_ne!(query.code, Some(0), "{query:?}");
    assert!(!query.said().contains("Nothing to ask"), "{query:?}");
    assert!(query.said().contains("GRANT CONNECT"), "{query:?}");
}

#[test]
fn the_monitor_of_another_project_keeps_its_access() {
    let server = Server::start();
    let (first, second) = (with_outbox(&server, "sm"), with_outbox(&server, "sn"));
    for project in [&first, &second] {
        let _ = project.run(&["init-all", "-y"]).expect(0);
    }
    for project in [&first, &second] {
        let proven = project.run(&["verify-isolation"]).expect(0).stdout;
        assert!(!proven.contains("_monitor can connect"), "{proven}");
    }
    // A role that only has the name is a finding still.
    server.sql(
        "postgres",
        "CREATE ROLE other_monitor LOGIN; GRANT CONNECT ON DATABASE postgres TO other_monitor",
    );
    let found = first.run(&["verify-isolation"]).expect(0).stdout;
    assert!(found.contains("other_monitor"), "{found}");
}

#[test]
fn a_socket_folder_in_a_variable_may_be_percent_encoded() {
    let server = Server::start();
    let url = "postgresql://postgres@${DB_HOST}:${DB_PORT}/postgres";
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: so\nservers: {{ main: {{ url: \"{url}\" }} }}\nservices: {{ so_a: }}\n"
    ));
    let with = |host: &str| -> Done {
        let mut command = project.command(&["plan"]);
        command.env("DB_HOST", host).env("DB_PORT", server.port.to_string());
        project.finish(command)
    };
    // There is no server at this socket: the error names the folder, and no certificate.
    for host in ["/run/nowhere", "%2Frun%2Fnowhere"] {
        let refused = with(host).expect(5);
        assert!(refused.stderr.contains("/run/nowhere/.s.PGSQL."), "{refused:?}");
    }
    let _ = with("127.0.0.1").expect(0);
}

#[test]
fn a_narrow_terminal_breaks_no_word() {
    let project = Project::with_manifest("version: 1\nservices: [a, b]\n");
    let narrow = |arguments: &[&str], code: i32| {
        let mut terminal = Terminal::run_in(project.command(arguments), 24, 40);
        assert_eq!(terminal.end(), Some(code), "{}", terminal.seen());
        terminal.seen()
    };
    let error = narrow(&["validate"], 2);
    assert!(error.contains("the key \"services\": expected"), "{error}");
    for text in [error, narrow(&["upgrade", "--help"], 0), narrow(&["--help"], 0), narrow(&["-h"], 0)] {
        let plain = strip(&text);
        let long: Vec<&str> = plain.lines().filter(|line| line.chars().count() > 40).collect();
        // A word that is longer stays whole; so does a command to copy.
        let broken: Vec<&&str> =
            long.iter().filter(|line| line.trim().contains(' ') && !is_example(line)).collect();
        assert!(broken.is_empty(), "{broken:#?}");
    }
    let colours = project.run(&["--color", "always", "nosuch"]).expect(2);
    assert!(colours.stderr.starts_with("\u{1b}[1;31merror:\u{1b}[0m "), "{}", colours.stderr);
    let none = project.run(&["nosuch"]).expect(2);
    assert!(none.stderr.starts_with("error: "), "{}", none.stderr);
}

fn is_example(line: &str) -> bool {
    line.contains('`')
        || line.starts_with("Usage: ")
        || line.trim_start().starts_with("martydb")
        || line.contains("hint:")
}

/// Returns the text without colours and carriage returns.
fn strip(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out += before;
        rest = after.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |parts| parts.1);
    }
    (out + rest).replace('\r', "")
}
