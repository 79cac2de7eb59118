//! The manifest's files: reading them, merging the overlay over the base, and locating values.

pub(crate) mod expand;
pub(crate) mod generate;
pub(crate) mod include;
pub(crate) mod locate;
pub(crate) mod pattern;
pub(crate) mod typed;
pub(crate) mod yaml_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use super::checked::ManifestFile;
use super::raw::{RawAllow, RawManifest};
use super::trust::ManifestPath;
use crate::source::expand::{BadVariable, expand};
use crate::source::generate::{Origins, generate};
use crate::source::typed::TypeMismatch;
use crate::source::yaml_file::{YamlFile, without_passwords};
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::{did_you_mean, nearest};

/// Environment that needs no overlay file.
pub const DEFAULT_ENV: &str = "development";

/// Hint for a file without the beginning of a manifest.
const HINT: &str = "a manifest starts with \"version: 1\" and names its services";

/// The base file, its included files, and the overlay of the environment.
pub(crate) struct Sources {
    place: ManifestPath,
    base: YamlFile,
    included: Vec<YamlFile>,
    /// Index of the included file that declares each service.
    declared_in: BTreeMap<String, usize>,
    overlay: Option<YamlFile>,
    /// Entries of generated services; set by [`Sources::tree`].
    origins: Origins,
}

/// One of the included files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IncludedFile(usize);

/// Accepted finding of an included file.
pub(crate) struct IncludedAllow<'a> {
    pub file: IncludedFile,
    yaml: &'a YamlFile,
    index: String,
    pub entry: RawAllow,
}

impl IncludedAllow<'_> {
    /// Returns an error at one of its keys.
    pub(crate) fn error_at(&self, key: &str, message: impl std::fmt::Display) -> Error {
        self.yaml.error_at(&[include::ALLOW, &self.index, key], message)
    }
}

impl Sources {
    pub(crate) fn read(place: &ManifestPath, env: &str) -> Result<Sources> {
        let path = std::path::absolute(&place.path).unwrap_or_else(|_| place.path.clone());
        let place = ManifestPath { path, ..*place };
        Sources::over(place.clone(), YamlFile::read(&place.path, HINT)?, env)
    }

    /// Reads the manifest with this text in place of the base file's.
    pub(crate) fn with_text(place: &ManifestPath, text: String, env: &str) -> Result<Sources> {
        Sources::over(place.clone(), YamlFile::parse(&place.path, text, HINT)?, env)
    }

    fn over(place: ManifestPath, base: YamlFile, env: &str) -> Result<Sources> {
        let path = &base.path;
        let over = overlay_path(path, env);
        let overlay = if over.is_file() {
            place.check(&over)?;
            Some(YamlFile::read(&over, HINT)?)
        } else if env == DEFAULT_ENV {
            None
        } else {
            return Err(unknown_environment(path, env, &over));
        };
        if let Some(place) = overlay.as_ref().and_then(|overlay| overlay.place(&["include"])) {
            return Err(Error::manifest(format!("{place}: only the base file can include others"))
                .hint(format!("write it into {}", path.display())));
        }
        let included = include::read(&base, &place)?;
        if let Some(place) = std::iter::once(&base).chain(&included).find_map(disposable_place) {
            return Err(Error::manifest(format!(
                "{place}: this file is for every environment: no server is disposable in all of them"
            ))
            .hint("write it into the overlay of the environment whose data may be dropped"));
        }
        if let Some((place, name)) =
            overlay.as_ref().and_then(|over| unknown_disposable(over, &base, &included))
        {
            return Err(Error::manifest(format!(
                "{place}: no server \"{name}\" can be disposable: the manifest has none"
            )));
        }
        let services = |(at, file)| include::names(file, "services").map(move |name| (name.to_owned(), at));
        let declared_in = included.iter().enumerate().flat_map(services).collect();
        Ok(Sources { place, base, included, declared_in, overlay, origins: Origins::new() })
    }

    pub(crate) fn place_of_base(&self) -> &ManifestPath {
        &self.place
    }

    /// Returns the base file's text.
    pub(crate) fn text(&self) -> &str {
        &self.base.text
    }

