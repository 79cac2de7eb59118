//! The map of a split, `split.yaml`: assigns the tables of a shared database to services. It is read, substituted and
//! checked against the manifest here, and against the database once that is known.

mod pattern;
mod raw;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_yaml::Value;

use super::checked::{Manifest, ServerLocation, ServerSpec};
use super::url;
use crate::source::expand::{expand, fill_url};
use crate::source::typed::TypeMismatch;
use crate::source::yaml_file::YamlFile;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::{DbName, ServiceName};
use martydb_os::read_named;
use raw::{RawReferenceTable, RawSplitMap, RawSplitSource};

pub use pattern::TablePattern;

/// Hint for a file without the beginning of a map.
const HINT: &str =
    "a map names its `source` and its `services`; `martydb split init --from SERVER/DATABASE` writes one";

/// A checked map.
pub struct SplitMap {
    pub source: SplitSource,
    pub services: BTreeMap<ServiceName, Vec<TablePattern>>,
    /// Reference tables, each with the pattern of one table.
    pub reference: Vec<(TablePattern, ReferenceTable)>,
    pub ignore: Vec<TablePattern>,
    pub answers: Vec<EdgeAnswer>,
    file: YamlFile,
}

/// The shared database that is split.
#[derive(Debug, Clone)]
pub struct SplitSource {
    pub server: String,
    pub database: DbName,
    /// Server at a URL, if the manifest does not declare it.
    pub elsewhere: Option<ServerSpec>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceTable {
    pub owner: ServiceName,
    pub readers: BTreeSet<ServiceName>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeAnswer {
    pub edge: String,
    pub answer: String,
    pub reason: Option<String>,
}

impl EdgeAnswer {
    pub fn is_about(&self, edge: &str) -> bool {
        self.edge == edge || crate::source::pattern::matches(&self.edge, edge)
    }
}

/// Name of a server that the map gives by URL. No server of a manifest has this name.
const ELSEWHERE: &str = "(source)";

impl SplitMap {
    /// Reads a map for the services of this manifest.
    ///
    /// # Errors
    /// With `file:line:column` wherever the location is known.
    pub fn load(path: &Path, manifest: &Manifest, variables: &Environment) -> Result<SplitMap> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let shown = path.display();
        let bytes = read_named(&path).map_err(|error| {
            let from = "`martydb split init --from SERVER/DATABASE` writes one; or name one with --map FILE";
            Error::manifest(format!("cannot read the map {shown}")).cause(error).hint(from)
        })?;
        let file = YamlFile::decode(&path, bytes, HINT)?;
        let tree = filled(&file, variables)?;
        let raw: RawSplitMap = serde_path_to_error::deserialize(tree).map_err(|error| {
            let wrong = TypeMismatch::from_error(&error);
            let path: Vec<&str> = wrong.path.iter().map(String::as_str).collect();
            file.error_at(&path, wrong.message).hint_if(wrong.hint)
        })?;
        let map = MapContext { file: &file, manifest, variables }.check(raw)?;
        Ok(map(file))
    }

    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Returns an error about the answer at index `number`.
    pub fn wrong_answer(&self, number: usize, message: impl std::fmt::Display) -> Error {
        self.file.error_at(&["edges", &number.to_string(), "answer"], message)
    }

    /// Returns the location of an answer.
    pub fn place_of_answer(&self, number: usize) -> String {
        self.file.place(&["edges", &number.to_string()]).unwrap_or_else(|| self.path().display().to_string())
    }
}

/// Substitutes variables in the tree, except in the URL, which is substituted when it is parsed.
fn filled(file: &YamlFile, variables: &Environment) -> Result<Value> {
    let mut tree = file.value.clone();
    let url = tree.get_mut("source").and_then(|source| source.get_mut("url")).map(std::mem::take);
    expand(&mut tree, variables, &[]).map_err(|(path, problem)| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        problem.error(|message| file.error_at(&path, message))
    })?;
    if let (Some(url), Some(place)) = (url, tree.get_mut("source").and_then(|source| source.get_mut("url"))) {
        *place = url;
    }
    Ok(tree)
}

/// Context in which a map is checked.
struct MapContext<'a> {
    file: &'a YamlFile,
    manifest: &'a Manifest,
    variables: &'a Environment,
}

