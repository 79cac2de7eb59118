//! Rooms that decide do no I/O: they take values and return values, so that each decision can be tested without a
//! server, and a dry run shares it with the real one.

use crate::facts::sources;

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
    "martydb_schema_diff::casts",
    "martydb_schema_diff::object_changes",
    "martydb_schema_diff::split_files",
    "martydb_schema_diff::graph",
    "martydb_schema_diff::names",
    "martydb_schema_diff::nodes",
    "martydb_schema_diff::renames",
    "martydb_schema_diff::script",
    "martydb_schema_diff::steps",
    "martydb_schema_diff::structure",
    "martydb_import::discovery::folders",
    "martydb_import::discovery::names",
    "martydb_import::discovery::proposal",
    "martydb_import::discovery::settings",
    "martydb_import::discovery::text",
    "martydb_import::discovery::url",
    "martydb_model::findings",
    "martydb_model::grants",
    "martydb_migrate::dump",
    "martydb_import::files",
    "martydb_import::history_match",
    "martydb_import::kinds",
    "martydb_import::name",
    "martydb_import::number",
    "martydb_import::own_table",
    "martydb_import::recognise",
    "martydb_import::script",
    "martydb_import::split",
    "martydb_import::tools",
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
    "martydb_relay::batch",
    "martydb_split::map",
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

/// Code that does I/O, reads the environment or the clock, or belongs to the command line.
const IMPURE: &[&str] = &[
    "async fn", "clap", "std::env", "std::fs", "std::io",
    // Addresses are values.
    "std::net::TcpListener", "std::net::TcpStream", "std::net::ToSocketAddrs", "std::net::UdpSocket",
    "std::process", "std::thread", "tokio", "rustix", "Instant::now", "SystemTime::now", "crate::commands",
    "martydb_embedded", "martydb_ui", "crate::app", "martydb_secrets", "martydb_pg",
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

/// Returns `true` if the word is a whole path segment of the line, and not the end of another name.
fn mentions(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part(before) && !part(after)
    })
}
