//! Databases in a project's settings.

use serde::Deserialize;
use serde_yaml::Value;

use super::environments::{PRODUCTION, environment_of};
use super::folders::{DiscoveredMigrations, folders};
use super::kubernetes::urls_of_secret;
use super::names::named_by;
use super::tree::{ProjectFile, ProjectTree};
use super::url::{DatabaseLocation, place};
use martydb_model::ServiceName;
use martydb_model::environment::Environment;
use martydb_model::yaml;

/// A database that a service uses now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredDatabase {
    /// The service according to the settings.
    pub service: Option<ServiceName>,
    pub place: DatabaseLocation,
    /// File or variable of the setting.
    pub source: String,
    /// Environment that the file is for.
    pub environment: Option<&'static str>,
    /// `true` if a file of settings has it under no service's name: it may be the whole project's.
    pub whole: bool,
}

/// A PostgreSQL server that docker compose runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComposeServer {
    /// Its host name for the other containers.
    pub host: String,
    /// Its port on this machine.
    pub port: Option<u16>,
    pub user: Option<String>,
    pub database: Option<String>,
    pub source: String,
}

/// All findings, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectFindings {
    pub folders: Vec<DiscoveredMigrations>,
    pub databases: Vec<DiscoveredDatabase>,
    pub composed: Vec<ComposeServer>,
}

/// Reads the settings; variables of the environment come last, because files belong to the project.
pub fn findings(tree: &ProjectTree, environment: &Environment) -> ProjectFindings {
    let mut found = ProjectFindings { folders: folders(tree), ..ProjectFindings::default() };
    for file in tree.files.iter().filter(|file| !file.text.is_empty() && !file.path.ends_with("martydb.yaml"))
    {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        match name.rsplit_once('.').map_or("", |parts| parts.1) {
            "yaml" | "yml" => read_yaml(&mut found, file, name),
            "sql" => {}
            "ini" => read_lines(&mut found, file, Some("sqlalchemy.url")),
            _ => read_lines(&mut found, file, None),
        }
    }
    let is_url =
        |name: &str| ["URL", "URI", "DSN"].iter().any(|end| name.to_ascii_uppercase().ends_with(end));
    for (name, value) in environment.iter().filter(|(name, _)| is_url(name) && !name.starts_with("MARTYDB_"))
    {
        found.databases.extend(place(value).map(|place| DiscoveredDatabase {
            service: named_by([name.as_str()].into_iter()),
            place,
            source: format!("${name}"),
            environment: None,
            whole: false,
        }));
    }
    found
}

/// Returns the words of a file's path: its folders, and its name without its suffixes.
fn words(path: &str) -> Vec<String> {
    let mut words: Vec<String> = path.split('/').map(String::from).collect();
    let name = words.pop().unwrap_or_default();
    let bare = name.trim_start_matches(".env").trim_start_matches('.');
    words.push(bare.split('.').next().unwrap_or_default().into());
    words
}

/// Reads `NAME=value` in each line; with `key`, only lines of that name.
fn read_lines(found: &mut ProjectFindings, file: &ProjectFile, key: Option<&str>) {
    for line in file.text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        let Some((name, value)) = line.split_once('=') else { continue };
        let name = name.trim().trim_start_matches("export ").trim();
        if key.is_some_and(|key| key != name) {
            continue;
        }
        let mut words = words(&file.path);
        match key {
            // The name of the file is the tool's.
            Some(_) => drop(words.pop()),
            None => words.push(name.to_owned()),
        }
        add(found, file, &words, place(value));
    }
}

fn read_yaml(found: &mut ProjectFindings, file: &ProjectFile, name: &str) {
    if yaml::check(&file.text, file.path.as_ref()).is_err() {
        return;
    }
    for document in serde_yaml::Deserializer::from_str(&file.text) {
        let Ok(root) = Value::deserialize(document) else { return };
        read_document(found, file, name, &root);
    }
}

fn read_document(found: &mut ProjectFindings, file: &ProjectFile, name: &str, root: &Value) {
    if root.get("kind").and_then(Value::as_str) == Some("Secret") {
        let environment = environment_of(&file.path).or(Some(PRODUCTION));
        found.databases.extend(urls_of_secret(root).into_iter().map(|(service, place)| DiscoveredDatabase {
            service,
            place,
            source: file.path.clone(),
            environment,
            whole: false,
        }));
        return;
    }
    let is_compose = name.contains("compose");
    if is_compose && let Some(Value::Mapping(services)) = root.get("services") {
        found.composed.extend(services.iter().filter_map(|(name, service)| composed(file, name, service)));
    }
    let mut path = words(&file.path);
    if is_compose {
        path.pop();
    }
    walk(found, file, root, &mut path);
}

