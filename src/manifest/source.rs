//! The files: reading, merging the overlay over the base, and telling where a value was written.

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use super::expand::{Problem, expand};
use super::locate::{Step, duplicate, locate};
use super::raw::RawManifest;
use super::{DEFAULT_ENV, Environment};
use crate::error::{Error, Result};
use crate::yaml;

/// One YAML file.
struct Source {
    path: PathBuf,
    text: String,
    value: Value,
}

/// The base and, over it, the overlay of the environment.
pub struct Sources {
    base: Source,
    overlay: Option<Source>,
}

impl Sources {
    /// Reads both files.
    pub fn read(path: &Path, env: &str) -> Result<Sources> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let base = read(&path)?;
        let over = overlay_path(&path, env);
        let overlay = match over.is_file() {
            true => Some(read(&over)?),
            false if env == DEFAULT_ENV => None,
            false => return Err(unknown_environment(&path, env, &over)),
        };
        Ok(Sources { base, overlay })
    }

    /// The base file.
    pub fn path(&self) -> &Path {
        &self.base.path
    }

    /// Merged, filled in and typed.
    pub fn typed(&self, variables: &Environment) -> Result<RawManifest> {
        let mut merged = self.base.value.clone();
        if let Some(overlay) = &self.overlay {
            merge(&mut merged, &overlay.value);
        }
        expand(&mut merged, variables)
            .map_err(|unfilled| self.unfilled(&unfilled.path, &unfilled.problem))?;
        serde_path_to_error::deserialize(merged).map_err(|error| self.untyped(error))
    }

    /// An error at a path: the place is where the path, or the nearest part of it, was written.
    pub fn error_at(&self, path: &[Step], message: impl std::fmt::Display) -> Error {
        Error::manifest(format!("{}: {}", self.place(path), without_passwords(&message.to_string())))
    }

    /// `file:line:column`.
    pub fn place(&self, path: &[Step]) -> String {
        let files = || self.overlay.iter().chain([&self.base]);
        for length in (1..=path.len()).rev() {
            for file in files() {
                if let Some((line, column)) = locate(&file.text, &path[..length]) {
                    return format!("{}:{line}:{column}", file.path.display());
                }
            }
        }
        self.base.path.display().to_string()
    }

    /// Why the variables of the value at this path cannot be filled in.
    pub fn unfilled(&self, path: &[Step], problem: &Problem) -> Error {
        match problem {
            Problem::Unset(name) => self
                .error_at(path, format!("the variable {name} is not set"))
                .hint(format!("set {name}, or write ${{{name}:-default}}")),
            Problem::Malformed(text) => self
                .error_at(path, format!("\"{text}\" is not a variable"))
                .hint("write ${NAME} or ${NAME:-default}; $$ is a dollar sign"),
        }
    }

    fn untyped(&self, error: serde_path_to_error::Error<serde_yaml::Error>) -> Error {
        let mut path: Vec<Step> = error.path().iter().filter_map(step).collect();
        let message = error.inner().to_string();
        // The YAML library prefixes its own, untranslated path.
        let message = message
            .rsplit_once(": unknown field")
            .map_or(message.clone(), |(_, rest)| format!("unknown field{rest}"));
        let Some((unknown, expected)) = unknown_field(&message) else {
            return self.error_at(&path, message);
        };
        if path.last() != Some(&Step::Key(unknown.clone())) {
            path.push(Step::Key(unknown.clone()));
        }
        let error = self.error_at(&path, format!("unknown key \"{unknown}\""));
        match crate::suggest::nearest(&unknown, expected.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean \"{near}\"?")),
            None => error.hint(format!("known keys here: {}", expected.join(", "))),
        }
    }
}

/// A message may quote a value, and a URL that stands where none belongs still holds its password.
fn without_passwords(message: &str) -> String {
    match message.split_once("://") {
        Some((before, url)) if !url.is_empty() => {
            let end = url.rfind('"').unwrap_or(url.len());
            format!("{before}://…{}", &url[end..])
        }
        _ => message.to_owned(),
    }
}