impl MapContext<'_> {
    /// Checks the map. The returned function adds its file.
    fn check(&self, raw: RawSplitMap) -> Result<impl FnOnce(YamlFile) -> SplitMap + use<>> {
        let source = self.source(&raw.source)?;
        let mut services = BTreeMap::new();
        for (name, mapped) in &raw.services {
            let service = self.service(name, &["services", name])?;
            services.insert(service, self.patterns(&["services", name, "tables"], &mapped.tables)?);
        }
        let reference = raw.reference.iter().map(|(name, table)| self.reference(name, table));
        let reference = reference.collect::<Result<Vec<_>>>()?;
        let ignore = self.patterns(&["ignore"], &raw.ignore)?;
        let answers = raw.edges.into_iter().map(|one| {
            let (edge, answer) = (one.edge.trim().to_owned(), one.answer.trim().to_owned());
            EdgeAnswer { edge, answer, reason: one.reason }
        });
        let answers = answers.collect();
        Ok(move |file| SplitMap { source, services, reference, ignore, answers, file })
    }

    fn service(&self, name: &str, path: &[&str]) -> Result<ServiceName> {
        let known = &self.manifest.services;
        let found = ServiceName::new(name).ok().filter(|name| known.contains_key(name));
        found.ok_or_else(|| {
            let names: Vec<&str> = known.keys().map(ServiceName::as_str).collect();
            let message = format!("the manifest has no service \"{name}\"");
            self.file.error_at(path, message).hint(hint(name, "services", &names))
        })
    }

    fn patterns(&self, path: &[&str], texts: &[String]) -> Result<Vec<TablePattern>> {
        let one = |(number, text): (usize, &String)| {
            let number = number.to_string();
            text.trim().parse().map_err(|message: String| {
                self.file
                    .error_at(&[path, &[&number]].concat(), message)
                    .hint("write public.orders, or public.order_*")
            })
        };
        texts.iter().enumerate().map(one).collect()
    }

    fn reference(&self, name: &str, table: &RawReferenceTable) -> Result<(TablePattern, ReferenceTable)> {
        let path = ["reference", name];
        let pattern: TablePattern = name
            .trim()
            .parse()
            .map_err(|message: String| self.file.error_at(&path, message).hint("write public.countries"))?;
        if !pattern.is_exact() {
            let message = format!("\"{name}\" may be several tables");
            return Err(self.file.error_at(&path, message).hint("name each reference table separately"));
        }
        let owner = self.service(&table.owner, &[&path[..], &["owner"]].concat())?;
        let readers =
            table.readers.iter().map(|reader| self.service(reader, &[&path[..], &["readers"]].concat()));
        let mut readers = readers.collect::<Result<BTreeSet<_>>>()?;
        readers.remove(&owner);
        Ok((pattern, ReferenceTable { owner, readers }))
    }

    fn source(&self, raw: &RawSplitSource) -> Result<SplitSource> {
        match (&raw.server, &raw.database, &raw.url) {
            (Some(server), Some(database), None) => {
                let servers = &self.manifest.servers;
                if !servers.contains_key(server) {
                    let names: Vec<&str> = servers.keys().map(String::as_str).collect();
                    let message = format!("the manifest has no server \"{server}\"");
                    let error = self.file.error_at(&["source", "server"], message);
                    return Err(error.hint(hint(server, "servers", &names)));
                }
                let database = self.database(database, "database")?;
                Ok(SplitSource { server: server.clone(), database, elsewhere: None })
            }
            (None, None, Some(text)) => self.elsewhere(text),
            _ => Err(self
                .file
                .error_at(&["source"], "the source is either a server with a database, or a url")
                .hint("write source: { server: main, database: NAME }, or source: { url: postgresql://… }")),
        }
    }

    fn database(&self, name: &str, key: &str) -> Result<DbName> {
        DbName::found(name).map_err(|error| {
            self.file.error_at(&["source", key], format!("the database name \"{name}\" {error}"))
        })
    }

    fn elsewhere(&self, text: &str) -> Result<SplitSource> {
        let path = ["source", "url"];
        let filled = fill_url(text, self.variables)
            .map_err(|problem| problem.error(|message| self.file.error_at(&path, message)))?;
        let home = self.file.folder();
        let mut url = url::parse(&filled, home, self.variables)
            .map_err(|error| Error { hints: error.hints, ..self.file.error_at(&path, error.message) })?;
        let database = self.database(&url.database, "url")?;
        // A database of no service, for queries about the server.
        url.database = "postgres".into();
        let spec = ServerSpec {
            location: ServerLocation::Url(Box::new(url)),
            replicas: vec![],
            platform: None,
            close_maintenance: false,
            disposable: false,
            database_owner: None,
        };
        Ok(SplitSource { server: ELSEWHERE.into(), database, elsewhere: Some(spec) })
    }
}