    /// Returns the files with their texts, each by its path from the base file's folder.
    pub(crate) fn files(&self) -> Vec<ManifestFile> {
        let home = self.base.path.parent().unwrap_or(Path::new("/"));
        let all = std::iter::once(&self.base).chain(&self.included).chain(&self.overlay);
        let named =
            |file: &YamlFile| file.path.strip_prefix(home).unwrap_or(&file.path).display().to_string();
        all.map(|file| ManifestFile { name: named(file), text: file.text.clone() }).collect()
    }

    /// Returns the merged tree of all files, with variables substituted and services generated.
    pub(crate) fn tree(&mut self, variables: &Environment) -> Result<Value> {
        let mut merged = self.base.value.clone();
        include::merge(&mut merged, &self.base, &self.included)?;
        if let Some(overlay) = &self.overlay {
            merge(&mut merged, &overlay.value);
        }
        expand(&mut merged, variables, &[])
            .map_err(|(path, problem)| self.unfilled(&strs(&path), &problem))?;
        self.origins =
            generate(&mut merged).map_err(|(path, message)| self.error_at(&strs(&path), message))?;
        Ok(merged)
    }

    /// Deserializes the tree.
    pub(crate) fn typed(&self, tree: Value) -> Result<RawManifest> {
        serde_path_to_error::deserialize(tree).map_err(|error| self.untyped(error))
    }

    /// Returns the value at exactly this path and its location, from the overlay first.
    pub(crate) fn written(&self, path: &[&str]) -> Option<(String, &Value)> {
        let path = self.as_written(path);
        let files = self.overlay.iter().chain([&self.base]).chain(&self.included);
        files.into_iter().find_map(|file| {
            let value = path.iter().try_fold(&file.value, |value, key| value.get(key))?;
            Some((file.place(&path)?, value))
        })
    }

    /// Returns an error at a path, with the location of the path or of its nearest parent.
    pub(crate) fn error_at(&self, path: &[&str], message: impl std::fmt::Display) -> Error {
        Error::manifest(format!("{}: {}", self.place(path), without_passwords(&message.to_string())))
    }

    /// Returns `file:line:column` of a path. For a generated service it is that of the entry.
    pub(crate) fn place(&self, path: &[&str]) -> String {
        let written = self.as_written(path);
        // A file with one service is not the location of all services.
        let included = |length: usize| self.included.iter().filter(move |_| length > 1);
        for length in (1..=written.len()).rev() {
            let files = self.overlay.iter().chain([&self.base]).chain(included(length));
            if let Some(place) = files.into_iter().find_map(|file| file.place(&written[..length])) {
                return place;
            }
        }
        self.base.path.display().to_string()
    }

    fn as_written<'a>(&'a self, path: &[&'a str]) -> Vec<&'a str> {
        let mut path = path.to_vec();
        if let ["services", name, ..] = path[..]
            && let Some(origin) = self.origins.get(name)
        {
            path[1] = origin;
        }
        path
    }

    /// Returns the included file that declares a service; `None` for the manifest's own.
    pub(crate) fn file_of(&self, service: &str) -> Option<IncludedFile> {
        let path = self.as_written(&["services", service]);
        self.declared_in.get(path[1]).map(|at| IncludedFile(*at))
    }

    /// Returns the included file that has a path.
    pub(crate) fn included_with(&self, path: &[&str]) -> Option<IncludedFile> {
        let path = self.as_written(path);
        self.included.iter().position(|file| file.has(&path)).map(IncludedFile)
    }

    /// Returns the included file whose value counts at a path; `None` where the manifest or its overlay has one.
    pub(crate) fn file_of_value(&self, path: &[&str]) -> Option<IncludedFile> {
        let written = self.as_written(path);
        let is_own = self.overlay.iter().chain([&self.base]).any(|file| file.has(&written));
        self.included_with(path).filter(|_| !is_own)
    }

    /// Returns the accepted findings of the included files, which an overlay does not replace.
    pub(crate) fn included_allow(&self, variables: &Environment) -> Result<Vec<IncludedAllow<'_>>> {
        let mut all = vec![];
        for (at, file) in self.included.iter().enumerate() {
            let entries = file.value.get(include::ALLOW).and_then(Value::as_sequence);
            for (index, entry) in entries.into_iter().flatten().enumerate() {
                let index = index.to_string();
                let place = [include::ALLOW, &index];
                let mut entry = entry.clone();
                expand(&mut entry, variables, &place).map_err(|(path, problem)| {
                    problem.error(|message| file.error_at(&strs(&path), message))
                })?;
                let entry = serde_path_to_error::deserialize(entry).map_err(|error| {
                    let wrong = TypeMismatch::from_error(&error);
                    let path = [&place[..], &strs(&wrong.path)].concat();
                    file.error_at(&path, wrong.message).hint_if(wrong.hint)
                })?;
                all.push(IncludedAllow { file: IncludedFile(at), yaml: file, index, entry });
            }
        }
        Ok(all)
    }

