//! Output that only a terminal gets: progress, pages and a screen that is redrawn.

use std::path::Path;

use crate::support::{INTERRUPT, Project, Server, Terminal};

#[test]
fn watch_redraws_until_an_interrupt() {
    let server = Server::start();
    let project = Project::new(&server, "wat");
    project.run(&["init-all", "-y"]).expect(0);
    let mut screen = Terminal::run_in(project.command(&["status", "--watch=1"]), 30, 100);
    screen.wait_for("2 services: 2 up to date");
    // The migrations ended a moment ago, and the times are relative to now.
    let seen = screen.seen();
    assert!(seen.contains("LAST RUN") && (seen.contains(" ago") || seen.contains("just now")), "{seen}");
    project.write("wat_a/migrations/V3__new.sql", "SELECT 1;\n");
    project.write("wat_a/migrations/V3__new.down.sql", "SELECT 1;\n");
    screen.wait_for("2 services: 1 up to date, 1 pending");
    screen.types(INTERRUPT);
    assert_eq!(screen.end(), Some(0), "{}", screen.seen());
    assert!(!screen.seen().contains("interrupted"), "{}", screen.seen());
    // A window with few lines gets the first, and how many more there are.
    let mut small = Terminal::run_in(project.command(&["status", "--watch"]), 4, 100);
    small.wait_for("more lines");
    assert!(!small.seen().contains("wat_b"), "{}", small.seen());
    small.types(INTERRUPT);
    assert_eq!(small.end(), Some(0), "{}", small.seen());

    let piped = project.run(&["status", "--watch"]).expect(2);
    assert!(piped.stderr.starts_with("error: --watch needs a terminal\nhint: "), "{}", piped.stderr);
    project.run(&["status", "--watch", "-o", "json"]).expect(2);
    project.run(&["status", "--watch", "--check"]).expect(2);
    project.run(&["status", "--watch=0"]).expect(2);
}

#[test]
fn output_longer_than_the_terminal_is_paged() {
    let server = Server::start();
    let project = Project::new(&server, "pag");
    project.write("pager.sh", "cat > paged\necho \"PAGER $LESS $*\"\n");
    let run = |pager: &[(&str, &str)], words: &[&str], rows: u16| {
        let _gone = std::fs::remove_file(project.path().join("paged"));
        let mut command = project.command(words);
        command.envs(pager.iter().copied());
        let mut terminal = Terminal::run_in(command, rows, 100);
        assert_eq!(terminal.end(), Some(0), "{}", terminal.seen());
        let paged = std::fs::read_to_string(project.path().join("paged")).ok();
        (terminal.seen(), paged)
    };
    let ours = ("MARTYDB_PAGER", "sh pager.sh 'one word'");
    let (seen, paged) = run(&[ours], &["plan", "--full"], 10);
    assert!(seen.contains("PAGER FRX one word") && !seen.contains("to create"), "{seen}");
    assert!(paged.unwrap().contains(" to create, "));
    let (seen, paged) = run(&[("PAGER", "sh pager.sh"), ("LESS", "S")], &["plan", "--full"], 10);
    assert!(seen.contains("PAGER S") && paged.is_some(), "{seen}");
    for (pager, words, rows) in [
        (ours, &["plan", "--full", "--no-pager"][..], 10),
        (ours, &["plan", "--full"], 500),
        (ours, &["plan", "--full", "-o", "json"], 10),
        (("MARTYDB_PAGER", ""), &["plan", "--full"], 10),
        (("MARTYDB_PAGER", "cat"), &["plan", "--full"], 10),
        (("MARTYDB_PAGER", "no-such-pager -x"), &["plan", "--full"], 10),
        // Its size is not known.
        (ours, &["plan", "--full"], 0),
    ] {
        let (seen, paged) = run(&[pager], words, rows);
        assert!(
            seen.contains("create") && paged.is_none() && !seen.contains("PAGER"),
            "{words:?} {pager:?}: {seen}"
        );
    }
    // A pager that reads nothing is not an error, and a pipe has no pager.
    let _ = run(&[("PAGER", "true")], &["plan", "--full"], 10);
    let mut piped = project.command(&["plan", "--full"]);
    piped.env(ours.0, ours.1);
    assert!(project.finish(piped).expect(0).stdout.contains("to create"));
    assert!(!Path::new(&project.path().join("paged")).exists());
}

#[test]
fn a_long_run_shows_its_progress() {
    let server = Server::start();
    let project = Project::new(&server, "bar");
    project.run(&["apply", "--all", "-y"]).expect(0);
    for service in ["bar_a", "bar_b"] {
        project.write(&format!("{service}/migrations/V3__slow.sql"), "SELECT 1;\nSELECT pg_sleep(4);\n");
        project.write(&format!("{service}/migrations/V3__slow.down.sql"), "SELECT 1;\n");
    }
    let mut shown = Terminal::run_in(project.command(&["upgrade", "bar_a"]), 30, 120);
    shown.wait_for("migrating 2 of 3 [");
    shown.wait_for("longest: bar_a V3 slow, ");
    assert_eq!(shown.end(), Some(0), "{}", shown.seen());
    let mut quiet = Terminal::run_in(project.command(&["upgrade", "bar_b", "-q"]), 30, 120);
    assert_eq!(quiet.end(), Some(0), "{}", quiet.seen());
    let quiet = quiet.seen();
    assert!(!quiet.contains("migrating") && quiet.contains("migrated"), "{quiet}");
}

#[test]
fn each_part_of_a_bootstrap_is_printed_once_complete() {
    let server = Server::start();
    let project = Project::new(&server, "prt");
    for service in ["prt_a", "prt_b"] {
        project.write(&format!("{service}/migrations/V3__bad.sql"), "SELECT pg_sleep(600);\n");
        project.write(&format!("{service}/migrations/V3__bad.down.sql"), "SELECT 1;\n");
    }
    let mut run = Terminal::run_in(project.command(&["init-all", "-y"]), 60, 100);
    run.wait_for("Provisioned");
    run.wait_for("migrating ");
    run.types(INTERRUPT);
    assert_eq!(run.end(), Some(130), "{}", run.seen());
    assert_eq!(run.seen().matches("Provisioned").count(), 1, "{}", run.seen());
    assert!(run.seen().contains("provisioned") && run.seen().contains("Not migrated"), "{}", run.seen());
    assert!(!run.seen().contains("Isolation"), "{}", run.seen());
}
