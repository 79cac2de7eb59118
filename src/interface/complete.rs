//! Completion. The shell runs martydb for each word; it reads the manifest and its folders, but connects to no server
//! and reads no secret store. Without a readable manifest it offers nothing and prints no error.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, Command};
use clap_complete::env::Shells;
use clap_complete::{ArgValueCandidates, CompletionCandidate};

use super::help::interface;
use crate::commands::more::completions;
use crate::environment::environment;
use crate::shipped_files::TEMPLATES;
use martydb_manifest as manifest;
use martydb_manifest::{Manifest, ManifestPath, lint_rules};
use martydb_migrate::check::squawk_rules;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_model::findings::KINDS;

/// Candidates for one position of the command line.
type Candidates = fn() -> Vec<CompletionCandidate>;

/// Candidates of an option or argument, by its name.
const SOURCES: &[(&str, Candidates)] = &[
    ("service", services),
    ("plain", services),
    ("server", servers),
    ("label", labels),
    ("env", environments),
    ("access", access),
    ("template", templates),
    ("to", versions),
    ("at", versions),
    ("version", versions),
    ("since", versions),
    ("only", findings),
    ("id", explained),
];

/// Commands and names without candidates: `init` names services that do not exist yet, and clap knows the states.
const ELSEWHERE: &[(&str, &str)] =
    &[("init", "service"), ("init", "plain"), ("diff", "to"), ("move", "to"), ("status", "only")];

/// Returns the command line with its sources of candidates.
fn with_sources(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let known = |argument: &Arg| SOURCES.iter().find(|(id, _)| *id == argument.get_id().as_str());
    let command = command.mut_args(|argument| match known(&argument) {
        Some((id, source)) if !ELSEWHERE.contains(&(name.as_str(), id)) => {
            argument.add(ArgValueCandidates::new(*source))
        }
        _ => argument,
    });
    let subs: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    subs.iter().fold(command, |command, sub| command.mut_subcommand(sub, with_sources))
}

