//! Number of calls of a program for a password.

use std::collections::BTreeMap;

use super::vault::Vault;
use crate::support::{Admin, Server};

/// The calls of `get` since the last look, by entry.
fn query(vault: &Vault) -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(vault.project.path().join("calls")).unwrap_or_default();
    let _none_yet = std::fs::remove_file(vault.project.path().join("calls"));
    let mut counts = BTreeMap::new();
    for entry in text.lines().filter_map(|line| line.strip_prefix("get ")) {
        *counts.entry(entry.to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn each_entry_is_read_once_per_run() {
    let server = Server::start();
    let vault = Vault::new(&server, Admin::Super, "once");
    let project = &vault.project;
    let script = project.read("vault").replace("case $1 in", "echo \"$1 $2\" >> calls\ncase $1 in");
    project.write("vault", &script);
    for service in ["once_a", "once_b"] {
        project.write(&format!("{service}/migrations/V1__t.sql"), "CREATE TABLE t (id int);\n");
        project.write(&format!("{service}/migrations/V1__t.down.sql"), "DROP TABLE t;\n");
    }
    // New ones: looked for, looked for again before one is made, and asked for back.
    project.run(&["apply", "--all", "-y"]).expect(0);
    let made = query(&vault);
    assert!(made.len() == 6 && made.values().all(|count| *count <= 3), "{made:?}");
    for (arguments, entries) in [
        (&["plan", "--check", "--check-logins"][..], 6),
        (&["apply", "--all", "-y"], 6),
        (&["test-connections"], 6),
        (&["status", "--drift"], 6),
        (&["doctor"], 6),
        (&["upgrade", "--all"], 6),
        (&["init-all", "-y"], 6),
        (&["verify-isolation"], 6),
        (&["url", "-s", "once_a"], 3),
        (&["secrets", "export", "--format", "kubernetes", "--values", "--out", "f"], 12),
        (&["secrets", "export", "--format", "pgbouncer", "--values", "--out", "g"], 12),
        (&["secrets", "move", "--to", "file"], 24),
    ] {
        project.run(arguments).expect(0);
        let counts = query(&vault);
        assert!(counts.values().all(|count| *count == 1), "{arguments:?}: {counts:?}");
        assert!((1..=entries).contains(&counts.len()), "{arguments:?}: {counts:?}");
    }
    // A written password is read back.
    project.run(&["rotate", "--all"]).expect(0);
    let rotated = query(&vault);
    assert!(
        rotated.iter().all(|(name, count)| *count <= if name.ends_with(".next") { 1 } else { 2 }),
        "{rotated:?}"
    );
}