    /// Returns the folder that the migrations of a service are relative to: that of the file which sets their path, or
    /// else of the one which declares the service.
    pub(crate) fn folder_of(&self, service: &str) -> &Path {
        let path = self.as_written(&["services", service]);
        let says = |file: &YamlFile| {
            let entry = file.value.get("services").and_then(|all| all.get(path[1]));
            entry.is_some_and(|entry| entry.get("migrations").is_some())
        };
        let declares = self.declared_in.get(path[1]).map(|at| &self.included[*at]);
        match declares {
            Some(file) if !self.overlay.as_ref().is_some_and(says) => file.folder(),
            _ => self.base.folder(),
        }
    }

    pub(crate) fn unfilled(&self, path: &[&str], problem: &BadVariable) -> Error {
        problem.error(|message| self.error_at(path, message))
    }

    fn untyped(&self, error: serde_path_to_error::Error<serde_yaml::Error>) -> Error {
        let wrong = TypeMismatch::from_error(&error);
        self.error_at(&strs(&wrong.path), wrong.message).hint_if(wrong.hint)
    }
}

/// Returns the first server that an overlay calls disposable and that no other file declares, with its place.
fn unknown_disposable(
    overlay: &YamlFile,
    base: &YamlFile,
    included: &[YamlFile],
) -> Option<(String, String)> {
    let servers = overlay.value.get("servers")?.as_mapping()?;
    let is_declared = |name: &Value| {
        let has = |file: &YamlFile| file.value.get("servers").is_some_and(|all| all.get(name).is_some());
        has(base) || included.iter().any(has)
    };
    let unknown = |(name, server): (&Value, &Value)| {
        let is_only_disposable =
            server.as_mapping().is_some_and(|keys| keys.len() == 1) && server.get("disposable").is_some();
        let name = (is_only_disposable && !is_declared(name)).then(|| name.as_str())??;
        Some((overlay.place(&["servers", name])?, name.to_owned()))
    };
    servers.iter().find_map(unknown)
}

/// Returns the place of the first server that a file calls disposable.
fn disposable_place(file: &YamlFile) -> Option<String> {
    let servers = file.value.get("servers")?.as_mapping()?;
    servers.iter().find_map(|(name, server)| {
        let is_disposable = server.get("disposable").is_some_and(|value| value.as_bool() != Some(false));
        is_disposable.then(|| file.place(&["servers", name.as_str()?, "disposable"])).flatten()
    })
}

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn overlay_path(base: &Path, env: &str) -> PathBuf {
    let stem = base.file_stem().unwrap_or_default().to_string_lossy();
    base.with_file_name(format!("{stem}.{env}.yaml"))
}

fn unknown_environment(base: &Path, env: &str, overlay: &Path) -> Error {
    Error::manifest(format!("unknown environment \"{env}\""))
        .cause(format!("there is no {}", overlay.display()))
        .hint(match nearest(env, environments(base).iter().map(String::as_str)) {
            Some(near) => did_you_mean(near),
            None => format!("write {}, or leave --env out for {DEFAULT_ENV}", overlay.display()),
        })
}

/// Returns the environments with an overlay, and the one that needs none.
pub fn environments(base: &Path) -> Vec<String> {
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

fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Mapping(base), Value::Mapping(over)) if !other_provider(base, over) => merge_maps(base, over),
        (base, over) => *base = over.clone(),
    }
}

/// Returns `true` if the overlay sets another secrets provider; the keys of the base's provider do not apply to it.
fn other_provider(base: &Mapping, over: &Mapping) -> bool {
    over.get("provider").is_some_and(|provider| base.get("provider") != Some(provider))
}

/// Expands `migrations: folder` to `migrations: { path: folder }`, so that either form can override the other.
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
