//! The data service has one way through a request: the runner alone takes connections, begins and ends transactions, looks at costs and
//! writes the audit. A handler that does one of these itself would be a second way.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// Folder of the data service, and the parts of it that only compile statements.
const SERVE: &str = "crates/serve/src";
const PURE: &[&str] = &["compile", "face", "plan", "request"];

/// Text of a call or of a statement, what it does, and the file that alone does it.
const ONCE: &[(&str, &str, &str)] = &[
    ("pool.get()", "takes a connection", "run/lease.rs"),
    (".reuse(", "gives a connection back", "run/lease.rs"),
    ("\"BEGIN ", "begins a transaction", "run/transaction.rs"),
    ("\"ROLLBACK\"", "rolls back", "run/transaction.rs"),
    ("session.commit(", "commits", "run/transaction.rs"),
    ("check_cost(", "looks at the cost", "run/request_session.rs"),
    ("INSERT INTO martydb_serve.audit", "writes the audit", "run/records.rs"),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// Returns the files of the data service that may act, with the lines that call something.
fn acting() -> Vec<(String, Vec<String>)> {
    let mut all = vec![];
    files(Path::new(SERVE), &mut all);
    let name = |path: &Path| path.strip_prefix(SERVE).unwrap().to_str().unwrap().to_owned();
    let acts = |name: &String| {
        // The pool that a connection is taken from is the driver's there.
        *name != "session/pool.rs" && !PURE.iter().any(|pure| name.starts_with(&format!("{pure}/")))
    };
    let calls = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with("//") && !line.contains("fn ")
    };
    let lines = |name: &String| {
        let text = read_to_string(Path::new(SERVE).join(name)).unwrap();
        let own = text.split("#[cfg(test)]").next().unwrap_or_default();
        own.lines().filter(calls).map(str::to_owned).collect()
    };
    all.iter().map(|path| name(path)).filter(acts).map(|name| (name.clone(), lines(&name))).collect()
}

#[test]
fn each_step_of_a_request_has_one_call_site() {
    let acting = acting();
    for (text, does, expected) in ONCE {
        let places: Vec<&str> = acting
            .iter()
            .flat_map(|(name, lines)| lines.iter().filter(|line| line.contains(text)).map(|_| name.as_str()))
            .collect();
        assert!(
            places.len() == 1 && places[0].ends_with(expected),
            "{does} (`{text}`) belongs into {expected} alone: {places:?}"
        );
    }
}

/// Names that only the runner needs: a handler returns a value instead.
const SESSIONS: &[&str] = &["RequestSession", "LoginSession", "in_own_transaction"];

#[test]
fn no_handler_has_a_session() {
    for (name, lines) in acting().iter().filter(|(name, _)| name.starts_with("handlers/")) {
        let has = |line: &&String| SESSIONS.iter().any(|session| line.contains(session));
        let found: Vec<&String> = lines.iter().filter(has).collect();
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}
