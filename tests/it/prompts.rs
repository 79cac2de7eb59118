//! Questions on a terminal: answers, and what a signal leaves behind.

use crate::support::{ADMIN_PASSWORD, INTERRUPT, Project, Server, Terminal};

/// Runs to the question twice and ends it by Ctrl-C and by SIGTERM: exit code 130 and a terminal as before.
fn interrupted_at(project: &Project, arguments: &[&str], variables: &[&str], question: &str, echo: bool) {
    let begin = || {
        let mut command = project.command(arguments);
        for name in variables {
            command.env_remove(name);
        }
        let terminal = Terminal::run(command);
        terminal.wait_for(question);
        assert_eq!(terminal.echoes(), echo, "{question}");
        terminal
    };
    let mut terminal = begin();
    terminal.types(INTERRUPT);
    assert_eq!(terminal.end(), Some(130), "Ctrl-C: {}", terminal.seen());
    assert!(terminal.seen().contains("\ncancelled, nothing was touched"), "{}", terminal.seen());
    assert!(!terminal.seen().contains("interrupted"), "{}", terminal.seen());
    let mut terminal = begin();
    terminal.types(b"half an ans");
    terminal.terminate();
    assert_eq!(terminal.end(), Some(130), "SIGTERM: {}", terminal.seen());
}

#[test]
fn a_signal_at_any_question_ends_the_run_and_leaves_the_terminal_as_it_was() {
    let server = Server::start();
    let project = Project::new(&server, "prompt");
    interrupted_at(&project, &["apply", "--all"], &[], "[y/N]: ", true);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'prompt%'"), "0");
    project.run(&["apply", "--all", "-y"]).expect(0);
    interrupted_at(&project, &["drop", "--service", "prompt_a"], &[], "Type the service's name", true);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'prompt_a'"), "1");
    let passwords = ["DB_PASSWORD", "PGPASSWORD"];
    interrupted_at(&project, &["plan"], &passwords, "Password of postgres at", false);
    std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
    interrupted_at(&project, &["init"], &[], "Services, separated by spaces or commas", true);
    assert!(!project.path().join("martydb.yaml").exists());
}

#[test]
fn answers_are_read() {
    let server = Server::start();
    let project = Project::new(&server, "answer");
    let mut no = Terminal::run(project.command(&["apply", "--all"]));
    no.wait_for("[y/N]: ");
    no.types(b"maybe\n");
    // Typed before the question is there again, it would not be read.
    no.wait_for_times("[y/N]: ", 2);
    no.types(b"\n");
    assert_eq!(no.end(), Some(2), "{}", no.seen());
    assert_eq!(no.seen().matches("[y/N]: ").count(), 2, "{}", no.seen());

    let mut command = project.command(&["apply", "--all"]);
    command.env_remove("DB_PASSWORD").env_remove("PGPASSWORD");
    let mut yes = Terminal::run(command);
    yes.wait_for("Password of postgres at");
    yes.types(format!("{ADMIN_PASSWORD}\n").as_bytes());
    yes.wait_for("[y/N]: ");
    assert!(yes.echoes());
    yes.types(b"yes\n");
    assert_eq!(yes.end(), Some(0), "{}", yes.seen());
    assert!(!yes.seen().contains(ADMIN_PASSWORD), "{}", yes.seen());
    assert_eq!(yes.seen().matches("Password of").count(), 1, "{}", yes.seen());

    let mut wrong = Terminal::run(project.command(&["drop", "--service", "answer_a"]));
    wrong.wait_for("Type the service's name");
    wrong.types(b"answer_b\n");
    assert_eq!(wrong.end(), Some(2), "{}", wrong.seen());
    let mut right = Terminal::run(project.command(&["drop", "--service", "answer_a"]));
    right.wait_for("Type the service's name");
    right.types(b"answer_a\n");
    assert_eq!(right.end(), Some(0), "{}", right.seen());

    let mut ended = Terminal::run(project.command(&["drop", "--service", "answer_b"]));
    ended.wait_for("Type the service's name");
    ended.types(b"\x04");
    assert_eq!(ended.end(), Some(2), "{}", ended.seen());
}

#[test]
fn a_command_without_a_manifest_offers_one_and_asks_until_the_names_are_right() {
    let project = Project::with_manifest("");
    std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
    project.write("catalog/db/001_a.sql", "-- +goose Up\nSELECT 1;");
    let mut declined = Terminal::run(project.command(&["validate"]));
    declined.wait_for("Write one now? [y/N]: ");
    declined.types(b"\n");
    assert_eq!(declined.end(), Some(2), "{}", declined.seen());
    assert!(declined.seen().contains("`martydb init` writes one"), "{}", declined.seen());

    let mut offered = Terminal::run(project.command(&["validate"]));
    offered.wait_for("Write one now? [y/N]: ");
    offered.types(b"y\n");
    offered.wait_for("Enter selects the one above: ");
    assert!(
        offered.seen().contains("  catalog\r\n    catalog/db (1 migration, goose)"),
        "{}",
        offered.seen()
    );
    offered.types(b"Catalog, orders\n");
    offered.wait_for_times("Enter selects the one above: ", 2);
    assert!(offered.seen().contains("did you mean \"catalog\"?"), "{}", offered.seen());
    offered.types(b"catalog,orders\n");
    // The folders that it made hold nothing yet, and that is valid.
    assert_eq!(offered.end(), Some(0), "{}", offered.seen());
    assert!(offered.seen().contains("created martydb.yaml"), "{}", offered.seen());
    assert!(offered.seen().contains("Valid: 2 services, 0 migrations"), "{}", offered.seen());
}
