//! The files: reading, merging the overlay over the base, and telling where a value was written.

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use super::expand::{BadVariable, expand};
use super::locate::{duplicate, locate};
use super::raw::RawManifest;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::suggest::hint;
use crate::yaml;

/// The environment that needs no overlay file.
pub const DEFAULT_ENV: &str = "development";

struct YamlFile {
    path: PathBuf,
    text: String,
    value: Value,
}

/// The base and, over it, the overlay of the environment.
pub struct Sources {
    base: YamlFile,
    overlay: Option<YamlFile>,
}

impl Sources {
    pub fn read(path: &Path, env: &str) -> Result<Sources> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let base = read(&path)?;
        let over = overlay_path(&path, env);
        let overlay = if over.is_file() {
            Some(read(&over)?)
        } else if env == DEFAULT_ENV {
            None
        } else {
            return Err(unknown_environment(&path, env, &over));
        };
        Ok(Sources { base, overlay })
    }

    pub fn path(&self) -> &Path {
        &self.base.path
    }

    /// Merged, filled in and typed.
    pub fn typed(&self, variables: &Environment) -> Result<RawManifest> {
        let mut merged = self.base.value.clone();
        if let Some(overlay) = &self.overlay {
            merge(&mut merged, &overlay.value);
        }
        expand(&mut merged, variables, &[])
            .map_err(|(path, problem)| self.unfilled(&strs(&path), &problem))?;
        serde_path_to_error::deserialize(merged).map_err(|error| self.untyped(error))
    }

    /// An error at a path: the place is where the path, or the nearest part of it, was written.
    pub fn error_at(&self, path: &[&str], message: impl std::fmt::Display) -> Error {
        Error::manifest(format!("{}: {}", self.place(path), without_passwords(&message.to_string())))
    }

    /// `file:line:column`.
    pub fn place(&self, path: &[&str]) -> String {
        for length in (1..=path.len()).rev() {
            for file in self.overlay.iter().chain([&self.base]) {
                if let Some((line, column)) = locate(&file.text, &path[..length]) {
                    return format!("{}:{line}:{column}", file.path.display());
                }
            }
        }
        self.base.path.display().to_string()
    }

    pub fn unfilled(&self, path: &[&str], problem: &BadVariable) -> Error {
        match problem {
            BadVariable::Unset(name) => self
                .error_at(path, format!("the variable {name} is not set"))
                .hint(format!("set {name}, or write ${{{name}:-default}}")),
            BadVariable::Malformed(text) => self
                .error_at(path, format!("\"{text}\" is not a variable"))
                .hint("write ${NAME} or ${NAME:-default}; $$ is a dollar sign"),
        }
    }

    fn untyped(&self, error: serde_path_to_error::Error<serde_yaml::Error>) -> Error {
        let mut path: Vec<String> = error.path().iter().filter_map(step).collect();
        let message = error.inner().to_string();
        // The YAML library prefixes its own, untranslated path.
        let message = message
            .rsplit_once(": unknown field")
            .map_or(message.clone(), |(_, rest)| format!("unknown field{rest}"));
        let Some((unknown, expected)) = unknown_field(&message) else {
            return self.error_at(&strs(&path), message);
        };
        if path.last() != Some(&unknown) {
            path.push(unknown.clone());
        }
        self.error_at(&strs(&path), format!("unknown key \"{unknown}\"")).hint(hint(
            &unknown,
            "known keys here",
            &strs(&expected),
        ))
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

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn step(segment: &serde_path_to_error::Segment) -> Option<String> {
    match segment {
        serde_path_to_error::Segment::Map { key } => Some(key.clone()),
        serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
        _ => None,
    }
}

/// serde has no type for ``unknown field `x`, expected one of `a`, `b` ``: the words between backquotes tell.
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
    Error::manifest(format!("unknown environment \"{env}\""))
        .cause(format!("there is no {}", overlay.display()))
        .hint(hint(env, "environments with a file", &strs(&environments(base))))
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

fn read(path: &Path) -> Result<YamlFile> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Error::manifest(format!("cannot read the manifest {shown}")).cause(error))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Error::manifest(format!("{shown}: not UTF-8")).cause(error))?;
    yaml::check(&text, path)?;
    let value: Value = serde_yaml::from_str(&text).map_err(|error| unreadable(path, &text, &error))?;
    let unusable = |what| {
        Err(Error::manifest(format!("{shown}:1:1: {what}"))
            .hint("a manifest starts with \"version: 1\" and names its services"))
    };
    match value {
        Value::Mapping(_) => Ok(YamlFile { path: path.to_owned(), text, value }),
        Value::Null => unusable("the file is empty"),
        _ => unusable("expected keys and values"),
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

/// `migrations: folder` is short for `migrations: { path: folder }`, and either may stand over the other.
fn spelled_out(migrations: &Value) -> Value {
    match migrations {
        Value::String(_) => Value::Mapping([("path".into(), migrations.clone())].into_iter().collect()),
        other => other.clone(),
    }
}

fn merge_maps(base: &mut Mapping, over: &Mapping) {
    for (key, value) in over {
        match base.get_mut(key) {
            Some(existing) if key.as_str() == Some("migrations") => {
                *existing = spelled_out(existing);
                merge(existing, &spelled_out(value));
            }
            Some(existing) => merge(existing, value),
            None => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}