/// Returns the answer to the shell: the candidates for one word, or without words the completion script.
///
/// # Errors
/// If the shell is unknown.
pub fn answer(shell: &str, arguments: &[OsString]) -> Result<String> {
    let name = Path::new(shell).file_stem().map_or(shell.into(), |name| name.to_string_lossy());
    let escape = arguments.iter().position(|word| word == "--");
    let words = escape.map_or_else(Vec::new, |at| arguments[at + 1..].to_vec());
    let shells = Shells::builtins();
    let Some(found) = shells.completer(&name).filter(|_| !words.is_empty()) else {
        return completions::script(&name);
    };
    let (mut command, mut answer) = (with_sources(interface()), vec![]);
    command.build();
    let folder = std::env::current_dir().ok();
    let written = found.write_complete(&mut command, words, folder.as_deref(), &mut answer);
    written.map_err(|error| Error::operation("cannot complete").cause(error))?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Returns the words typed so far.
fn typed() -> Vec<String> {
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    words.skip_while(|word| word != "--").skip(1).collect()
}

/// Returns the value of an option among the words.
fn value_of(words: &[String], short: &str, long: &str) -> Option<String> {
    let joined = format!("{long}=");
    words.iter().enumerate().find_map(|(at, word)| match word {
        word if word == short || word == long => words.get(at + 1).cloned(),
        word => word.strip_prefix(&joined).map(str::to_owned),
    })
}

/// Manifest and environment from the words, or from their variables.
struct ManifestChoice {
    place: ManifestPath,
    env: String,
    variables: Environment,
}

impl ManifestChoice {
    fn find() -> Option<ManifestChoice> {
        let (words, variables) = (typed(), environment());
        let given = |short, long, variable: &str| {
            value_of(&words, short, long).or_else(|| variables.get(variable).cloned())
        };
        let named = given("-f", "--manifest", "MARTYDB_MANIFEST").map(PathBuf::from);
        let place = manifest::find(named.as_deref(), &std::env::current_dir().ok()?).ok()?;
        let env = given("-e", "--env", "MARTYDB_ENV").unwrap_or_else(|| manifest::DEFAULT_ENV.to_owned());
        Some(ManifestChoice { place, env, variables })
    }

    fn manifest(&self) -> Option<Manifest> {
        manifest::load(&self.place, &self.env, &self.variables).ok()
    }
}

fn manifest() -> Option<Manifest> {
    ManifestChoice::find()?.manifest()
}

fn candidates(names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn services() -> Vec<CompletionCandidate> {
    let of = |manifest: Manifest| manifest.services.keys().map(ToString::to_string).collect::<Vec<_>>();
    candidates(manifest().map(of).unwrap_or_default())
}

fn servers() -> Vec<CompletionCandidate> {
    candidates(
        manifest().map(|manifest| manifest.servers.into_keys().collect::<Vec<_>>()).unwrap_or_default(),
    )
}

fn labels() -> Vec<CompletionCandidate> {
    let of = |manifest: Manifest| manifest.all_labels().iter().map(ToString::to_string).collect::<Vec<_>>();
    candidates(manifest().map(of).unwrap_or_default())
}

fn environments() -> Vec<CompletionCandidate> {
    candidates(
        ManifestChoice::find().map(|choice| manifest::environments(&choice.place.path)).unwrap_or_default(),
    )
}

fn access() -> Vec<CompletionCandidate> {
    let of = |manifest: Manifest| {
        let roles = manifest.access.into_values().flatten();
        roles.map(|(role, _)| role.to_string()).collect::<Vec<_>>()
    };
    candidates(manifest().map(of).unwrap_or_default())
}

/// Returns the built-in templates and the files beside the manifest.
fn templates() -> Vec<CompletionCandidate> {
    let folder =
        ManifestChoice::find().and_then(|choice| Some(choice.place.path.parent()?.join("templates")));
    let files = folder.and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let own = files.filter_map(|file| {
        let path = file.path();
        (path.extension()? == "sql")
            .then(|| path.file_stem().map(|name| name.to_string_lossy().into_owned()))?
    });
    candidates(TEMPLATES.iter().map(|template| template.name.to_owned()).chain(own))
}

/// Returns the versions of the typed services, or of all.
fn versions() -> Vec<CompletionCandidate> {
    let (words, Some(manifest)) = (typed(), manifest()) else { return vec![] };
    let is_named = |name: &str| words.iter().any(|word| word.split(',').any(|part| part == name));
    let all = || manifest.services.values();
    let named: Vec<_> = all().filter(|service| is_named(service.name.as_str())).collect();
    let chosen = if named.is_empty() { all().collect() } else { named };
    let mut found: Vec<i64> = chosen.iter().flat_map(|service| versions_in(&service.migrations)).collect();
    found.sort_unstable();
    found.dedup();
    candidates(found.iter().map(ToString::to_string))
}

/// Returns the versions in a folder, by file name only.
fn versions_in(folder: &Path) -> Vec<i64> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_prefix('V')?.split_once("__")?.0.parse().ok()).collect()
}

fn findings() -> Vec<CompletionCandidate> {
    candidates(KINDS.iter().map(|kind| kind.id.to_owned()))
}

fn explained() -> Vec<CompletionCandidate> {
    let own = lint_rules::OWN.iter().map(|row| row.0.to_owned());
    let rules = squawk_rules::names().into_iter().chain(own);
    candidates(KINDS.iter().map(|kind| kind.id.to_owned()).chain(rules))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_in_both_forms() {
        let words = ["martydb", "-e", "x", "--manifest=f.yaml", "-f"].map(str::to_owned);
        assert_eq!(value_of(&words, "-e", "--env").as_deref(), Some("x"));
        assert_eq!(value_of(&words, "-f", "--manifest").as_deref(), Some("f.yaml"));
        assert_eq!(value_of(&words, "-o", "--output"), None);
    }

    #[test]
    fn each_source_completes_something() {
        let command = interface();
        let ids = |command: &Command| -> Vec<String> {
            command.get_arguments().map(|one| one.get_id().to_string()).collect()
        };
        let all: Vec<String> = command.get_subcommands().flat_map(ids).chain(ids(&command)).collect();
        for (id, _) in SOURCES {
            assert!(all.iter().any(|one| one == id), "{id}");
        }
    }
}
