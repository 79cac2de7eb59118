//! Hints are commands that work when pasted. Each that a test sees printed must be one that the command line takes; so
//! must each that stands in the source, whether a test sees it or not. That it helps in its situation is for
//! `mistakes`, and for the test of the situation.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use clap::error::ErrorKind;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Placeholders in printed texts, with values.
const FOR_PEOPLE: &[(&str, &str)] = &[("N", "3"), ("…", "why"), ("COMMAND", "plan"), ("TOOL", "flyway")];

/// Placeholders in texts of the source; the values of one name are alternatives.
const IN_THE_SOURCE: &[(&str, &[&str])] = &[
    ("{checkpoint}", &["3"]),
    ("{action}", &["upgrade", "downgrade --to 3"]),
    ("{command}", &["upgrade", "status"]),
    ("{from}", &["flyway"]),
    ("{to}", &["3"]),
    ("{version}", &["3"]),
    ("{wanted}", &["cutover", "rollback"]),
    ("{which}", &["--all", "--service shop"]),
];

/// Panics if a hint names a command that the command line does not take.
pub(crate) fn check(stderr: &str) {
    for line in stderr.lines().filter(|line| line.starts_with("hint: ")) {
        for command in commands(line) {
            let refused = parse(&command).err();
            assert!(refused.is_none(), "{line}\n{}", refused.unwrap_or_default());
        }
    }
}

/// The commands between backticks: all of their lines, without what a shell does with the output.
fn commands(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2).filter(|part| part.starts_with("martydb "));
    let own =
        |part: &str| part.split(" > ").next().and_then(|part| part.split(" | ").next()).map(str::to_owned);
    quoted.filter_map(own).collect()
}

/// The command line's own objection. A command's bare name is a mention, and needs no arguments.
fn parse(command: &str) -> Result<(), String> {
    let words = shlex::split(command).ok_or_else(|| format!("{command}: open quote"))?;
    let value = |word: &String| {
        let of = FOR_PEOPLE.iter().find(|(placeholder, _)| placeholder == word);
        of.map_or_else(|| word.clone(), |(_, value)| (*value).to_owned())
    };
    let words: Vec<String> = words.iter().map(value).collect();
    // Built once: in a development build that takes longer than all that is parsed with it.
    static INTERFACE: LazyLock<Mutex<clap::Command>> =
        LazyLock::new(|| Mutex::new(martydb::interface::interface()));
    let mut interface = INTERFACE.lock().unwrap();
    match interface.try_get_matches_from_mut(&words) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::MissingRequiredArgument && words.len() == 2 => Ok(()),
        Err(error) if !error.use_stderr() => Ok(()),
        Err(error) => Err(format!("{command}: {error}")),
    }
}

#[test]
fn every_command_in_a_hint_parses() {
    let mut files = vec![];
    for folder in ["src", "crates"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let (mut found, mut wrong) = (0, vec![]);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // Each file ends with its tests.
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        // Tokens of all files would take ten seconds.
        if !text.contains("`martydb ") {
            continue;
        }
        let mut literals = vec![];
        strings(text.parse().unwrap(), &mut literals);
        for command in literals.iter().flat_map(|literal| commands(literal)) {
            found += 1;
            let refused = filled(&command).into_iter().find_map(|command| parse(&command).err());
            wrong.extend(refused.map(|refused| format!("{}: {command}\n{refused}", file.display())));
        }
    }
    assert!(found > 90, "only {found} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The command with each alternative; what has no row of its own is a service.
fn filled(command: &str) -> Vec<String> {
    let mut all = vec![command.replace("{{", "{")];
    for (placeholder, values) in IN_THE_SOURCE {
        let with = |command: &String| {
            values.iter().map(|value| command.replace(placeholder, value)).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    let service = |command: String| {
        let mut parts = command.split('{');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            // A number may stand where a version does.
            let value = if text.ends_with("--version ") { "3" } else { "shop" };
            text + value + part.split_once('}').map_or("", |(_, rest)| rest)
        })
    };
    all.into_iter().map(service).collect()
}

/// The string literals, but for those of doc comments.
fn strings(tokens: TokenStream, found: &mut Vec<String>) {
    let mut before = None;
    for token in tokens {
        match &token {
            TokenTree::Group(group) => {
                let is_attribute = matches!(&before, Some(TokenTree::Punct(mark)) if mark.as_char() == '#');
                if !(is_attribute && group.delimiter() == Delimiter::Bracket) {
                    strings(group.stream(), found);
                }
            }
            TokenTree::Literal(literal) => {
                found.extend(
                    syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value()),
                );
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
        before = Some(token);
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
            false => {}
        }
    }
}
