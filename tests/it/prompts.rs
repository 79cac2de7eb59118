//! Questions on a terminal: answers, and what a signal leaves behind.

use rustix::process::Signal;

use crate::support::{ADMIN_PASSWORD, INTERRUPT, Project, Server, Terminal, until};

/// Runs to the question twice and ends it by Ctrl-C and by SIGTERM: exit code 130 and a terminal as before.
fn interrupted_at(project: &Project, arguments: &[&str], variables: &[&str], question: &str, echo: bool) {
    let begin = || {
        let mut command = project.command(arguments);
        for name in variables {
            command.env_remove(name);
        }
        let terminal = Terminal::run(command);
        terminal.wait_for(question);
        until(question, || terminal.echoes() == echo);
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
fn a_signal_at_any_prompt_ends_the_run_and_restores_the_terminal() {
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
    interrupted_at(&project, &["init"], &[], "Services (space chooses", false);
    for folder in ["prompt_a", "prompt_b"] {
        std::fs::remove_dir_all(project.path().join(folder)).unwrap();
    }
    interrupted_at(&project, &["init"], &[], "Services, separated by spaces or commas", true);
    assert!(!project.path().join("martydb.yaml").exists());
}

#[test]
fn prompts_accept_every_answer() {
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
fn a_command_without_a_manifest_offers_one_and_repeats_invalid_answers() {
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
    offered.wait_for("[x] catalog");
    assert!(
        offered.seen().contains("  catalog\r\n    catalog/db (1 migration, goose)"),
        "{}",
        offered.seen()
    );
    offered.types(b"\n");
    offered.wait_for("Enter for none: ");
    offered.types(b"Orders\n");
    offered.wait_for_times("Enter for none: ", 2);
    assert!(offered.seen().contains("did you mean \"orders\"?"), "{}", offered.seen());
    offered.types(b"orders\n");
    // The folders that it made hold nothing yet, and that is valid.
    assert_eq!(offered.end(), Some(0), "{}", offered.seen());
    assert!(offered.seen().contains("created martydb.yaml"), "{}", offered.seen());
    assert!(offered.seen().contains("Valid: 2 services, 0 migrations"), "{}", offered.seen());
}

#[test]
fn services_are_chosen_from_a_list_with_their_states() {
    let server = Server::start();
    let project = Project::new(&server, "pick");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "pick_a"]).expect(0);
    server.sql("postgres", "ALTER ROLE pick_a_app CONNECTION LIMIT 3");
    let begin = |arguments: &[&str], line: &str| {
        let terminal = Terminal::run(project.command(arguments));
        terminal.wait_for(line);
        terminal
    };
    let hidden = "\u{1b}[?25l";
    // Each end of the question leaves the terminal as it was, which `end` compares, and the cursor shown.
    let mut interrupted = begin(&["upgrade"], "pick_b  pending, 2 pending migrations");
    assert!(interrupted.seen().contains("pick_a  drifted"), "{}", interrupted.seen());
    assert!(interrupted.seen().contains(hidden), "{}", interrupted.seen());
    interrupted.types(INTERRUPT);
    assert_eq!(interrupted.end(), Some(130), "{}", interrupted.seen());
    assert!(interrupted.seen().contains("\ncancelled, nothing was touched"), "{}", interrupted.seen());
    for signal in [Signal::TERM, Signal::HUP] {
        let mut ended = begin(&["upgrade"], "pick_b  pending");
        ended.signal(signal);
        assert_eq!(ended.end(), Some(130), "{signal:?}: {}", ended.seen());
        assert!(ended.seen().contains("\ncancelled, nothing was touched"), "{}", ended.seen());
    }
    let mut left = begin(&["upgrade"], "pick_b  pending");
    left.types(b"q");
    assert_eq!(left.end(), Some(2), "{}", left.seen());
    let mut none = begin(&["upgrade"], "pick_b  pending");
    none.types(b"\r");
    assert_eq!(none.end(), Some(2), "{}", none.seen());
    assert!(none.seen().contains("no service was chosen"), "{}", none.seen());
    let mut second = begin(&["upgrade"], "pick_b  pending");
    second.types(b"j \r");
    assert_eq!(second.end(), Some(0), "{}", second.seen());
    assert_eq!(server.value("pick_b", "SELECT count(*) FROM martydb.refinery_schema_history"), "2");
    // Letters narrow the list of a command that takes one service.
    let mut one = begin(&["drop"], "pick_b  up to date");
    one.types(b"k_b\r");
    one.wait_for("Type the service's name to remove all of this: pick_b");
    one.types(INTERRUPT);
    assert_eq!(one.end(), Some(130), "{}", one.seen());
    // Without a terminal, or with --no-input, the services are an error as before.
    let mut refused = Terminal::run(project.command(&["upgrade", "--no-input"]));
    assert_eq!(refused.end(), Some(2), "{}", refused.seen());
    for command in ["upgrade", "drop", "test-db"] {
        let refused = project.run(&[command]).expect(2);
        assert!(refused.stderr.contains("no service given"), "{command}: {}", refused.stderr);
        assert!(refused.stderr.contains("services: pick_a, pick_b"), "{command}: {}", refused.stderr);
    }
}

#[test]
fn a_database_to_adopt_is_chosen_from_unmanaged_ones() {
    let server = Server::start();
    let project = Project::new(&server, "take");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("postgres", "CREATE DATABASE \"Old_Shop\"");
    let mut terminal = Terminal::run(project.command(&["adopt"]));
    terminal.wait_for("Old_Shop");
    assert!(!terminal.seen().contains("take_a"), "{}", terminal.seen());
    terminal.types(b"shop\r");
    assert_eq!(terminal.end(), Some(0), "{}", terminal.seen());
    let manifest = project.read("martydb.yaml");
    assert!(manifest.contains("old_shop:") && manifest.contains("database: Old_Shop"), "{manifest}");
    let refused = project.run(&["adopt"]).expect(2);
    assert!(refused.stderr.contains("no service given"), "{}", refused.stderr);
}
