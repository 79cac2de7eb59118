//! Rooms that decide do no I/O: they take values and return values, so that each decision can be tested without a
//! server, and a dry run shares it with the real one.

use crate::imports::sources;

/// Rooms, or files of a room, that decide.
const PURE: &[&str] = &[
    "martydb_apply::adopt::consequences",
    "martydb_apply::adopt::holders",
    "martydb_apply::adopt::manifest_keys",
    "martydb_apply::adopt::levels",
    "martydb_apply::adopt::roles",
    "martydb_isolation::audit",
    "martydb_backup::store::retention",
    "martydb_model::contract",
    "martydb_migrate::declared::casts",
    "martydb_migrate::declared::fates",
    "martydb_migrate::declared::files",
    "martydb_migrate::declared::graph",
    "martydb_migrate::declared::names",
    "martydb_migrate::declared::nodes",
    "martydb_migrate::declared::renames",
    "martydb_migrate::declared::script",
    "martydb_migrate::declared::steps",
    "martydb_migrate::declared::structure",
    "martydb_migrate::discovery::folders",
    "martydb_migrate::discovery::names",
    "martydb_migrate::discovery::proposal",
    "martydb_migrate::discovery::settings",
    "martydb_migrate::discovery::text",
    "martydb_migrate::discovery::url",
    "martydb_model::findings",
    "martydb_model::grants",
    "martydb_migrate::import::dump",
    "martydb_migrate::import::files",
    "martydb_migrate::import::history_match",
    "martydb_migrate::import::kinds",
    "martydb_migrate::import::name",
    "martydb_migrate::import::number",
    "martydb_migrate::import::own_table",
    "martydb_migrate::import::recognise",
    "martydb_migrate::import::script",
    "martydb_migrate::import::split",
    "martydb_migrate::import::tools",
    "martydb_isolation::proof::assess",
    "martydb_isolation::proof::assessment",
    "martydb_isolation::proof::breaches",
    "martydb_isolation::proof::inferred",
    "martydb_isolation::proof::judge",
    "martydb_manifest::edit",
    "martydb_model",
    "martydb_plan",
    "martydb_isolation::reach",
    "martydb_report::counts",
    "martydb_report::difference",
    "martydb_report::values",
    "martydb_report::verdict",
    "martydb_serve::compile",
    "martydb_serve::face",
    "martydb_serve::plan",
    "martydb_serve::request",
    "martydb_split::answers",
    "martydb_split::assignment",
    "martydb_split::crossing_writes",
    "martydb_split::dependencies",
    "martydb_split::edges",
    "martydb_split::members",
    "martydb_split::needs",
    "martydb_split::plan",
    "martydb_split::proposal",
    "martydb_split::scan",
    "martydb_split::placement",
    "martydb_split::selection",
    "martydb_split::source",
    "martydb_split::text",
    "martydb_model::sql",
    "martydb_redis::actual",
    "martydb_redis::contract",
    "martydb_redis::pattern",
    "martydb_redis::plan",
    "martydb_redis::proof::audit",
    "martydb_redis::proof::judge",
    "martydb_redis::proof::settings",
    "martydb_model::suggest",
    "martydb_model::units",
];

/// What does I/O, reads the environment or the clock, or belongs to the command line.
const IMPURE: &[&str] = &[
    "async fn",
    "clap",
    "std::env",
    "std::fs",
    "std::io",
    // Addresses are values.
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::process",
    "std::thread",
    "tokio",
    "rustix",
    "Instant::now",
    "SystemTime::now",
    "crate::commands",
    "martydb_embedded",
    "martydb_ui",
    "crate::app",
    "martydb_secrets",
    "martydb_pg",
];

/// Pure parts of modules that act.
const HARMLESS: &[&str] = &["martydb_ui::report::printable"];

#[test]
fn rooms_that_decide_do_no_io() {
    let mut found = Vec::new();
    for (names, file) in &sources().files {
        if !PURE
            .iter()
            .any(|pure| names.join("::") == *pure || names.join("::").starts_with(&format!("{pure}::")))
        {
            continue;
        }
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in
            code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            let line = HARMLESS.iter().fold(line.to_owned(), |line, part| line.replace(part, ""));
            for word in IMPURE.iter().filter(|word| mentions(&line, word)) {
                found.push(format!("{}:{}: {word}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether the word stands there as a whole path segment, and not as the end of another name.
fn mentions(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part(before) && !part(after)
    })
}
