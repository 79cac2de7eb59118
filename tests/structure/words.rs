//! The words that the program, its comments and its documents do not use: a reader should not have to guess who
//! "somebody" is.

use std::path::{Path, PathBuf};

/// Each with what to write instead.
const WORDS: &[(&str, &str)] = &[
    ("nobody", "name what does not happen, in the active voice"),
    ("somebody", "name the role, the user or the session"),
    ("whoever", "name the role, the user or the session"),
    ("stranger", "an unmanaged role, or another service's login"),
    ("strangers", "unmanaged roles, or other services' logins"),
    ("besides", "also, or another"),
    ("anew", "again"),
];

/// "X is to be removed" leaves open who does it and when.
const IS_TO: &[&str] = &["is to", "are to", "is not to", "are not to", "was to", "were to"];

/// A server in another encoding refuses what it cannot convert, comments included.
#[test]
fn statements_that_the_admin_sends_are_ascii() {
    let mut files = vec![];
    collect(Path::new("src"), &mut files);
    collect(Path::new("crates"), &mut files);
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    assert!(!files.is_empty());
    let is_ascii = |file: &PathBuf| std::fs::read_to_string(file).unwrap().is_ascii();
    let wrong: Vec<_> = files.iter().filter(|file| !is_ascii(file)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_text_uses_plain_words() {
    let mut found = Vec::new();
    for file in texts() {
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            // The operating system's account of that name.
            let line = line.replace("=nobody", "").replace("\"nobody\"", "");
            let spoken = spoken(&file, &line);
            for word in objections(&spoken) {
                found.push(format!("{}:{}: {word}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{} lines:\n{}", found.len(), found.join("\n"));
}

/// Files about events: there the word means a delivery, whatever follows it.
const OF_EVENTS: &[&str] =
    &["relay", "broker", "outbox", "inbox", "consumer", "publish-events", "docs/reference/commands.md"];

/// Most words between "exactly" and the effect.
const NEAR: usize = 14;

/// No broker delivers exactly once: what takes place once is the effect in a consumer that remembers. Another thing may be
/// exactly what it is.
#[test]
fn only_effects_are_called_exactly_once() {
    let (mut found, mut said) = (Vec::new(), 0);
    for file in texts() {
        let text = std::fs::read_to_string(&file).unwrap().to_lowercase();
        let words: Vec<&str> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|one| !one.is_empty()).collect();
        let path = file.display().to_string();
        let of_events = OF_EVENTS.iter().any(|part| path.contains(part));
        for at in (0..words.len()).filter(|at| words[*at] == "exactly") {
            let next = words.get(at + 1).copied().unwrap_or_default();
            let is_plan = next == "this" || next == "the";
            if next != "once" && (!of_events || is_plan) {
                continue;
            }
            said += 1;
            let around = &words[at.saturating_sub(NEAR)..(at + NEAR).min(words.len())];
            if !around.iter().any(|word| word.starts_with("effect")) {
                found.push(format!("{path}: {}", around.join(" ")));
            }
        }
    }
    assert!(said > 3, "the templates and the documents say it of effects");
    assert!(found.is_empty(), "\"exactly once\" of something else than an effect:\n{}", found.join("\n"));
}

fn objections(line: &str) -> Vec<String> {
    let words: Vec<String> = line
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let plain = WORDS.iter().filter(|(word, _)| words.iter().any(|one| one == word));
    let mut found: Vec<String> = plain.map(|(word, better)| format!("\"{word}\" ({better})")).collect();
    let sentence = format!(" {} ", words.join(" "));
    for phrase in IS_TO {
        if sentence.contains(&format!(" {phrase} ")) {
            found.push(format!("\"{phrase}\" (say who does what)"));
        }
    }
    found
}

/// Code names things in its own way; what people read are comments and strings.
fn spoken(file: &Path, line: &str) -> String {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("rs") => {}
        Some("md") => return line.to_owned(),
        Some("sql") => {
            return line.split_once("--").map_or_else(String::new, |(_, comment)| comment.to_owned());
        }
        _ => return line.split_once('#').map_or_else(String::new, |(_, comment)| comment.to_owned()),
    }
    let mut spoken = String::new();
    if let Some(at) = line.find("//") {
        spoken.push_str(&line[at..]);
    }
    for (number, part) in line.split('"').enumerate() {
        if number % 2 == 1 || line.matches('"').count() % 2 == 1 {
            spoken.push(' ');
            spoken.push_str(part);
        }
    }
    // A string that goes on over several lines.
    if line.trim_end().ends_with('\\') {
        spoken.push_str(line);
    }
    spoken
}

fn texts() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md"].iter().map(PathBuf::from).filter(|file| file.exists()).collect();
    for folder in ["src", "crates", "docs", "tests", "scripts", "examples", "templates", "benches"] {
        collect(Path::new(folder), &mut files);
    }
    files.retain(|file| !file.starts_with("tests/structure"));
    files
}

pub(crate) fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, files);
            }
        } else if path.extension().is_none_or(|extension| {
            ["rs", "md", "sql", "sh", "yaml", "toml"].iter().any(|one| extension == *one)
        }) && std::fs::read_to_string(&path).is_ok()
        {
            files.push(path);
        }
    }
}
