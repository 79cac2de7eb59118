//! Exit code 2 promises that nothing was touched. Every run of the suite that ends with 2 is held to that by the logs of the
//! servers in its manifest, which have every statement and the name of every session; a server that several tests share has
//! theirs too, and is left out.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::server::running;

/// First words of statements that change something.
const WRITING: [&str; 23] = [
    "ALTER", "ANALYZE", "CALL", "CLUSTER", "COMMENT", "CREATE", "DELETE", "DO", "DROP", "GRANT", "IMPORT",
    "INSERT", "MERGE", "NOTIFY", "REASSIGN", "REFRESH", "REINDEX", "REVOKE", "SECURITY", "TRUNCATE",
    "UPDATE", "VACUUM", "PREPARE",
];

/// A scratch database is removed by the run that made it, and what a probe tries is refused or rolled back.
const SCRATCH: &str = "martydb_scratch_";

/// The logs as they were before a run.
pub(crate) struct Before(Vec<(u16, PathBuf, usize)>);

/// Takes their lengths.
pub(crate) fn before() -> Before {
    let length = |log: &PathBuf| std::fs::metadata(log).map_or(0, |found| found.len() as usize);
    Before(running().iter().map(|(port, log)| (*port, log.clone(), length(log))).collect())
}

impl Before {
    /// Demands that no session of the program has sent a writing statement since, to a server whose port is in `named`.
    pub(crate) fn nothing_was_touched(self, named: &str, said: &str) {
        for (_, log, length) in self.0.into_iter().filter(|(port, _, _)| named.contains(&port.to_string())) {
            let bytes = std::fs::read(log).unwrap_or_default();
            let since = String::from_utf8_lossy(bytes.get(length..).unwrap_or_default());
            let writing = writing_statements(&since);
            assert!(writing.is_empty(), "exit code 2, and was sent: {writing:#?}\n{said}");
        }
    }
}

/// The writing statements of sessions that the program began within this part of a log.
fn writing_statements(log: &str) -> Vec<String> {
    let mut sessions = BTreeSet::new();
    let mut found = Vec::new();
    // Continuation lines are indented.
    for entry in log.replace("\n\t", " ").lines() {
        let Some((session, event)) = entry.split_once(" LOG:  ") else { continue };
        let pid = session.split(' ').next().unwrap_or_default();
        if event.starts_with("connection authorized") && event.contains("application_name=martydb") {
            sessions.insert(pid.to_owned());
        }
        let sent = event
            .strip_prefix("statement: ")
            .or_else(|| event.strip_prefix("execute ")?.split_once(": ").map(|(_, sent)| sent));
        if let Some(sent) = sent.filter(|_| sessions.contains(pid) && !session.contains(SCRATCH)) {
            found.extend(
                sent.split(';').map(str::trim_start).filter(|statement| writes(statement)).map(str::to_owned),
            );
        }
    }
    found
}

fn writes(statement: &str) -> bool {
    if [SCRATCH, "martydb_probe"].iter().any(|name| statement.contains(name)) {
        return false;
    }
    let word = statement.split(|sign: char| !sign.is_ascii_alphabetic()).next().unwrap_or_default();
    let word = word.to_ascii_uppercase();
    WRITING.contains(&word.as_str())
        || (word == "COPY" && statement.to_ascii_uppercase().contains("FROM STDIN"))
}

#[test]
fn writing_statements_of_the_program_are_recognized() {
    let log = "\
7 [unknown]@[unknown] LOG:  connection received: host=127.0.0.1 port=1
7 postgres@a LOG:  connection authorized: user=postgres database=a application_name=martydb
7 postgres@a LOG:  statement: BEGIN READ ONLY;SELECT 1
7 postgres@a LOG:  execute <unnamed>: SELECT 'x'
\tFROM t
8 postgres@a LOG:  connection authorized: user=postgres database=a
8 postgres@a LOG:  statement: DROP TABLE t
7 postgres@a LOG:  statement: CREATE DATABASE martydb_scratch_1
9 postgres@martydb_scratch_1 LOG:  connection authorized: user=postgres database=martydb_scratch_1 application_name=martydb
9 postgres@martydb_scratch_1 LOG:  statement: DROP TABLE t
7 postgres@a LOG:  statement: BEGIN;
\tCREATE TABLE t (i int)
";
    assert_eq!(writing_statements(log), ["CREATE TABLE t (i int)"]);
}