fn step(segment: &serde_path_to_error::Segment) -> Option<Step> {
    match segment {
        serde_path_to_error::Segment::Map { key } => Some(Step::Key(key.clone())),
        serde_path_to_error::Segment::Seq { index } => Some(Step::Index(*index)),
        _ => None,
    }
}

/// serde says ``unknown field `x`, expected one of `a`, `b` ``; the words between backquotes are what we want.
fn unknown_field(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message.strip_prefix("unknown field ")?;
    let mut words = rest.split('`').skip(1).step_by(2).map(String::from);
    Some((words.next()?, words.collect()))
}

fn overlay_path(base: &Path, env: &str) -> PathBuf {
    let stem = base.file_stem().unwrap_or_default().to_string_lossy();
    base.with_file_name(format!("{stem}.{env}.yaml"))
}

fn unknown_environment(base: &Path, env: &str, overlay: &Path) -> Error {
    let known = environments(base);
    let error = Error::manifest(format!("unknown environment \"{env}\""))
        .cause(format!("there is no {}", overlay.display()));
    match crate::suggest::nearest(env, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean \"{near}\"?")),
        None => error.hint(format!("environments with a file: {}", known.join(", "))),
    }
}

fn environments(base: &Path) -> Vec<String> {
    let stem = base.file_stem().unwrap_or_default().to_string_lossy().into_owned() + ".";
    let Some(Ok(entries)) = base.parent().map(std::fs::read_dir) else { return vec![] };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            Some(name.strip_prefix(&stem)?.strip_suffix(".yaml")?.to_owned())
        })
        .chain([DEFAULT_ENV.to_owned()])
        .collect();
    names.sort();
    names.dedup();
    names
}

fn read(path: &Path) -> Result<Source> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Error::manifest(format!("cannot read the manifest {shown}")).cause(error))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Error::manifest(format!("{shown}: not UTF-8")).cause(error))?;
    yaml::check(&text).map_err(|refused| {
        let yaml::Refused { message, hint, line, column } = refused;
        Error::manifest(format!("{shown}:{line}:{column}: {message}")).hint(hint)
    })?;
    let value: Value = serde_yaml::from_str(&text).map_err(|error| unreadable(path, &text, &error))?;
    match value {
        Value::Mapping(_) => Ok(Source { path: path.to_owned(), text, value }),
        Value::Null => Err(Error::manifest(format!("{shown}:1:1: the file is empty"))
            .hint("a manifest starts with \"version: 1\" and names its services")),
        _ => Err(Error::manifest(format!("{shown}:1:1: expected keys and values"))
            .hint("a manifest starts with \"version: 1\" and names its services")),
    }
}

fn unreadable(path: &Path, text: &str, error: &serde_yaml::Error) -> Error {
    // For a duplicate key the library points at the whole map; we point at the second key.
    let place = duplicate(text).or(error.location().map(|at| (at.line(), at.column())));
    let place = place.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
    let message = error.to_string();
    // The place is said once, in our form.
    let message = message.split(" at line ").next().unwrap_or(&message);
    Error::manifest(format!("{}{place}: {}", path.display(), without_passwords(message)))
        .hint("this is not valid YAML as it stands")
}

fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Mapping(base), Value::Mapping(over)) if !other_provider(base, over) => merge_maps(base, over),
        (base, over) => *base = over.clone(),
    }
}

/// Another provider of secrets has other keys: what the base says about its own means nothing then.
fn other_provider(base: &Mapping, over: &Mapping) -> bool {
    over.get("provider").is_some_and(|provider| base.get("provider") != Some(provider))
}

fn merge_maps(base: &mut Mapping, over: &Mapping) {
    for (key, value) in over {
        match base.get_mut(key) {
            Some(existing) => merge(existing, value),
            None => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}
