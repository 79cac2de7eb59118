//! The README: its table of commands is the program's, and it stays short.

use std::fmt::Write;

use crate::page::root;

const LONGEST: usize = 150;

fn table() -> String {
    let mut text = String::from("\n| group | commands |\n|---|---|\n");
    for (group, names) in martydb::cli::GROUPS {
        let links: Vec<String> =
            names.iter().map(|name| format!("[{name}](docs/reference/commands.md#martydb-{name})")).collect();
        writeln!(text, "| {group} | {} |", links.join(", ")).unwrap();
    }
    text
}

#[test]
fn the_readme_lists_every_command() {
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let begin = "<!-- commands: UPDATE=1 cargo test --test book readme -->\n";
    let end = "\n<!-- end of commands -->";
    let (before, rest) = readme.split_once(begin).expect("the README has the mark");
    let (_, after) = rest.split_once(end.trim_start()).expect("the README has its end");
    let wanted = format!("{before}{begin}{}{end}{after}", table());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(committed == wanted, "README.md is out of date: run `UPDATE=1 cargo test --test book readme`");
    assert!(committed.lines().count() <= LONGEST, "{} lines", committed.lines().count());
}
