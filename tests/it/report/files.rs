//! Files of a report: a page is replaced, nothing else; an earlier report is one of the same project.

use std::os::unix::fs::symlink;

use super::{inside, made, provisioned};
use crate::support::Terminal;

#[test]
fn only_a_report_is_overwritten_or_compared() {
    let (_server, project) = provisioned("pagefile");
    let refused = |arguments: &[&str], why: &str| {
        let done = project.run(arguments).expect(2);
        assert!(done.stderr.contains(why), "{}", done.stderr);
    };
    project.write("notes.html", "<!DOCTYPE html><p>my notes");
    refused(&["report", "--out", "notes.html"], "notes.html exists and is not a report");
    assert_eq!(project.read("notes.html"), "<!DOCTYPE html><p>my notes");
    symlink(project.path().join("target"), project.path().join("link.html")).unwrap();
    refused(&["report", "--out", "link.html"], "link.html exists and is not a report");
    assert!(!project.path().join("target").exists());

    let (page, _) = made(&project, &[], 0);
    let _ = project.run(&["report", "--out", "notes.html", "--force"]).expect(0);
    assert!(inside(&project.read("notes.html"))["services"].is_array());
    let _ = project.run(&["report", "--out", "notes.html"]).expect(0);

    let against = |file: &str, why: &str| {
        refused(&["report", "--out", "page.html", "--against", file], why);
        assert_eq!(project.read("page.html"), page, "nothing was written");
    };
    against("absent.html", "cannot compare with absent.html");
    against("martydb.yaml", "it is not a page of `martydb report`");
    project.write("other.html", &page.replace("\"project\":\"pagefile\"", "\"project\":\"other\""));
    against("other.html", "it is about \"other\"");
    project.write("damaged.html", &page.replace("\"services\":[", "\"services\":[7,"));
    against("damaged.html", "its JSON is not that of a report");
    project.write("cut.html", &page[..page.len() / 2]);
    against("cut.html", "cannot compare with cut.html");
    // A pipe has no end.
    let pipe = std::process::Command::new("mkfifo").arg(project.path().join("pipe.html")).status().unwrap();
    assert!(pipe.success());
    against("pipe.html", "it is not a plain file");
}

#[test]
fn a_report_is_refused_on_a_terminal_and_written_to_a_pipe() {
    let (_server, project) = provisioned("pageterm");
    let mut terminal = Terminal::run(project.command(&["report"]));
    assert_eq!(terminal.end(), Some(2));
    assert!(terminal.seen().contains("standard output is a terminal"), "{}", terminal.seen());
    let done = project.run(&["report"]).expect(0);
    assert!(done.stdout.starts_with("<!DOCTYPE html>") && done.stdout.trim_end().ends_with("</html>"));
}
