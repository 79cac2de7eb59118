//! Rooms that decide do no I/O: they take values and return values, so that each decision can be tested without a
//! server, and a dry run shares it with the real one.

use crate::source::modules;

/// Rooms, or files of a room, that decide.
const PURE: &[&str] = &[
    "adopt::consequences",
    "adopt::holders",
    "adopt::keys",
    "adopt::levels",
    "adopt::people",
    "audit",
    "backup_store::keep",
    "contract",
    "discovery::folders",
    "discovery::names",
    "discovery::proposal",
    "discovery::settings",
    "discovery::text",
    "discovery::url",
    "findings",
    "grants",
    "import::dump",
    "import::files",
    "import::fit",
    "import::kinds",
    "import::name",
    "import::number",
    "import::own_table",
    "import::recognise",
    "import::script",
    "import::split",
    "import::tools",
    "isolation::assess",
    "isolation::assessment",
    "isolation::breaches",
    "isolation::inferred",
    "isolation::judge",
    "manifest::edit",
    "model",
    "plan",
    "reach",
    "splitting::answers",
    "splitting::assignment",
    "splitting::closure",
    "splitting::edges",
    "splitting::members",
    "splitting::needs",
    "splitting::plan",
    "splitting::proposal",
    "splitting::scan",
    "splitting::seating",
    "splitting::selection",
    "splitting::source",
    "splitting::text",
    "sql",
    "suggest",
    "units",
];

/// What does I/O, reads the environment or the clock, or belongs to the command line.
const IMPURE: &[&str] = &[
    "async fn",
    "clap",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "tokio",
    "rustix",
    "Instant::now",
    "SystemTime::now",
    "crate::commands",
    "crate::embedded",
    "crate::report",
    "crate::run",
    "crate::secrets",
    "crate::server",
    "crate::wire",
];

#[test]
fn rooms_that_decide_do_no_io() {
    let mut found = Vec::new();
    for (names, module) in modules() {
        if !PURE
            .iter()
            .any(|pure| names.join("::") == *pure || names.join("::").starts_with(&format!("{pure}::")))
        {
            continue;
        }
        let text = std::fs::read_to_string(&module.file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in
            code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for word in IMPURE.iter().filter(|word| mentions(line, word)) {
                found.push(format!("{}:{}: {word}: {}", module.file.display(), number + 1, line.trim()));
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