fn walk(found: &mut ProjectFindings, file: &ProjectFile, value: &Value, path: &mut Vec<String>) {
    match value {
        Value::Mapping(map) => {
            let is_database = path.last().is_some_and(|last| is_database_key(last));
            add(found, file, path, is_database.then(|| in_parts(value)).flatten());
            for (key, inner) in map {
                path.push(key.as_str().unwrap_or_default().to_owned());
                walk(found, file, inner, path);
                path.pop();
            }
        }
        Value::Sequence(all) => all.iter().for_each(|inner| walk(found, file, inner, path)),
        Value::String(text) => match text.split_once('=').filter(|(name, _)| !name.contains("://")) {
            // A variable in the list form of docker compose.
            Some((name, value)) => {
                path.push(name.to_owned());
                add(found, file, path, place(value));
                path.pop();
            }
            None => add(found, file, path, place(text)),
        },
        _ => {}
    }
}

fn is_database_key(key: &str) -> bool {
    matches!(key.to_ascii_lowercase().as_str(), "database" | "db" | "postgres" | "postgresql")
}

/// Reads `{ host: …, port: …, name: … }` as the equivalent URL.
fn in_parts(map: &Value) -> Option<DatabaseLocation> {
    let text = |keys: &[&str]| {
        let value = keys.iter().find_map(|key| map.get(*key))?;
        value.as_str().map(String::from).or_else(|| value.as_u64().map(|number| number.to_string()))
    };
    let (host, database) = (text(&["host", "hostname"])?, text(&["name", "database", "dbname", "db"])?);
    let port = text(&["port"]).unwrap_or_default();
    place(&format!("postgresql://{host}:{port}/{database}"))
}

fn add(found: &mut ProjectFindings, file: &ProjectFile, words: &[String], place: Option<DatabaseLocation>) {
    let service = named_by(words.iter().map(String::as_str));
    let is_settings = matches!(file.path.rsplit('.').next(), Some("yaml" | "yml"));
    found.databases.extend(place.map(|place| DiscoveredDatabase {
        whole: is_settings && service.is_none(),
        service,
        place,
        source: file.path.clone(),
        environment: environment_of(&file.path),
    }));
}

/// Returns `true` for a key that Compose accepts as the name of a service. The key becomes a host and part of a comment.
/// <https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json>: `^[a-zA-Z0-9._-]+$`.
fn is_compose_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn composed(file: &ProjectFile, name: &Value, service: &Value) -> Option<ComposeServer> {
    const IMAGES: &[&str] = &["postgres", "postgis", "pgvector", "timescale"];
    let image = service.get("image")?.as_str()?;
    if !IMAGES.iter().any(|known| image.contains(known)) {
        return None;
    }
    let environment = |wanted: &str| match service.get("environment")? {
        Value::Mapping(map) => map.get(wanted)?.as_str().map(String::from),
        Value::Sequence(all) => {
            let mut lines = all.iter().filter_map(|line| line.as_str()?.split_once('='));
            lines.find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
        }
        _ => None,
    };
    // As part of a URL, variables in it are replaced and it must be a plain name.
    let plain = |wanted: &str| {
        let found = place(&format!("postgresql://h/{}", environment(wanted)?))?.database;
        Some(found).filter(|text| !text.is_empty() && !text.contains('$'))
    };
    Some(ComposeServer {
        host: name.as_str().filter(|name| is_compose_name(name))?.to_owned(),
        port: service.get("ports").and_then(|ports| ports.as_sequence()?.iter().find_map(published)),
        user: plain("POSTGRES_USER"),
        database: plain("POSTGRES_DB"),
        source: file.path.clone(),
    })
}

/// Returns the published port of `5433:5432`, `127.0.0.1:5433:5432` or `{ target: 5432, published: 5433 }`.
fn published(port: &Value) -> Option<u16> {
    if let Some(text) = port.as_str() {
        let (outside, inside) = text.rsplit_once(':')?;
        let outside = outside.rsplit(':').next()?;
        return if inside == "5432" { place(&format!("postgresql://h:{outside}/x"))?.port } else { None };
    }
    let published = port.get("published")?;
    let number = published.as_u64().or_else(|| published.as_str()?.parse().ok())?;
    u16::try_from(number).ok()
}
